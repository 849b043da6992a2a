"""Who may see and ask for what of runs: the one place that pages and fragments ask."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404

from accounts.models import User
from trajectories.access import get_trajectory, sight_of
from trajectories.models import Grant, Trajectory
from validation.models import Probe, Run, TreeName


def get_run(user: User, pk: int) -> Run:
    """Return the run with its task and without its log.

    Raises Http404 unless its outcome may be known.
    """
    visible = Run.objects.visible_to(user).select_related(
        "task_revision__task__repository", "trajectory", "recipe", "requested_by"
    )
    return get_object_or_404(visible.defer("log"), pk=pk)


def get_run_to_read(user: User, pk: int) -> Run:
    """Return a run whose log the user may read, or raise Http404."""
    run = get_run(user, pk)
    if not may_read_log(user, run):
        raise Http404("This log is shown together with the gold patch.")
    return run


def may_read_log(user: User, run: Run) -> bool:
    """Tell whether the log may be read: that of gold quotes lines of the gold patch."""
    if user.is_admin or run.tree != TreeName.GOLD:
        return True
    task = run.task_revision.task_id
    return Grant.objects.filter(user=user, sees_gold=True, trajectory__task=task).exists()


def get_trajectory_to_validate(user: User, pk: int) -> Trajectory:
    """Return a trajectory whose tests the user may run; 404 unseen, 403 without its verdicts."""
    trajectory = get_trajectory(user, pk)
    if not sight_of(user, trajectory).sees_verdicts:
        raise PermissionDenied("You may run the tests once you have committed your diagnosis.")
    return trajectory


def get_probe(user: User, uid: UUID) -> Probe:
    """Return the probe with its results, newest first, or raise Http404."""
    visible = Probe.objects.visible_to(user).select_related(
        "task_revision__task__repository", "trajectory__task"
    )
    return get_object_or_404(visible.with_results(), uid=uid)
