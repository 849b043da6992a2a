"""Validate tasks in bulk: choose the runs, wait for them, report them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from accounts.models import User
from trajectories.models import Batch, Task, Trajectory
from validation.broker import alive_workers
from validation.models import Run, RunPriority, RunState, TestGroup, TreeName
from validation.services.execution import execute_run
from validation.services.requests import RunRefused, request_run
from validation.services.sweeping import sweep, unfinished_work

POLL_SECONDS = 0.3


@dataclass(frozen=True)
class Wish:
    """One run to ask for."""

    task: Task
    tree: TreeName
    trajectory: Trajectory | None = None


@dataclass(frozen=True)
class Refusal:
    """A run that could not be asked for, and why."""

    instance_id: str
    tree: str
    trajectory: int | None
    reason: str


@dataclass
class Validation:
    """The runs that were asked for, and those that could not be."""

    run_ids: list[int] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


def wishes_for_batch(batch: Batch, trees: Sequence[TreeName]) -> list[Wish]:
    """Choose base and gold of every task, and every trajectory, in the batch's order."""
    tasks = Task.objects.filter(batch_memberships__batch=batch).order_by(
        "batch_memberships__position"
    )
    trajectories = Trajectory.objects.filter(batch_memberships__batch=batch)
    return _wishes(tasks, trees, lambda task: trajectories.filter(task=task).order_by("pk"))


def wishes_for_tasks(
    tasks: Iterable[Task], trees: Sequence[TreeName], trajectory: Trajectory | None = None
) -> list[Wish]:
    """Choose base and gold of every task, and its trajectories or the one that is given."""

    def chosen(task: Task) -> Iterable[Trajectory]:
        if trajectory is not None:
            return [trajectory] if trajectory.task_id == task.pk else []
        return task.trajectories.order_by("pk")

    return _wishes(tasks, trees, chosen)


def _wishes(
    tasks: Iterable[Task],
    trees: Sequence[TreeName],
    trajectories: Callable[[Task], Iterable[Trajectory]],
) -> list[Wish]:
    found: list[Wish] = []
    for task in tasks:
        found += [Wish(task, tree) for tree in trees if tree != TreeName.MODEL]
        if TreeName.MODEL in trees:
            found += [Wish(task, TreeName.MODEL, one) for one in trajectories(task)]
    return found


def request_all(
    wishes: Iterable[Wish],
    *,
    user: User | None = None,
    priority: RunPriority = RunPriority.BULK,
) -> Validation:
    """Ask for every run; a refusal stops none of the others."""
    validation = Validation()
    for wish in wishes:
        revision = wish.task.current_revision
        pk = wish.trajectory.pk if wish.trajectory else None
        try:
            if revision is None:
                raise RunRefused(f"{wish.task} has no content: load its row (load_tasks).")
            run = request_run(
                revision, wish.tree, trajectory=wish.trajectory, priority=priority, user=user
            )
            validation.run_ids.append(run.pk)
        except RunRefused as refused:
            name = wish.task.instance_id
            validation.refused.append(Refusal(name, wish.tree, pk, str(refused)))
    return validation


def wait_for(
    run_ids: list[int],
    *,
    timeout_seconds: float | None = None,
    on_finished: Callable[[Run], None] = lambda run: None,
) -> bool:
    """Wait until all runs are finished; execute them here while no worker is alive.

    Return false when the time was over first.
    """
    deadline = time.monotonic() + timeout_seconds if timeout_seconds is not None else None
    waiting = set(run_ids)
    while True:
        finished = Run.objects.filter(pk__in=waiting, state=RunState.FINISHED)
        for run in finished.select_related("task_revision__task", "trajectory").order_by("pk"):
            waiting.discard(run.pk)
            on_finished(run)
        if not waiting:
            return True
        if deadline is not None and time.monotonic() > deadline:
            return False
        if not _execute_one(sorted(waiting)):
            time.sleep(POLL_SECONDS)


def _execute_one(run_ids: list[int]) -> bool:
    """Execute the next run in this process, if nobody else will."""
    if alive_workers():
        return False
    ready = unfinished_work(run_ids)
    if ready:
        execute_run(ready[0])
    else:
        sweep()
    return bool(ready)


def report(validation: Validation) -> dict[str, Any]:
    """Describe all runs, with the status of every test the tasks name."""
    runs = (
        Run.objects.filter(pk__in=validation.run_ids)
        .select_related("task_revision__task", "trajectory")
        .order_by("pk")
    )
    refused = [vars(refusal) for refusal in validation.refused]
    return {"runs": [describe(run) for run in runs], "refused": refused}


def describe(run: Run) -> dict[str, Any]:
    """Describe one run as reports and exports show it."""
    named = run.tests.exclude(group=TestGroup.OTHER).values_list("test_id", "status")
    return {
        "run": run.pk,
        "instance_id": run.task_revision.task.instance_id,
        "tree": run.tree,
        "trajectory": run.trajectory_id,
        "trajectory_file": run.trajectory.file_name if run.trajectory else None,
        "state": run.state,
        "outcome": run.outcome or None,
        "resolved": run.outcome == "resolved",
        "reason": run.reason,
        "is_suspect": run.is_suspect,
        "suspect_reasons": run.suspect_reasons,
        "tests": dict(named),
    }
