from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Event as LoggedEvent
from accounts.models import User
from annotator.models import Assignment, AssignmentState
from annotator.models.assignment import WrongState
from annotator.services.claiming import NothingToClaim, claim_next, free_slots, policy_of, release
from annotator.services.editing import add_step, commit_diagnosis
from tests.conftest import make_user
from tests.factories import make_batch, make_trajectory
from trajectories.access import Sight, sight_of
from trajectories.models import Batch, BatchTrajectory, Repository


def set_policy(batch: Batch, **fields: object) -> None:
    policy = policy_of(batch)
    for name, value in fields.items():
        setattr(policy, name, value)
    policy.save()


def test_the_first_free_trajectory_is_given_in_order(
    annotator: User, other_annotator: User
) -> None:
    first, second = make_trajectory(), make_trajectory()
    batch = make_batch(first, second)
    assert claim_next(annotator, batch).membership.trajectory == first
    assert claim_next(other_annotator, batch).membership.trajectory == second


def test_claiming_opens_the_evidence_and_is_recorded(annotator: User, batch: Batch) -> None:
    assignment = claim_next(annotator, batch)
    assert assignment.annotation.edit_count == 0
    assert sight_of(annotator, assignment.membership.trajectory) == Sight(True, True)
    event = LoggedEvent.objects.get(verb="assignment claimed")
    assert (event.actor, event.object_id) == (annotator, str(assignment.pk))


def test_blind_first_hides_gold_and_verdicts_until_the_diagnosis(
    annotator: User, batch: Batch
) -> None:
    set_policy(batch, blind_first=True)
    assignment = claim_next(annotator, batch)
    trajectory = assignment.membership.trajectory
    assert sight_of(annotator, trajectory) == Sight(False, False)
    commit_diagnosis(annotator, assignment.annotation, "The sign is wrong.")
    assert sight_of(annotator, trajectory) == Sight(True, True)


def test_nobody_gets_a_trajectory_twice(annotator: User, batch: Batch) -> None:
    set_policy(batch, overlap=2)
    claim_next(annotator, batch)
    assert free_slots(batch, annotator) == 0
    with pytest.raises(NothingToClaim, match="already hold it"):
        claim_next(annotator, batch)


def test_overlap_gives_each_annotator_a_slot_of_their_own(
    annotator: User, other_annotator: User, batch: Batch
) -> None:
    set_policy(batch, overlap=2)
    slots = [claim_next(person, batch).slot for person in (annotator, other_annotator)]
    assert slots == [1, 2]


def test_release_frees_the_slot_and_hides_the_evidence(
    annotator: User, other_annotator: User, batch: Batch
) -> None:
    assignment = claim_next(annotator, batch)
    release(annotator, assignment)
    trajectory = assignment.membership.trajectory
    assert sight_of(annotator, trajectory) == Sight(False, False)
    assert claim_next(other_annotator, batch).slot == 1


def test_a_released_trajectory_can_be_claimed_again(annotator: User, batch: Batch) -> None:
    first = claim_next(annotator, batch)
    release(annotator, first)
    assert claim_next(annotator, batch).pk != first.pk


def test_what_is_handed_in_cannot_be_released(annotator: User, batch: Batch) -> None:
    assignment = claim_next(annotator, batch)
    assignment.submit(annotator)
    with pytest.raises(WrongState, match="submitted"):
        release(annotator, assignment)


def test_writing_ends_with_the_release(annotator: User, assignment: Assignment) -> None:
    release(annotator, assignment)
    with pytest.raises(Exception, match="released"):
        add_step(annotator, assignment.annotation, "observation")


# --- two people at once -------------------------------------------------------------------------


def in_thread(job: Callable[[], object]) -> object:
    """Run a job on a connection of its own, which is closed after."""
    try:
        return job()
    finally:
        connection.close()


def crowd(size: int, n_trajectories: int) -> tuple[Batch, list[User]]:
    batch = make_batch(*(make_trajectory() for _ in range(n_trajectories)))
    Repository.objects.update(fetched_at=timezone.now())
    policy_of(batch)
    return batch, [make_user(f"person-{number}", "annotator") for number in range(size)]


def claim_at_once(batch: Batch, people: list[User]) -> list[Assignment | None]:
    start = Barrier(len(people))

    def claim(person: User) -> Assignment | None:
        start.wait()
        try:
            return claim_next(person, batch)
        except NothingToClaim:
            return None

    with ThreadPoolExecutor(len(people)) as pool:
        jobs = [pool.submit(in_thread, lambda person=person: claim(person)) for person in people]
        return [job.result() for job in jobs]  # type: ignore[misc]


@pytest.mark.django_db(transaction=True)
def test_people_who_click_at_once_get_different_trajectories() -> None:
    batch, people = crowd(size=6, n_trajectories=6)
    claimed = claim_at_once(batch, people)
    assert len({found.membership_id for found in claimed if found}) == 6


@pytest.mark.django_db(transaction=True)
def test_only_as_many_get_one_as_there_are_slots() -> None:
    batch, people = crowd(size=6, n_trajectories=2)
    claimed = claim_at_once(batch, people)
    assert sum(found is not None for found in claimed) == 2
    assert Assignment.objects.filter(state=AssignmentState.ACTIVE).count() == 2


@pytest.mark.django_db(transaction=True)
def test_one_person_clicking_twice_at_once_holds_each_trajectory_once() -> None:
    batch, [person] = crowd(size=1, n_trajectories=1)
    set_policy(batch, overlap=3)
    claimed = claim_at_once(batch, [person, person, person])
    assert sum(found is not None for found in claimed) == 1


@pytest.mark.django_db(transaction=True)
def test_a_last_slot_that_is_only_locked_is_waited_for() -> None:
    batch, [person] = crowd(size=1, n_trajectories=1)
    is_locked, may_unlock = Event(), Event()

    def hold() -> None:
        with transaction.atomic():
            list(BatchTrajectory.objects.select_for_update().filter(batch=batch))
            is_locked.set()
            may_unlock.wait(30)

    with ThreadPoolExecutor(2) as pool:
        holder = pool.submit(in_thread, hold)
        assert is_locked.wait(30)
        claiming = pool.submit(in_thread, lambda: claim_next(person, batch))
        may_unlock.set()
        assert isinstance(claiming.result(30), Assignment)
        holder.result(30)
