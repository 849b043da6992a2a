"""Who may see what of a trajectory: the one place that pages, fragments and files ask."""

from __future__ import annotations

from dataclasses import dataclass

from django.shortcuts import get_object_or_404

from accounts.models import User
from trajectories.code import other_of
from trajectories.models import Grant, Task, Trajectory


@dataclass(frozen=True)
class Sight:
    """What of a visible trajectory's evidence a person sees.

    `sees_gold` covers the gold patch, its tree and hints_text (it often tells the fix);
    `sees_verdicts` covers the outcomes of runs; `beside` is another attempt at the same task that
    was asked for and may be seen too.
    """

    sees_gold: bool
    sees_verdicts: bool
    beside: int | None = None


def get_trajectory(user: User, pk: int) -> Trajectory:
    """Return the trajectory with its task, revision and repository, or raise Http404."""
    visible = Trajectory.objects.visible_to(user).select_related(
        "task__repository", "task_revision"
    )
    return get_object_or_404(visible, pk=pk)


def get_task(user: User, instance_id: str) -> Task:
    """Return the task with its repository and current revision, or raise Http404."""
    visible = Task.objects.visible_to(user).select_related("repository", "current_revision")
    return get_object_or_404(visible, instance_id=instance_id)


def sight_of(user: User, trajectory: Trajectory, which: str = "") -> Sight:
    """Return what `user` sees of a trajectory that is visible to them (one query).

    `which` is the diff that is asked for: it may lead to another trajectory's code (a query more).
    """
    seen = _attempt_beside(user, trajectory, other_of(which))
    if user.is_admin:
        return Sight(sees_gold=True, sees_verdicts=True, beside=seen)
    grant = Grant.objects.filter(user=user, trajectory=trajectory).first()
    if grant is None:
        return Sight(sees_gold=False, sees_verdicts=False, beside=seen)
    return Sight(sees_gold=grant.sees_gold, sees_verdicts=grant.sees_verdicts, beside=seen)


def _attempt_beside(user: User, trajectory: Trajectory, pk: int | None) -> int | None:
    if pk is None:
        return None
    seen = Trajectory.objects.visible_to(user).filter(pk=pk, task=trajectory.task_id)
    return pk if seen.exists() else None
