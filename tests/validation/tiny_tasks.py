"""Tasks on tiny real repositories, and their runs from the row to the verdict."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.factories import make_repository, make_task
from tests.validation.conftest import F2P, GOLD, P2P, TESTS, git, trajectory_with
from trajectories.models import Task
from validation.environments import RecipeSpec
from validation.models import Admission, Run, RunState, TreeName
from validation.recipes import RecipeEntry
from validation.sandbox import SandboxUnavailable, choose_sandbox
from validation.services.admission import conclude_admissions, request_admission
from validation.services.execution import execute_run
from validation.services.recipes import assign_recipe, recipe_for

RECIPE = RecipeSpec(test_command="python run_tests.py tests/", log_parser="parse_log_pytest")


def need_sandbox_and_grading() -> None:
    """Skip where a run cannot come to its verdict."""
    pytest.importorskip("swebench", reason="swebench belongs to requirements/runs.txt")
    try:
        choose_sandbox()
    except SandboxUnavailable as error:
        pytest.skip(str(error))


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> None:
    """Write texts and bytes below a folder."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        (folder / path).write_bytes(data)


def make_commit(folder: Path, files: Mapping[str, str | bytes]) -> str:
    """Make a repository of one commit, or one more commit; return it."""
    folder.mkdir(exist_ok=True)
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "--initial-branch=main")
    write_files(folder, files)
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--message=A state")
    return git(folder, "rev-parse", "HEAD")


def task_on(source: Path, commit: str, recipe: RecipeSpec = RECIPE, **fields: Any) -> Task:
    """Make a task with a recipe on a commit; by default the patches and tests are calc's."""
    values = {"patch": GOLD, "test_patch": TESTS, "fail_to_pass": [F2P], "pass_to_pass": [P2P]}
    repository = make_repository(f"retrace/{source.name}", source=str(source))
    task = make_task(
        f"retrace__{source.name}-1", repository, base_commit=commit, **{**values, **fields}
    )
    assign_recipe(RecipeEntry(recipe, instance_id=task.instance_id))
    return task


def run_of(task: Task, tree: TreeName = TreeName.MODEL, patch: str | None = None) -> Run:
    """Execute a run of the task's present content to its end; see that nothing is left of it."""
    revision = task.current_revision
    assert revision is not None
    run = Run.objects.create(
        task_revision=revision,
        tree=tree,
        trajectory=trajectory_with(task, patch) if tree == TreeName.MODEL else None,
        recipe=recipe_for(revision),
    )
    while not execute_run(run.pk):  # put back after a failure that may pass: do not wait for it
        waiting = Run.objects.filter(pk=run.pk, state=RunState.QUEUED)
        assert waiting.update(lease_expires_at=None), Run.objects.get(pk=run.pk).reason
    run.refresh_from_db()
    assert list((settings.RETRACE_DATA / "work").glob("*")) == []
    return run


def statuses(run: Run) -> dict[str, str]:
    """Return the status of each test that the task names."""
    return dict(run.tests.exclude(group="other").values_list("test_id", "status"))


def admission_of(task: Task) -> Admission:
    """Admit a task, or not, by one run each on base and gold."""
    revision = task.current_revision
    assert revision is not None
    admission = request_admission(revision, n_repeats=1)
    for run in admission.runs.order_by("pk"):
        execute_run(run.pk)
    conclude_admissions()
    admission.refresh_from_db()
    return admission
