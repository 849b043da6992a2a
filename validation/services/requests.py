"""Ask for runs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from django.db import transaction
from django.db.models.functions import Now

from accounts import events
from accounts.models import User
from trajectories.models import TaskRevision, Trajectory
from validation.broker import sandbox_refusal, send
from validation.models import (
    Admission,
    Outcome,
    Recipe,
    Run,
    RunPriority,
    RunState,
    TreeName,
)
from validation.recipes import RecipeError
from validation.services.recipes import recipe_for


class RunRefused(Exception):
    """A run that cannot be had; the message says why and what to do."""


@dataclass(frozen=True)
class Own:
    """What somebody has executed in place of the task's tests and on top of the tree."""

    command: str = ""
    test_ids: tuple[str, ...] = ()
    extra_patch: str = ""


TASKS_TESTS = Own()


def request_run(
    revision: TaskRevision,
    tree: TreeName,
    *,
    trajectory: Trajectory | None = None,
    with_test_patch: bool = True,
    purpose: str = "validation",
    priority: RunPriority = RunPriority.PERSON,
    admission: Admission | None = None,
    own: Own = TASKS_TESTS,
    recipe: Recipe | None = None,
    repeat_of: Run | None = None,
    user: User | None = None,
) -> Run:
    """Create a run and queue its job once the transaction commits. Raise RunRefused.

    Without a recipe it has the one that the task has now.
    """
    recipe = recipe or check_request(revision, tree)
    if refusal := sandbox_refusal():
        raise RunRefused(refusal)
    with transaction.atomic():
        run = Run.objects.create(
            task_revision=revision,
            tree=tree,
            trajectory=trajectory if tree == TreeName.MODEL else None,
            with_test_patch=with_test_patch,
            recipe=recipe,
            purpose=purpose,
            priority=priority,
            admission=admission,
            command=own.command,
            test_ids=list(own.test_ids),
            extra_patch=own.extra_patch,
            repeat_of=repeat_of,
            requested_by=user,
        )
        events.record(user, "run requested", run, tree=tree, instance_id=revision.task.instance_id)
        # Should the broker be away now, a sweeper finds the run later.
        transaction.on_commit(partial(send, run.pk), robust=True)
    return run


def check_request(revision: TaskRevision, tree: TreeName) -> Recipe:
    """Return the recipe that a run would use, or raise RunRefused."""
    name = revision.task.instance_id
    if not revision.has_tests:
        raise RunRefused(
            f"{name} cannot be validated: its row names no FAIL_TO_PASS tests."
            " Load a row that does."
        )
    if tree == TreeName.GOLD and not revision.patch:
        raise RunRefused(f"{name} has no gold patch: load a row that has one.")
    if tree == TreeName.MODEL and (refusal := shut(revision)):
        raise RunRefused(refusal)
    try:
        recipe = recipe_for(revision)
    except RecipeError as error:
        raise RunRefused(f"The recipe in the row of {name} cannot be used: {error}") from error
    if recipe is None:
        raise RunRefused(
            f"There is no environment recipe for {name}: load one with"
            " `manage.py load_recipes FILE`."
        )
    return recipe


def shut(revision: TaskRevision) -> str:
    """Say why no patch is run on the task, or nothing where its tests can tell one."""
    decided = Admission.objects.decided_of(revision)
    if decided is None or decided.is_open:
        return ""
    return (
        f"{revision.task.instance_id} is not admitted: {' '.join(decided.reasons)}"
        " An admin can let it in on the page of the task."
    )


def refusal_of(revision: TaskRevision) -> str:
    """Return why the task's tests cannot be run now, or an empty text."""
    try:
        check_request(revision, TreeName.BASE)
    except RunRefused as refused:
        return str(refused)
    return sandbox_refusal()


def request_validation(
    revision: TaskRevision, *, trajectory: Trajectory | None, user: User
) -> list[Run]:
    """Ask for base, gold and, with a trajectory, its model patch. Raise RunRefused.

    A run that is still on its way is not asked for a second time.
    """
    trees = [TreeName.BASE, *([TreeName.GOLD] if revision.patch else [])]
    wanted: list[tuple[TreeName, Trajectory | None]] = [(tree, None) for tree in trees]
    if trajectory is not None:
        wanted.append((TreeName.MODEL, trajectory))
    with transaction.atomic():
        return [
            request_run(revision, tree, trajectory=subject, user=user)
            for tree, subject in wanted
            if not _is_on_its_way(revision, tree, subject)
        ]


def _is_on_its_way(revision: TaskRevision, tree: TreeName, trajectory: Trajectory | None) -> bool:
    unfinished = Run.objects.verdicts().exclude(state=RunState.FINISHED)
    return unfinished.filter(task_revision=revision, tree=tree, trajectory=trajectory).exists()


@transaction.atomic
def cancel_run(run: Run, *, user: User) -> bool:
    """End a run that is not finished; its worker notices when it renews the lease."""
    done = (
        Run.objects.filter(pk=run.pk)
        .exclude(state=RunState.FINISHED)
        .order_by()
        .update(
            state=RunState.FINISHED,
            outcome=Outcome.CANCELLED,
            reason=f"Cancelled by {user}.",
            lease_token=None,
            lease_expires_at=None,
            finished_at=Now(),
        )
    )
    if done:
        events.record(user, "run cancelled", run)
    return bool(done)
