"""Who may see what of a trajectory: the one place that pages, fragments and files ask."""

from __future__ import annotations

from dataclasses import dataclass

from django.shortcuts import get_object_or_404

from accounts.models import User
from trajectories.models import Grant, Task, Trajectory


@dataclass(frozen=True)
class Sight:
    """What of a visible trajectory's evidence a person sees.

    `sees_gold` covers the gold patch, its tree and hints_text (it often tells the fix);
    `sees_verdicts` covers the outcomes of runs.
    """

    sees_gold: bool
    sees_verdicts: bool


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


def sight_of(user: User, trajectory: Trajectory) -> Sight:
    """Return what `user` sees of a trajectory that is visible to them (one query)."""
    if user.is_admin:
        return Sight(sees_gold=True, sees_verdicts=True)
    grant = Grant.objects.filter(user=user, trajectory=trajectory).first()
    if grant is None:
        return Sight(sees_gold=False, sees_verdicts=False)
    return Sight(sees_gold=grant.sees_gold, sees_verdicts=grant.sees_verdicts)
