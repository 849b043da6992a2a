"""Time is counted once, never more than passed, and never lost for want of a connection."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from threading import Thread
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.models import Event, User
from annotator.intervals import Span, merged, without
from annotator.models import Assignment, AssignmentState, TimeEntry
from annotator.services.claiming import claim_next
from annotator.services.timekeeping import (
    BEAT_SECONDS,
    TimeUserError,
    beat,
    claim_time,
    correct_time,
    counted_seconds,
    decide_time,
)
from annotator.time_tickets import BadTicket, Ticket, read_ticket
from tests.factories import make_batch, make_trajectory
from trajectories.models import Batch

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NINE + timedelta(seconds=seconds)


def span(first: float, last: float) -> Span:
    return Span(at(first), at(last))


@pytest.fixture
def batch(db: None) -> Batch:
    return make_batch(make_trajectory(), make_trajectory())


@pytest.fixture
def assignment(annotator: User, batch: Batch) -> Assignment:
    return claimed_at_nine(claim_next(annotator, batch))


@pytest.fixture
def second(assignment: Assignment, annotator: User, batch: Batch) -> Assignment:
    return claimed_at_nine(claim_next(annotator, batch))


def claimed_at_nine(assignment: Assignment) -> Assignment:
    Assignment.objects.filter(pk=assignment.pk).update(claimed_at=NINE, changed_at=NINE)
    assignment.refresh_from_db()
    return assignment


def ticket(assignment: Assignment, opened: float = 0) -> Ticket:
    return Ticket(assignment.pk, assignment.annotator_id, "annotating", at(opened))


def work(assignment: Assignment, first: int, last: int, opened: float = 0) -> None:
    """Send what an open page does: a heartbeat every 15 seconds, of use without a pause."""
    beat(ticket(assignment, opened), [span(first, first)], at(first))
    for begin in range(first, last, BEAT_SECONDS):
        end = min(last, begin + BEAT_SECONDS)
        beat(ticket(assignment, opened), [span(begin, end)], at(end))


def counted(assignment: Assignment) -> int:
    return counted_seconds(assignment.pk, assignment.annotator_id, "annotating")


def kinds(assignment: Assignment) -> list[tuple[str, int]]:
    rows = TimeEntry.objects.filter(assignment=assignment)
    return [(row.kind, round(row.length.total_seconds())) for row in rows]


# --- measuring ----------------------------------------------------------------------------------


def test_use_is_counted_as_one_entry(assignment: Assignment) -> None:
    work(assignment, 0, 600)
    assert kinds(assignment) == [("measured", 600)]
    assert counted(assignment) == 600


def test_heartbeats_that_take_unlike_times_to_arrive_make_one_entry(
    assignment: Assignment,
) -> None:
    """What a browser calls 15 seconds ago is later by as long as its words were under way."""
    for number, delay in enumerate([0, 1.5, 0.2, 2.5, 0]):
        end = number * BEAT_SECONDS
        arrived = end + delay
        begin = max(0, arrived - BEAT_SECONDS)
        beat(ticket(assignment), [span(begin, arrived)], at(arrived))
    assert len(kinds(assignment)) == 1
    assert counted(assignment) <= 4 * BEAT_SECONDS + 2.5


def test_a_pause_within_the_limit_that_was_told_of_counts_as_reading(
    assignment: Assignment,
) -> None:
    work(assignment, 0, 60)
    for second in range(75, 240, BEAT_SECONDS):
        beat(ticket(assignment), [span(60, 60)], at(second))
    assert counted(assignment) == 60
    beat(ticket(assignment), [span(60, 245)], at(245))
    assert kinds(assignment) == [("measured", 245)]


def test_a_pause_that_the_browser_does_not_tell_of_does_not_count(assignment: Assignment) -> None:
    work(assignment, 0, 60)
    work(assignment, 1200, 1260)
    assert kinds(assignment) == [("measured", 60), ("measured", 60)]


def test_the_same_heartbeat_again_adds_nothing(assignment: Assignment) -> None:
    work(assignment, 0, 60)
    for second in range(60, 90):
        beat(ticket(assignment), [span(0, 60)], at(second))
    assert kinds(assignment) == [("measured", 60)]


def test_two_windows_of_one_assignment_count_once(assignment: Assignment) -> None:
    for second in range(15, 121, 15):
        for _ in "two":
            beat(ticket(assignment), [span(second - 15, second)], at(second))
    assert counted(assignment) == 120


def test_two_assignments_are_not_worked_on_at_once(
    assignment: Assignment, second: Assignment
) -> None:
    for end in range(15, 121, 15):
        for held in (assignment, second):
            beat(ticket(held), [span(end - 15, end)], at(end))
    assert counted(assignment) + counted(second) == 120


def test_an_entry_does_not_grow_over_a_moment_at_another_assignment(
    assignment: Assignment, second: Assignment
) -> None:
    """Two seconds between two stretches are joined only where nothing else was done in them."""
    work(assignment, 0, 30)
    beat(ticket(second), [span(30.5, 31.5)], at(31.5))
    beat(ticket(assignment), [span(32, 40)], at(40))
    assert counted(assignment) == 38
    assert counted(second) == 1


def test_nothing_is_counted_from_before_the_page_was_opened(assignment: Assignment) -> None:
    beat(ticket(assignment, opened=3600), [span(0, 3610)], at(3610))
    assert counted(assignment) == 10


def test_nothing_is_counted_from_what_is_to_come(assignment: Assignment) -> None:
    beat(ticket(assignment), [span(0, 3600)], at(10))
    assert counted(assignment) == 10


def test_what_could_not_be_sent_counts_once_it_is_and_is_told_apart(
    assignment: Assignment,
) -> None:
    work(assignment, 0, 60)
    beat(ticket(assignment), [span(60, 1800)], at(1800))
    assert kinds(assignment) == [("measured", 60), ("late", 1680), ("measured", 60)]
    assert counted(assignment) == 1800


def test_what_could_not_be_sent_before_handing_in_counts_but_nothing_after(
    assignment: Assignment,
) -> None:
    Assignment.objects.filter(pk=assignment.pk).update(
        state=AssignmentState.SUBMITTED, changed_at=at(300)
    )
    clock = beat(ticket(assignment), [span(100, 900)], at(900))
    assert (counted(assignment), clock.is_open) == (200, False)


def test_an_old_or_forged_ticket_is_refused(assignment: Assignment) -> None:
    text = ticket(assignment).sign()
    assert read_ticket(text, at(60)) == ticket(assignment)
    with pytest.raises(BadTicket):
        read_ticket(text, NINE + timedelta(days=8))
    with pytest.raises(BadTicket):
        read_ticket(text[:-1] + ("a" if text[-1] != "a" else "b"), at(60))


STRETCH = st.tuples(st.floats(-400, 400), st.floats(0, 900))
BEATS = st.lists(
    st.tuples(
        # Seconds since the last heartbeat, which assignment, and spans around the present.
        st.floats(0, 700),
        st.integers(0, 1),
        st.lists(STRETCH, max_size=3),
    ),
    max_size=12,
)


@hypothesis_settings(max_examples=60)
@given(beats=BEATS)
@pytest.mark.django_db
def test_whatever_is_sent_counts_no_more_than_has_passed(beats: list[Any]) -> None:
    with transaction.atomic():
        _send(beats)
        transaction.set_rollback(True)


def _send(beats: list[Any]) -> None:
    person = User.objects.create_user(username="hypothetical")
    batch = make_batch(make_trajectory(), make_trajectory())
    held = [claimed_at_nine(claim_next(person, batch)) for _ in "ab"]
    now, before = 0.0, 0
    for gap, which, stretches in beats:
        now += gap
        spans = [span(now + start, now + start + length) for start, length in stretches]
        beat(ticket(held[which]), spans, at(now))
        total = sum(counted(each) for each in held)
        assert before - 1 <= total <= now + 1
        before = total
    rows = list(TimeEntry.objects.filter(person=person).order_by("started_at", "ended_at"))
    for earlier, later in pairwise(rows):
        assert earlier.ended_at <= later.started_at
    assert all(row.started_at >= NINE and row.ended_at <= at(now) for row in rows)


@given(
    whole=st.tuples(st.integers(0, 50), st.integers(0, 50)),
    taken=st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9)), max_size=6),
)
def test_what_is_left_of_a_span_is_what_is_not_taken(
    whole: tuple[int, int], taken: list[tuple[int, int]]
) -> None:
    outer = span(min(whole), max(whole))
    others = [span(first, first + length) for first, length in taken]
    left = without(outer, others)
    covered = merged(
        [
            *left,
            *(
                Span(max(o.start, outer.start), min(o.end, outer.end))
                for o in others
                if o.start <= outer.end and o.end >= outer.start
            ),
        ]
    )
    assert covered == [outer]
    for piece in left:
        for other in others:
            assert piece.end <= other.start or piece.start >= other.end


@pytest.mark.django_db(transaction=True)
def test_two_processes_at_once_count_once(annotator: User) -> None:
    assignment = claimed_at_nine(claim_next(annotator, make_batch(make_trajectory())))
    run_at_once(lambda: beat(ticket(assignment), [span(0, 50)], at(50)))
    assert kinds(assignment) == [("measured", 50)]


def run_at_once(call: Callable[[], object]) -> None:
    def run() -> None:
        try:
            call()
        finally:
            connection.close()

    threads = [Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# --- claims and corrections ---------------------------------------------------------------------


def test_a_pause_can_be_claimed_and_counts_until_it_is_declined(
    assignment: Assignment, annotator: User, admin_user: User
) -> None:
    [claim] = claim_time(annotator, assignment, span(60, 660), "reading on paper", at(700))
    assert counted(assignment) == 600
    assert Event.objects.filter(verb="time claimed", actor=annotator).exists()
    decide_time(admin_user, claim, accepts=False, now=at(800))
    assert counted(assignment) == 0
    with pytest.raises(TimeUserError, match="decided already"):
        decide_time(admin_user, claim, accepts=True, now=at(900))


def test_of_a_claim_only_what_is_not_counted_yet_is_added(
    assignment: Assignment, second: Assignment, annotator: User
) -> None:
    work(assignment, 100, 200)
    work(second, 300, 400)
    claims = claim_time(annotator, assignment, span(0, 600), "on paper", at(700))
    assert [round(claim.length.total_seconds()) for claim in claims] == [100, 100, 200]
    assert counted(assignment) + counted(second) == 600
    with pytest.raises(TimeUserError, match="counted already"):
        claim_time(annotator, assignment, span(0, 600), "again", at(700))


@pytest.mark.parametrize(
    ("first", "last", "says"),
    [
        (700, 900, "yet to come"),
        (-900, -300, "before the trajectory was claimed"),
        (300, 200, "later than the beginning"),
        (-40_000, 13_000, "More than 12 hours"),
    ],
)
def test_what_cannot_be_true_is_not_claimed(
    assignment: Assignment, annotator: User, first: int, last: int, says: str
) -> None:
    with pytest.raises(TimeUserError, match=says):
        claim_time(annotator, assignment, span(first, last), "x", at(600))


def test_what_was_claimed_is_not_measured_again(assignment: Assignment, annotator: User) -> None:
    claim_time(annotator, assignment, span(0, 300), "x", at(300))
    beat(ticket(assignment), [span(0, 310)], at(310))
    assert counted(assignment) == 310


def test_a_correction_counts_in_place_of_the_entry_which_stays(
    assignment: Assignment, annotator: User
) -> None:
    work(assignment, 0, 600)
    entry = TimeEntry.objects.get()
    correct_time(annotator, entry, 240, "the phone rang", at(700))
    assert counted(assignment) == 240
    assert kinds(assignment) == [("measured", 600), ("correction", 240)]
    correct_time(annotator, entry, 300, "it was short", at(800))
    assert counted(assignment) == 300


def test_a_declined_correction_gives_way_to_what_stood_before(
    assignment: Assignment, annotator: User, admin_user: User
) -> None:
    work(assignment, 0, 600)
    entry = TimeEntry.objects.get()
    correct_time(annotator, entry, 300, "first", at(700))
    last = correct_time(annotator, entry, 0, "second", at(800))
    decide_time(admin_user, last, accepts=False, now=at(900))
    assert counted(assignment) == 300


def test_what_was_taken_off_does_not_come_back_with_a_late_heartbeat(
    assignment: Assignment, annotator: User
) -> None:
    work(assignment, 0, 600)
    correct_time(annotator, TimeEntry.objects.get(), 0, "forgot to stop", at(610))
    beat(ticket(assignment), [span(0, 615)], at(615))
    assert counted(assignment) == 15


def test_a_correction_cannot_lengthen_an_entry(assignment: Assignment, annotator: User) -> None:
    work(assignment, 0, 600)
    with pytest.raises(TimeUserError, match="longer than the entry"):
        correct_time(annotator, TimeEntry.objects.get(), 601, "more", at(700))


@pytest.mark.parametrize(
    "change",
    [
        {"ended_at": NINE},
        {"started_at": NINE - timedelta(hours=1)},
        {"kind": "late"},
        {"reason": "other"},
    ],
)
def test_the_database_keeps_what_was_measured(
    assignment: Assignment, change: dict[str, Any]
) -> None:
    work(assignment, 0, 60)
    with pytest.raises(DatabaseError), transaction.atomic():
        TimeEntry.objects.update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        TimeEntry.objects.all()._raw_delete("default")
    assert counted(assignment) == 60
