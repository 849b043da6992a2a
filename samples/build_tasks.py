#!/usr/bin/env python3
"""Write the tasks.jsonl of both samples from their histories, test lists by running the tests.

    python samples/build_tasks.py

A test is in FAIL_TO_PASS if it does not pass on base_commit with the test patch and passes on the
commit; in PASS_TO_PASS if it passes on both. Needs what record.py needs.
"""

from __future__ import annotations

import json
import re
import shlex
import sys
import tempfile
from pathlib import Path
from typing import Any

from build_repository import HERE, JAVASCRIPT, History, TaskSource, build, git, load_history
from recorder.recordings import check_out
from recorder.sandbox import Sandbox, require_sandbox

# The command that runs files of tests, and how it says that one passed:
# "PASSED tests/test_dates.py::test_each_day_includes_both_ends", "ok 1 - reads rows of fields".
_RUNNERS = {
    "pytest": ("python -m pytest -rA", re.compile(r"^PASSED (\S+)$", re.MULTILINE)),
    "node": ("node --test --test-reporter=tap", re.compile(r"^ok \d+ (.+)$", re.MULTILINE)),
}
_CHANGED = re.compile(r"^\+\+\+ b/(\S+)$", re.MULTILINE)


def task_rows(repository: Path, folder: Path = HERE) -> list[dict[str, Any]]:
    """Return the rows of all tasks, oldest first."""
    history = load_history(folder)
    ids = git(repository, "rev-list", "--reverse", "main").split()
    following = zip(ids, ids[1:], history.commits[1:], strict=False)
    return [
        task_row(repository, history, commit.task, base, fix)
        for base, fix, commit in following
        if commit.task is not None
    ]


def task_row(
    repository: Path, history: History, source: TaskSource, base: str, fix: str
) -> dict[str, Any]:
    """Return the row of a task, in the shape of the field's data sets."""
    test_patch = git(repository, "diff", base, fix, "--", history.tests)
    before, after = (
        passing(repository, commit, test_patch, history.runner) for commit in (base, fix)
    )
    return {
        "repo": history.repository,
        "instance_id": source.instance_id,
        "base_commit": base,
        "patch": git(repository, "diff", base, fix, "--", ".", f":(exclude){history.tests}"),
        "test_patch": test_patch,
        "problem_statement": (history.folder / "issues" / source.issue).read_text("utf-8"),
        "hints_text": source.hints.strip(),
        "created_at": source.created_at,
        "version": source.version,
        "FAIL_TO_PASS": json.dumps([test for test in after if test not in before]),
        "PASS_TO_PASS": json.dumps([test for test in after if test in before]),
        "environment_setup_commit": environment_commit(history, source, repository),
    }


def environment_commit(history: History, source: TaskSource, repository: Path) -> str:
    """Return the base commit of the first task of the same version."""
    ids = git(repository, "rev-list", "--reverse", "main").split()
    for base, commit in zip(ids, history.commits[1:], strict=False):
        if commit.task is not None and commit.task.version == source.version:
            return base
    raise LookupError(source.version)


def passing(repository: Path, commit: str, test_patch: str, runner: str = "pytest") -> list[str]:
    """Return the tests of the test patch's files that pass at a commit, with the patch."""
    with tempfile.TemporaryDirectory() as name:
        tree, patch = Path(name, "tree"), Path(name, "test.patch")
        check_out(repository, commit, tree)
        patch.write_text(test_patch, "utf-8")
        # The fix itself has the tests already: there the patch applies three-way, to nothing.
        git(tree, "apply", "--3way", str(patch))
        return tests_passing(tree, test_files(test_patch), runner)


def tests_passing(tree: Path, files: list[str], runner: str = "pytest") -> list[str]:
    """Return the tests of some files that pass in a tree, in the order of the log."""
    command, passed = _RUNNERS[runner]
    with tempfile.TemporaryDirectory() as temporary:
        log = Sandbox(tree, Path(temporary)).run(f"{command} {shlex.join(files)}").output
    return passed.findall(log)


def test_files(test_patch: str) -> list[str]:
    """Return the files that a test patch changes or makes."""
    return _CHANGED.findall(test_patch)


def main() -> int:
    """Write tasks.jsonl of both."""
    require_sandbox("python", "node")
    for folder in (HERE, JAVASCRIPT):
        with tempfile.TemporaryDirectory() as name:
            repository = Path(name) / "repository.git"
            build(repository, folder)
            rows = task_rows(repository, folder)
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / "tasks.jsonl").write_text("".join(lines), "utf-8")
        for row in rows:
            counts = [len(json.loads(row[key])) for key in ("FAIL_TO_PASS", "PASS_TO_PASS")]
            print(f"{row['instance_id']}: {counts[0]} fail to pass, {counts[1]} pass to pass")
    return 0


if __name__ == "__main__":
    sys.exit(main())
