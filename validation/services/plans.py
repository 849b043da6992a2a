"""What a run executes, where it is not the task's tests as the recipe runs them."""

from __future__ import annotations

from dataclasses import replace

from trajectories.git import Mirror, PatchDoesNotApply, apply_patch
from validation.directives import directives_of, full_command
from validation.grading.protocol import Grade
from validation.models import Run
from validation.sandbox import Limits
from validation.working_trees import PreparedTree, explain

TEST_LIMITS = Limits(wall_seconds=1800.0)
# Of a command that somebody typed and waits for.
COMMAND_LIMITS = Limits(wall_seconds=600.0)


class ExtraPatchError(Exception):
    """Somebody's own patch does not apply on the tree that they chose."""


def command_of(run: Run, test_command: str) -> str:
    """Return the shell command of a run: its own, or the recipe's with the files of the tests."""
    if run.command:
        return run.command
    revision = run.task_revision
    files = directives_of(revision.task.repository.name, revision.test_patch)
    return full_command(test_command, files_with(run.test_ids, files))


def files_with(test_ids: list[str], files: list[str]) -> list[str]:
    """Keep the files (for Django, the labels) that the ids name; all, where one names none."""
    named = [[file for file in files if file in test_id] for test_id in test_ids]
    if not named or not all(named):
        return files
    return [file for file in files if any(file in found for found in named)]


def limits_of(run: Run) -> Limits:
    return COMMAND_LIMITS if run.command else TEST_LIMITS


def with_extra_patch(mirror: Mirror, tested: PreparedTree, run: Run) -> PreparedTree:
    """Put somebody's own patch on a tree, after everything else. Raise ExtraPatchError."""
    if not run.extra_patch:
        return tested
    patch = run.extra_patch.encode("utf-8", "surrogateescape")
    try:
        # Not with fuzz: what runs has to be what somebody meant.
        return replace(tested, tree=apply_patch(mirror, tested.tree, patch))
    except PatchDoesNotApply as error:
        raise ExtraPatchError(f"The own patch does not apply:\n{explain(error)}") from error


def with_wanted_tests(grade: Grade, run: Run) -> Grade:
    """Sort the tests that were asked for into those that the task names and all others."""
    revision = run.task_revision
    named = {*(revision.fail_to_pass or ()), *(revision.pass_to_pass or ())}
    own = {name: status for name, status in grade.statuses.items() if name not in named}
    of_task = {name: status for name, status in grade.statuses.items() if name in named}
    return replace(grade, statuses=of_task, others={**own, **grade.others})
