"""Heartbeats, the page of a person's time, and what an admin sees of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Event, User
from annotator.models import Assignment, AssignmentState, BatchPolicy, TimeEntry
from annotator.services.claiming import claim_next, policy_of
from annotator.services.timekeeping import counted_seconds
from annotator.time_tickets import Ticket
from tests.factories import make_batch, make_trajectory
from tests.html import Page, page_of
from tests.reviews.factories import submit
from tests.world import add_time
from trajectories.models import Batch

pytestmark = pytest.mark.clock


@pytest.fixture(autouse=True)
def claimed_long_ago(assignment: Assignment) -> None:
    long_ago(assignment)


def long_ago(assignment: Assignment) -> None:
    past = timezone.now() - timedelta(days=30)
    Assignment.objects.filter(pk=assignment.pk).update(claimed_at=past, changed_at=past)


def url(name: str, assignment: Assignment) -> str:
    return reverse(f"annotator:{name}", args=[assignment.pk])


def ticket(assignment: Assignment, person: User | None = None, minutes_ago: int = 60) -> str:
    person_id = assignment.annotator_id if person is None else person.pk
    activity = "annotating" if person is None else "reviewing"
    opened = timezone.now() - timedelta(minutes=minutes_ago)
    return Ticket(assignment.pk, person_id, activity, opened).sign()


def counted(assignment: Assignment) -> int:
    return counted_seconds(assignment.pk, assignment.annotator_id, "annotating")


def post(client: Client, address: str, **data: Any) -> Any:
    return client.post(address, data, headers={"Accept": "application/json"})


# --- heartbeats -----------------------------------------------------------------------------------


def test_a_heartbeat_counts_and_answers_the_total(
    annotator_client: Client, assignment: Assignment
) -> None:
    answer = post(
        annotator_client, url("beat", assignment), ticket=ticket(assignment), spans="[[45, 5]]"
    )
    assert answer.json() == {"seconds": 40, "is_open": True}


@pytest.mark.parametrize(
    "spans",
    [
        "[[1e400, 0]]",
        "[[NaN, 0]]",
        "[" * 5000,
        "[[1]]",
        '["ab"]',
        "[[true, false]]",
        "{}",
        "[[9" + "9" * 3000 + ", 0]]",
        "[[5, -10]]",
        json.dumps([[1, 0]] * 501),
    ],
)
def test_whatever_a_heartbeat_says_is_refused_or_bounded(
    annotator_client: Client, assignment: Assignment, spans: str
) -> None:
    answer = post(
        annotator_client, url("beat", assignment), ticket=ticket(assignment, None, 1), spans=spans
    )
    assert answer.status_code in {200, 409}
    assert counted(assignment) <= 61


def test_the_clock_of_somebody_else_is_not_moved(
    other_annotator_client: Client, assignment: Assignment
) -> None:
    signed = ticket(assignment)
    answer = post(other_annotator_client, url("beat", assignment), ticket=signed, spans="[[30,0]]")
    assert answer.status_code == 403
    assert counted(assignment) == 0


def test_a_ticket_is_good_for_its_assignment_alone(
    annotator_client: Client, annotator: User, assignment: Assignment
) -> None:
    other = claim_next(annotator, make_batch(make_trajectory()))
    answer = post(annotator_client, url("beat", other), ticket=ticket(assignment), spans="[[30,0]]")
    assert answer.status_code == 404


def test_a_heartbeat_takes_few_queries(annotator_client: Client, assignment: Assignment) -> None:
    def beat() -> None:
        signed = ticket(assignment)
        post(annotator_client, url("beat", assignment), ticket=signed, spans="[[15,0]]")

    beat()
    for hours_ago in range(2, 12):
        add_time(assignment, hours_ago)
    # Two of them ask who it is, and two are the transaction's.
    assert queries_of(beat) <= 10


def queries_of(call: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        call()
    return len(captured)


# --- the clock on pages ---------------------------------------------------------------------------


def test_the_workspace_shows_and_measures_its_annotators_time(
    annotator_client: Client, assignment: Assignment
) -> None:
    policy = policy_of(assignment.membership.batch)
    BatchPolicy.objects.filter(pk=policy.pk).update(idle_minutes=7)
    add_time(assignment)
    page = page_of(annotator_client.get(url("workspace", assignment)))
    [clock] = page.select("[data-clock]")
    assert clock.get("href") == url("time", assignment)
    assert clock.get("data-idle-seconds") == "420"
    assert clock.text_content().strip() == "23 min active"
    assert page.select("[data-clock-question]")


def test_a_reader_sees_the_annotators_time_and_is_not_measured(
    admin_client: Client, assignment: Assignment
) -> None:
    add_time(assignment)
    page = page_of(admin_client.get(url("workspace", assignment)))
    assert page.text(".clock").strip() == "23 min active"
    assert not page.select("[data-clock], [data-clock-question]")


def test_what_is_handed_in_is_no_longer_measured(
    annotator_client: Client, assignment: Assignment
) -> None:
    Assignment.objects.filter(pk=assignment.pk).update(state=AssignmentState.SUBMITTED)
    page = page_of(annotator_client.get(url("workspace", assignment)))
    assert page.select(".clock")
    assert not page.select("[data-clock], [data-clock-question]")


def test_reviewing_is_measured_apart(
    reviewer_client: Client, reviewer: User, assignment: Assignment
) -> None:
    submission = submit(assignment)
    page = page_of(reviewer_client.get(reverse("reviews:submission", args=[submission.pk])))
    [clock] = page.select("[data-clock]")
    answer = post(
        reviewer_client, clock.get("data-url"), ticket=ticket(assignment, reviewer), spans="[[9,0]]"
    )
    assert answer.json() == {"seconds": 9, "is_open": True}
    assert counted(assignment) == 0
    page = page_of(reviewer_client.get(url("time", assignment)))
    assert page.text(".time-total dd") == "<1 min"


# --- the page of entries --------------------------------------------------------------------------


DAY = timezone.now().astimezone(UTC).date() - timedelta(days=3)


def day_at(hour: int, minute: int) -> datetime:
    return datetime(DAY.year, DAY.month, DAY.day, hour, minute, tzinfo=UTC)


def measured(assignment: Assignment, start: datetime, end: datetime) -> TimeEntry:
    return TimeEntry.objects.create(
        assignment=assignment,
        person=assignment.annotator,
        activity="annotating",
        kind="measured",
        started_at=start,
        ended_at=end,
    )


@pytest.fixture
def entry(assignment: Assignment) -> TimeEntry:
    Assignment.objects.filter(pk=assignment.pk).update(claimed_at=day_at(0, 0))
    measured(assignment, day_at(23, 0), day_at(23, 20))
    return measured(assignment, day_at(23, 31), day_at(23, 50))


def test_who_runs_no_scripts_is_told_to_enter_time(
    annotator_client: Client, assignment: Assignment
) -> None:
    page = page_of(annotator_client.get(url("time", assignment)))
    assert "no time is measured" in page.text("noscript")


def rows_of(page: Any) -> list[str]:
    return [" ".join(row.text_content().split()) for row in page.select(".time-day tbody tr")]


def test_entries_and_the_pauses_between_them_are_listed(
    annotator_client: Client, assignment: Assignment, entry: TimeEntry
) -> None:
    page = page_of(annotator_client.get(url("time", assignment)))
    first, pause, second = rows_of(page)
    assert first.startswith("23:00–23:20 20 min measured")
    assert pause.startswith("23:20–23:31 – 11 min not counted Claim")
    assert second.startswith("23:31–23:50 19 min measured")


def test_times_are_in_the_zone_of_the_browser(
    annotator_client: Client, assignment: Assignment, entry: TimeEntry
) -> None:
    annotator_client.cookies["zone"] = "Asia/Tokyo"
    page = page_of(annotator_client.get(url("time", assignment)))
    assert rows_of(page)[0].startswith("08:00–08:20")
    assert str(DAY + timedelta(days=1)) in page.text(".time-day caption")
    assert page.text(".page-head .chip") == "Times in Asia/Tokyo"


@pytest.mark.parametrize("zone", ["../../etc/passwd", "", "Mars/Olympus", "a\0b", "/", "Europe"])
def test_a_zone_that_is_none_is_utc(
    annotator_client: Client, assignment: Assignment, zone: str
) -> None:
    annotator_client.cookies["zone"] = zone
    page = page_of(annotator_client.get(url("time", assignment)))
    assert page.text(".page-head .chip") == "Times in UTC"


def test_a_pause_is_claimed_with_a_reason(
    annotator_client: Client, annotator: User, assignment: Assignment, entry: TimeEntry
) -> None:
    page = page_of(annotator_client.get(url("time", assignment)))
    [form] = page.select(".time-gap form")
    values = {
        field.get("name"): field.get("value") for field in form.cssselect("input[type=hidden]")
    }
    response = annotator_client.post(
        form.get("action"), {**values, "reason": "Read on paper"}, follow=True
    )
    assert "11 min counted as claimed." in response.content.decode()
    assert counted(assignment) == 50 * 60
    event = Event.objects.get(verb="time claimed")
    assert (event.actor, event.data["reason"]) == (annotator, "Read on paper")


@pytest.mark.parametrize(
    "data",
    [
        {"seconds_ago": 600},
        {"seconds_ago": 600, "reason": "  "},
        {"reason": "x"},
        {"seconds_ago": "nan", "reason": "x"},
        {"seconds_ago": 600, "reason": "x" * 501},
        {"started_at": "0001-01-01 00:00", "ended_at": "9999-12-31 23:59", "reason": "x"},
        {"started_at": "soon", "ended_at": "later", "reason": "x"},
    ],
)
def test_a_claim_that_says_too_little_is_refused_with_a_sentence(
    annotator_client: Client, assignment: Assignment, data: dict[str, Any]
) -> None:
    answer = post(annotator_client, url("time-claim", assignment), **data)
    assert answer.status_code == 422
    assert answer.content
    assert counted(assignment) == 0


def test_the_question_is_answered_with_what_passed_since(
    annotator_client: Client, assignment: Assignment
) -> None:
    answer = post(
        annotator_client, url("time-claim", assignment), seconds_ago=600, reason="Reading"
    )
    assert answer.json() == {"done": "10 min counted as claimed."}
    assert TimeEntry.objects.get().reason == "Reading"


def test_time_is_entered_by_hand_in_the_zone_of_the_page(
    annotator_client: Client, assignment: Assignment, entry: TimeEntry
) -> None:
    annotator_client.cookies["zone"] = "Africa/Lagos"
    response = annotator_client.post(
        url("time-add", assignment),
        {"day": str(DAY), "first": "23:00", "last": "00:10", "reason": "At the library"},
        follow=True,
    )
    assert "1 h 0 min counted as claimed. The rest was counted already." in (
        response.content.decode()
    )
    claimed = TimeEntry.objects.get(kind="claimed")
    assert (claimed.started_at, claimed.ended_at) == (day_at(22, 0), day_at(23, 0))


def test_a_form_that_cannot_be_taken_says_why_and_keeps_what_was_typed(
    annotator_client: Client, assignment: Assignment
) -> None:
    response = annotator_client.post(
        url("time-add", assignment),
        {"day": "2099-01-01", "first": "10:00", "last": "11:00", "reason": "Later"},
    )
    assert response.status_code == 422
    page = Page.of_text(response.content.decode())
    assert "yet to come" in page.text(".notice--bad")
    assert page.select("[name=reason][value=Later]")


def test_an_entry_is_corrected_and_both_are_shown(
    annotator_client: Client, assignment: Assignment, entry: TimeEntry
) -> None:
    annotator_client.post(
        reverse("annotator:time-correct", args=[entry.pk]), {"minutes": 5, "reason": "Lunch"}
    )
    assert counted(assignment) == 25 * 60
    page = page_of(annotator_client.get(url("time", assignment)))
    row = rows_of(page)[-1]
    assert row.startswith("23:31–23:50 was 19 min 5 min measured corrected to 5 min: Lunch")
    assert "not looked at yet" in row


@pytest.mark.parametrize("minutes", ["-1", "20", "x", "", "1e9", "NaN"])
def test_a_correction_out_of_bounds_changes_nothing(
    annotator_client: Client, assignment: Assignment, entry: TimeEntry, minutes: str
) -> None:
    response = annotator_client.post(
        reverse("annotator:time-correct", args=[entry.pk]),
        {"minutes": minutes, "reason": "x"},
        follow=True,
    )
    assert page_of(response).select(".notice--error")
    assert counted(assignment) == 39 * 60


def test_an_annotator_never_sees_the_time_of_another(
    other_annotator_client: Client, assignment: Assignment, entry: TimeEntry
) -> None:
    assert other_annotator_client.get(url("time", assignment)).status_code == 404
    correct = reverse("annotator:time-correct", args=[entry.pk])
    assert other_annotator_client.post(correct, {"minutes": 0}).status_code == 404


def test_a_reviewer_sees_their_own_time_alone(
    reviewer_client: Client, assignment: Assignment, entry: TimeEntry
) -> None:
    submit(assignment)
    page = page_of(reviewer_client.get(url("time", assignment)))
    assert rows_of(page) == []
    assert page.text(".time-total dd") == "0 min"


def test_everybody_sees_their_own_weeks_with_every_assignment(
    annotator_client: Client, other_annotator_client: Client, annotator: User, entry: TimeEntry
) -> None:
    other = claim_next(annotator, make_batch(make_trajectory()))
    start = timezone.now() - timedelta(days=14)
    measured(other, start, start + timedelta(minutes=90))
    page = page_of(annotator_client.get(reverse("annotator:my-time")))
    totals = [text.split(" ", 3)[-1].strip() for text in page.texts(".time-day caption")]
    assert sum("1 h 30 min" in total or "39 min" in total for total in totals) == len(totals)
    links = {link.get("href") for link in page.select(".time-day a")}
    assert links == {url("time", other), url("time", entry.assignment)}
    page = page_of(other_annotator_client.get(reverse("annotator:my-time")))
    assert not page.select(".time-day")


def test_weeks_take_one_query_whatever_there_is(
    annotator_client: Client, assignment: Assignment
) -> None:
    def get() -> None:
        annotator_client.get(reverse("annotator:my-time"))

    add_time(assignment, 1)
    before = queries_of(get)
    for hours_ago in range(2, 60):
        add_time(assignment, hours_ago)
    assert queries_of(get) == before


# --- for admins -----------------------------------------------------------------------------------


def test_a_lead_declines_what_then_no_longer_counts(
    admin_client: Client, admin_user: User, assignment: Assignment
) -> None:
    claim = add_time(assignment)
    page = page_of(admin_client.get(url("time", assignment)))
    assert [b.text_content() for b in page.select(".time-said button")] == ["Accept", "Decline"]
    admin_client.post(reverse("annotator:time-decide", args=[claim.pk]), {"accepts": "0"})
    assert counted(assignment) == 12 * 60
    event = Event.objects.get(verb="time declined")
    assert event.actor == admin_user
    page = page_of(admin_client.get(url("time", assignment)))
    assert "declined by ada" in rows_of(page)[-1]


def test_nobody_decides_on_their_own_time(admin_client: Client, admin_user: User) -> None:
    own = claim_next(admin_user, make_batch(make_trajectory()))
    claim = add_time(own)
    decide = reverse("annotator:time-decide", args=[claim.pk])
    assert admin_client.post(decide, {"accepts": "1"}).status_code == 403


def test_the_batch_adds_up_time_by_person_and_task(
    admin_client: Client, assignment: Assignment, batch: Batch
) -> None:
    claim = add_time(assignment)
    page = page_of(admin_client.get(reverse("annotator:batch", args=[batch.slug])))
    [row] = page.select(".batch-time tbody tr")
    cells = [" ".join(cell.text_content().split()) for cell in row.cssselect("td")]
    assert cells == ["nils 1 to look at", "1", "12 min", "0 min", "11 min", "0 min", "23 min"]
    [waiting] = page.select(".batch-time-waiting li")
    assert claim.reason in waiting.text_content()
    assert assignment.membership.trajectory.task.instance_id in page.text("details .table")


def test_the_idle_limit_is_part_of_the_policy(admin_client: Client, batch: Batch) -> None:
    policy = reverse("annotator:policy", args=[batch.slug])
    admin_client.post(policy, {"overlap": 1, "idle_minutes": 8})
    assert policy_of(batch).idle_minutes == 8
    assert admin_client.post(policy, {"overlap": 1, "idle_minutes": 0}).status_code == 422
