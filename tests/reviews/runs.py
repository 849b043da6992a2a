"""Make finished runs of a trajectory's task."""

from __future__ import annotations

from django.utils import timezone

from trajectories.models import Trajectory
from validation.models import Recipe, Run, RunTest, TreeName


def make_run(
    trajectory: Trajectory,
    tree: str,
    fail_to_pass: dict[str, str] | None = None,
    outcome: str = "",
) -> Run:
    """Make a finished run with these statuses; its outcome follows from them by default."""
    statuses = fail_to_pass or {}
    resolved = bool(statuses) and set(statuses.values()) == {"PASSED"}
    recipe, _ = Recipe.objects.get_or_create(digest="cd" * 32)
    run = Run.objects.create(
        task_revision=trajectory.task_revision,
        trajectory=trajectory if tree == TreeName.MODEL else None,
        tree=tree,
        recipe=recipe,
        state="finished",
        outcome=outcome or ("resolved" if resolved else "not_resolved"),
        finished_at=timezone.now(),
    )
    RunTest.objects.bulk_create(
        RunTest(run=run, test_id=test_id, group="fail_to_pass", status=status)
        for test_id, status in statuses.items()
    )
    return run
