"""Hand out the trajectories of a batch."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from accounts.events import record
from accounts.models import User
from annotator.models import Annotation, Assignment, AssignmentState, BatchPolicy
from annotator.tasks import prepare_checks
from trajectories.models import Batch, BatchTrajectory, Grant, Trajectory
from trajectories.tasks import fetch_repository
from validation.models import Admission


class NothingToClaim(Exception):
    """No trajectory of the batch has a free slot for this person."""


def policy_of(batch: Batch) -> BatchPolicy:
    """Return the batch's policy, made with its defaults on first use."""
    return BatchPolicy.objects.get_or_create(batch=batch)[0]


def claimable(batch: Batch, user: User, overlap: int) -> QuerySet[BatchTrajectory]:
    """Return the memberships with a free slot that the person does not hold one of, in order.

    A task whose tests proved unable to tell a right patch is not handed out.
    """
    held = ~Q(assignments__state=AssignmentState.RELEASED)
    mine = Assignment.objects.holding_slot().filter(annotator=user)
    return (
        BatchTrajectory.objects.filter(batch=batch)
        .annotate(n_taken=Count("assignments", filter=held))
        .filter(n_taken__lt=overlap)
        .exclude(pk__in=mine.values("membership"))
        .exclude(trajectory__task__current_revision__in=Admission.objects.shut_revisions())
        .order_by("position")
    )


@transaction.atomic
def claim_next(user: User, batch: Batch) -> Assignment:
    """Give the person the first trajectory of the batch that is free; raise NothingToClaim.

    Two people who click at once each lock another row. Only when every free row is locked does
    the second wait for the first, since a locked last slot is not yet a taken one.
    """
    policy = policy_of(batch)
    for skip_locked in (True, False):
        membership = _lock_free(batch, user, policy.overlap, skip_locked=skip_locked)
        if membership is not None:
            return assign(user, membership)
    raise NothingToClaim(f"Every trajectory of {batch} is taken, or you already hold it.")


def _lock_free(
    batch: Batch, user: User, overlap: int, *, skip_locked: bool
) -> BatchTrajectory | None:
    """Lock the first free membership; what was free may be taken once the lock is held."""
    for candidate in claimable(batch, user, overlap).values_list("pk", flat=True):
        locked = (
            BatchTrajectory.objects.select_for_update(skip_locked=skip_locked, of=("self",))
            .filter(pk=candidate)
            .first()
        )
        if locked is not None and claimable(batch, user, overlap).filter(pk=candidate).exists():
            return locked
    return None


def assign(user: User, membership: BatchTrajectory) -> Assignment:
    """Give the person a free slot of a membership whose row is locked."""
    policy = policy_of(membership.batch)
    taken = set(membership.assignments.holding_slot().values_list("slot", flat=True))
    slot = next(number for number in range(1, policy.overlap + 1) if number not in taken)
    assignment = Assignment.objects.create(membership=membership, annotator=user, slot=slot)
    Annotation.objects.create(assignment=assignment)
    _grant(user, membership.trajectory, sees_all=not policy.blind_first)
    record(user, "assignment claimed", assignment, batch=membership.batch.slug, slot=slot)
    _fetch_if_missing(membership.trajectory)
    prepare_checks.delay_on_commit(membership.trajectory_id)  # type: ignore[attr-defined]
    return assignment


def _grant(user: User, trajectory: Trajectory, *, sees_all: bool) -> None:
    """Let the person see the evidence; what an earlier grant already showed stays shown."""
    grant, is_new = Grant.objects.get_or_create(
        user=user,
        trajectory=trajectory,
        defaults={"sees_gold": sees_all, "sees_verdicts": sees_all},
    )
    if not is_new and sees_all:
        Grant.objects.filter(pk=grant.pk).update(sees_gold=True, sees_verdicts=True)


def _fetch_if_missing(trajectory: Trajectory) -> None:
    repository = trajectory.task.repository
    if repository.fetched_at is None:
        fetch_repository.delay_on_commit(repository.pk)  # type: ignore[attr-defined]


@transaction.atomic
def release(user: User, assignment: Assignment) -> None:
    """Give the slot back; the person no longer sees the evidence unless they hold it elsewhere."""
    assignment.release(user)
    trajectory = assignment.membership.trajectory
    others = Assignment.objects.holding_slot().filter(
        annotator=assignment.annotator, membership__trajectory=trajectory
    )
    if not others.exists():
        Grant.objects.filter(user=assignment.annotator, trajectory=trajectory).delete()


def free_slots(batch: Batch, user: User) -> int:
    """Count the trajectories of the batch that the person could claim now."""
    return claimable(batch, user, policy_of(batch).overlap).count()
