"""The tasks of the sample batch are true: commits, patches and lists of tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.samples_batch.conftest import SAMPLES

LITE_KEYS = {
    *("repo", "instance_id", "base_commit", "patch", "test_patch", "problem_statement"),
    *("hints_text", "created_at", "version", "FAIL_TO_PASS", "PASS_TO_PASS"),
    "environment_setup_commit",
}
INSTANCES = [f"retrace-samples__almanac-{number}" for number in (14, 21, 30)]


def test_the_repository_is_the_same_wherever_it_is_built(tmp_path: Path, repository: Path) -> None:
    from build_repository import build, git

    ids = build(tmp_path / "second.git")
    assert ids == git(repository, "rev-list", "--reverse", "main").split()


def test_a_repository_that_is_there_is_left_alone(repository: Path) -> None:
    from build_repository import build

    before = sorted(path.stat().st_mtime_ns for path in repository.rglob("*"))
    build(repository)
    assert sorted(path.stat().st_mtime_ns for path in repository.rglob("*")) == before


def test_another_repository_is_not_overwritten(tmp_path: Path) -> None:
    from build_repository import build, git

    git(tmp_path, "init", "-q", "--bare", "-b", "main", "other.git")
    with pytest.raises(SystemExit, match=r"other\.git"):
        build(tmp_path / "other.git")


def test_tasks_have_the_keys_of_the_field_and_no_others(tasks: dict[str, dict[str, Any]]) -> None:
    assert sorted(tasks) == INSTANCES
    for row in tasks.values():
        assert set(row) == LITE_KEYS
        assert all(isinstance(value, str) for value in row.values())


@pytest.mark.parametrize("instance_id", INSTANCES)
def test_the_gold_patches_lead_to_the_next_commit(
    repository: Path, tasks: dict[str, dict[str, Any]], tmp_path: Path, instance_id: str
) -> None:
    from build_repository import git
    from recorder.recordings import check_out

    row, tree = tasks[instance_id], tmp_path / "tree"
    check_out(repository, row["base_commit"], tree)
    for key in ("patch", "test_patch"):
        (tmp_path / key).write_text(row[key], "utf-8")
        git(tree, "apply", "--index", str(tmp_path / key))
    commits = git(repository, "rev-list", "--reverse", "main").split()
    following = commits[commits.index(row["base_commit"]) + 1]
    assert git(tree, "write-tree") == git(repository, "rev-parse", f"{following}^{{tree}}")


@pytest.mark.usefixtures("sandbox")
def test_the_rows_are_what_the_history_makes(
    repository: Path, tasks: dict[str, dict[str, Any]]
) -> None:
    """Runs the tests before and after each gold patch, and compares the lists."""
    from build_tasks import task_rows

    assert {row["instance_id"]: row for row in task_rows(repository)} == tasks


def test_every_task_has_a_recipe(tasks: dict[str, dict[str, Any]]) -> None:
    from validation.recipes import read_recipes

    read = list(read_recipes((SAMPLES / "recipes.jsonl").read_text("utf-8")))
    assert not [item.reason for item in read if item.reason]
    versions = {(item.entry.repository, item.entry.version) for item in read if item.entry}
    assert {(row["repo"], row["version"]) for row in tasks.values()} == versions


def test_the_lists_of_tests_do_not_overlap(tasks: dict[str, dict[str, Any]]) -> None:
    for row in tasks.values():
        failing, passing = json.loads(row["FAIL_TO_PASS"]), json.loads(row["PASS_TO_PASS"])
        assert failing
        assert passing
        assert not set(failing) & set(passing)
