"""Put a trajectory in the place of another: a file that was loaded again, mended or complete."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max

from accounts.events import record
from accounts.models import User
from annotator.models import Assignment
from annotator.services.anchoring import Outcome, reanchor_drafts
from trajectories.models import Batch, BatchTrajectory, Grant, Trajectory


class CannotReplace(Exception):
    """The one trajectory cannot stand for the other; the message is a sentence."""


@transaction.atomic
def replace_trajectory(
    old: Trajectory, new: Trajectory, *, actor: User | None = None
) -> tuple[int, Outcome]:
    """Move all drafts of a trajectory to another one of its task, and re-anchor their citations.

    Returns how many drafts were moved. What was handed in stays with the trajectory that it was
    written on. Raises CannotReplace.
    """
    if old.pk == new.pk or old.task_id != new.task_id:
        raise CannotReplace(f"{new.pk} is not another trajectory of the task {old.task}.")
    drafts = (
        Assignment.objects.writable()
        .filter(membership__trajectory=old)
        .select_for_update(of=("self",))
        .select_related("membership__batch", "annotator")
    )
    moved = [_move(assignment, new) for assignment in drafts]
    outcome = reanchor_drafts(new)
    record(
        actor, "trajectory replaced", new, old=old.pk, drafts=len(moved), citations=vars(outcome)
    )
    return len(moved), outcome


def _move(assignment: Assignment, new: Trajectory) -> Assignment:
    old = assignment.membership
    membership = _membership(old.batch, new)
    held = membership.assignments.holding_slot()
    if held.filter(annotator=assignment.annotator).exists():
        raise CannotReplace(f"{assignment.annotator} already annotates the trajectory {new.pk}.")
    taken = set(held.values_list("slot", flat=True))
    if assignment.slot in taken:
        assignment.slot = max(taken) + 1
    assignment.membership = membership
    assignment.save(update_fields=["membership", "slot", "changed_at"])
    for grant in Grant.objects.filter(user=assignment.annotator, trajectory=old.trajectory_id):
        Grant.objects.update_or_create(
            user=assignment.annotator,
            trajectory=new,
            defaults={"sees_gold": grant.sees_gold, "sees_verdicts": grant.sees_verdicts},
        )
    return assignment


def _membership(batch: Batch, trajectory: Trajectory) -> BatchTrajectory:
    last = batch.memberships.aggregate(last=Max("position"))["last"] or 0
    return BatchTrajectory.objects.get_or_create(
        batch=batch, trajectory=trajectory, defaults={"position": last + 1}
    )[0]
