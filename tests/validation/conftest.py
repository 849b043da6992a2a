"""A tiny real repository with a task on it, and a worker's surroundings."""

from __future__ import annotations

import difflib
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.factories import make_repository, make_task, make_trajectory
from trajectories.git import Mirror
from trajectories.models import Task, Trajectory
from validation.environments import RecipeSpec
from validation.recipes import RecipeEntry
from validation.services.recipes import assign_recipe

CALC = """\
def add(a, b):
    return a + b


def halve(n):
    return n // 2
"""
FIXED = CALC.replace("n // 2", "n / 2")
OLD_TESTS = """\
import unittest

from calc import add


class CalcTest(unittest.TestCase):
    def test_add(self):
        self.assertEqual(add(1, 2), 3)
"""
NEW_TESTS = """\
import unittest

from calc import add, halve


class CalcTest(unittest.TestCase):
    def test_add(self):
        self.assertEqual(add(1, 2), 3)

    def test_halve(self):
        self.assertEqual(halve(3), 1.5)
"""
# Needs nothing but the interpreter, and prints what the pytest parsers of the harness read.
RUNNER = """\
import sys
import unittest

suite = unittest.defaultTestLoader.discover("tests")
bad = {}


class Result(unittest.TestResult):
    def addSuccess(self, test):
        print("PASSED", name(test))

    def addFailure(self, test, error):
        bad[name(test)] = print("FAILED", name(test))

    def addError(self, test, error):
        bad[name(test)] = print("ERROR", name(test))


def name(test):
    return "tests/test_calc.py::" + test.id().rpartition(".")[2]


suite.run(Result())
sys.exit(bool(bad))
"""


def diff(path: str, before: str, after: str) -> str:
    """Make a patch of one file as git prints it."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        f"a/{path}" if before else "/dev/null",
        f"b/{path}" if after else "/dev/null",
    )
    mode = "" if before and after else "new file mode 100644\n" if after else "deleted file\n"
    return f"diff --git a/{path} b/{path}\n{mode}" + "".join(lines)


GOLD = diff("calc.py", CALC, FIXED)
TESTS = diff("tests/test_calc.py", OLD_TESTS, NEW_TESTS)
F2P = "tests/test_calc.py::test_halve"
P2P = "tests/test_calc.py::test_add"


@dataclass(frozen=True)
class CalcRepository:
    """A repository of two commits; the second one has the fix."""

    path: Path
    base: str
    fix: str


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=Someone", "-c", "user.email=someone@example.org")
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture(scope="session")
def calc(tmp_path_factory: pytest.TempPathFactory) -> CalcRepository:
    folder = tmp_path_factory.mktemp("calc")
    git(folder, "init", "--quiet", "--initial-branch=main")
    for path, text in {
        "calc.py": CALC,
        "tests/__init__.py": "",
        "tests/test_calc.py": OLD_TESTS,
        "run_tests.py": RUNNER,
    }.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=Add and halve")
    base = git(folder, "rev-parse", "HEAD")
    (folder / "calc.py").write_text(FIXED)
    git(folder, "commit", "--quiet", "--all", "--message=Halve odd numbers")
    return CalcRepository(folder, base, git(folder, "rev-parse", "HEAD"))


@pytest.fixture
def calc_mirror(calc: CalcRepository, tmp_path: Path) -> Mirror:
    mirror = Mirror(tmp_path / "calc.git")
    mirror.fetch(str(calc.path))
    return mirror


@pytest.fixture
def calc_task(db: None, calc: CalcRepository) -> Task:
    repository = make_repository("retrace/calc", source=str(calc.path))
    task = make_task(
        "retrace__calc-1",
        repository,
        base_commit=calc.base,
        patch=GOLD,
        test_patch=TESTS,
        fail_to_pass=[F2P],
        pass_to_pass=[P2P],
    )
    give_recipe(task)
    return task


def give_recipe(task: Task, command: str = "python run_tests.py tests/test_calc.py") -> None:
    spec = RecipeSpec(test_command=command, log_parser="parse_log_pytest")
    assign_recipe(RecipeEntry(spec, instance_id=task.instance_id))


def trajectory_with(task: Task, patch: str | None) -> Trajectory:
    return make_trajectory(task, n_steps=1, model_patch=patch)
