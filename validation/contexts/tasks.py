"""A task: its issue, trajectories, recipe and runs."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import User
from trajectories.models import Task, TaskRevision, Trajectory
from validation.contexts.admission import AdmissionContext, admission_context
from validation.contexts.runs import RunLine, run_lines
from validation.models import Recipe, Run
from validation.recipes import RecipeError
from validation.services.recipes import recipe_for
from validation.services.requests import refusal_of


@dataclass(frozen=True)
class TaskContext:
    """What `user` sees of a task; neither `runs` nor `admission` where they may know no outcome."""

    task: Task
    revision: TaskRevision | None
    issue: str
    revisions: tuple[TaskRevision, ...]
    trajectories: tuple[Trajectory, ...]
    recipe: Recipe | None
    runs: tuple[RunLine, ...] | None
    admission: AdmissionContext | None
    may_validate: bool
    refusal: str


def task_context(user: User, task: Task) -> TaskContext:
    """Select what `user` may see of a task that is visible to them."""
    revision = task.current_revision
    visible = Run.objects.visible_to(user).exclude(purpose="probe")
    runs = run_lines(visible.filter(task_revision__task=task))
    may_know = user.is_admin or bool(runs)
    recipe = _recipe(revision)
    return TaskContext(
        task=task,
        revision=revision,
        issue=revision.problem_statement if revision else "",
        revisions=tuple(task.revisions.order_by("-number")),
        trajectories=tuple(Trajectory.objects.visible_to(user).filter(task=task).order_by("pk")),
        recipe=recipe,
        runs=runs if may_know else None,
        admission=admission_context(revision, recipe=recipe, may_change=user.is_admin)
        if revision and may_know
        else None,
        may_validate=user.is_admin,
        refusal=refusal_of(revision) if revision else "The row of this task is not loaded.",
    )


def _recipe(revision: TaskRevision | None) -> Recipe | None:
    try:
        return recipe_for(revision) if revision else None
    except RecipeError:
        return None  # `refusal` says what is wrong with it
