#!/usr/bin/env python3
"""Write samples/tasks.jsonl from the history: patches from the commits, test lists by running them.

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

from build_repository import HERE, History, TaskSource, build, git, load_history
from recorder.recordings import check_out
from recorder.sandbox import Sandbox, require_sandbox

# "PASSED tests/test_dates.py::test_each_day_includes_both_ends"
_PASSED = re.compile(r"^PASSED (\S+)$", re.MULTILINE)
_CHANGED = re.compile(r"^\+\+\+ b/(\S+)$", re.MULTILINE)


def task_rows(repository: Path) -> list[dict[str, Any]]:
    """Return the rows of all tasks, oldest first."""
    history = load_history()
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
    test_patch = git(repository, "diff", base, fix, "--", "tests")
    before, after = passing(repository, base, test_patch), passing(repository, fix, test_patch)
    return {
        "repo": history.repository,
        "instance_id": source.instance_id,
        "base_commit": base,
        "patch": git(repository, "diff", base, fix, "--", ".", ":(exclude)tests"),
        "test_patch": test_patch,
        "problem_statement": (HERE / "issues" / source.issue).read_text("utf-8"),
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


def passing(repository: Path, commit: str, test_patch: str) -> list[str]:
    """Return the tests of the test patch's files that pass at a commit, with the patch."""
    with tempfile.TemporaryDirectory() as name:
        tree, patch = Path(name, "tree"), Path(name, "test.patch")
        check_out(repository, commit, tree)
        patch.write_text(test_patch, "utf-8")
        # The fix itself has the tests already: there the patch applies three-way, to nothing.
        git(tree, "apply", "--3way", str(patch))
        return tests_passing(tree, test_files(test_patch))


def tests_passing(tree: Path, files: list[str]) -> list[str]:
    """Return the tests of some files that pass in a tree, in the order of the log."""
    with tempfile.TemporaryDirectory() as temporary:
        log = Sandbox(tree, Path(temporary)).run(f"python -m pytest -rA {shlex.join(files)}").output
    return _PASSED.findall(log)


def test_files(test_patch: str) -> list[str]:
    """Return the files that a test patch changes or makes."""
    return _CHANGED.findall(test_patch)


def main() -> int:
    """Write tasks.jsonl."""
    require_sandbox()
    with tempfile.TemporaryDirectory() as name:
        repository = Path(name) / "almanac.git"
        build(repository)
        rows = task_rows(repository)
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (HERE / "tasks.jsonl").write_text("".join(lines), "utf-8")
    for row in rows:
        counts = [len(json.loads(row[key])) for key in ("FAIL_TO_PASS", "PASS_TO_PASS")]
        print(f"{row['instance_id']}: {counts[0]} fail to pass, {counts[1]} pass to pass")
    return 0


if __name__ == "__main__":
    sys.exit(main())
