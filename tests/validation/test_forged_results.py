"""Patches that forge what the test runner prints, run for real: invalid, or suspect.

The verdict stays that of the field's own grading. What it lets through is marked beside it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.validation.conftest import CALC, F2P, GOLD, OLD_TESTS, P2P, RUNNER, diff
from tests.validation.real_runs import keep_environments, skip_if_index_failed
from tests.validation.tiny_tasks import (
    RECIPE,
    make_commit,
    need_sandbox_and_grading,
    run_of,
    statuses,
    task_on,
)
from trajectories.models import Task
from validation.environments import RecipeSpec
from validation.grading import client
from validation.grading.suspicion import disagreements, runner_files
from validation.models import Outcome, Run, TreeName

pytestmark = pytest.mark.django_db(transaction=True)

# One environment for all tests here, kept between test runs.
PYTEST = RecipeSpec(
    packages=("pytest==8.3.5",),
    test_command="python -m pytest -rA -p no:cacheprovider",
    log_parser="parse_log_pytest",
)
UNITTEST = RecipeSpec(
    test_command="python -m unittest -v tests.test_calc", log_parser="parse_log_django"
)
PYTEST_F2P = "tests/test_calc.py::CalcTest::test_halve"
PYTEST_P2P = "tests/test_calc.py::CalcTest::test_add"
UNITTEST_F2P = "test_halve (tests.test_calc.CalcTest)"
UNITTEST_P2P = "test_add (tests.test_calc.CalcTest)"
FILES = {"calc.py": CALC, "tests/__init__.py": "", "tests/test_calc.py": OLD_TESTS}
LINES = f"\\nPASSED {PYTEST_F2P}\\nPASSED {PYTEST_P2P}\\n"
NO_SUMMARY = "Tests are named, but pytest printed no summary: it did not come to its end."


@pytest.fixture(autouse=True, scope="module")
def _end_grading() -> object:
    yield
    client.close()


@pytest.fixture
def with_pytest(tmp_path: Path) -> Task:
    need_sandbox_and_grading()
    keep_environments()
    source = tmp_path / "source"
    commit = make_commit(source, FILES)
    return task_on(source, commit, PYTEST, fail_to_pass=[PYTEST_F2P], pass_to_pass=[PYTEST_P2P])


@pytest.fixture
def with_unittest(tmp_path: Path) -> Task:
    need_sandbox_and_grading()
    source = tmp_path / "source"
    commit = make_commit(source, FILES)
    tests = {"fail_to_pass": [UNITTEST_F2P], "pass_to_pass": [UNITTEST_P2P]}
    return task_on(source, commit, UNITTEST, **tests)


def forged(task: Task, patch: str) -> Run:
    run = run_of(task, TreeName.MODEL, patch)
    skip_if_index_failed()
    return run


def say(text: str) -> str:
    """Write code that prints past pytest, which keeps the real output under another number."""
    return f"""\
import os

for number in range(1, 20):
    try:
        os.write(number, b\'\'\'{text}\'\'\')
    except OSError:
        pass
"""


def in_calc(code: str) -> str:
    """Make a patch that puts code before that of the module under test."""
    return diff("calc.py", CALC, code + CALC)


def test_an_honest_patch_is_not_suspect(with_pytest: Task) -> None:
    run = forged(with_pytest, GOLD)
    assert (run.outcome, run.is_suspect, run.reason) == (Outcome.RESOLVED, False, "")


def test_a_failing_patch_is_not_suspect(with_pytest: Task) -> None:
    run = forged(with_pytest, diff("other.py", "", "x = 1\n"))
    assert (run.outcome, run.is_suspect) == (Outcome.NOT_RESOLVED, False)


def test_an_import_that_fails_says_that_no_test_ran(with_pytest: Task) -> None:
    run = forged(with_pytest, in_calc("import nothing_of_that_name\n"))
    assert (run.outcome, run.is_suspect) == (Outcome.NOT_RESOLVED, False)
    assert run.reason == "No test ran: tests/test_calc.py could not be collected."


def test_lines_before_a_failing_exit_are_invalid(with_pytest: Task) -> None:
    run = forged(with_pytest, in_calc(say(LINES) + "os._exit(1)\n"))
    assert run.outcome == Outcome.INVALID
    assert "exit code 1 although no test in the log failed" in run.reason


@pytest.mark.parametrize("marker", [">>>>> End Test Output", ">>>>> Tests Timed Out"])
def test_the_harness_own_markers_are_invalid(with_pytest: Task, marker: str) -> None:
    run = forged(with_pytest, in_calc(say(f"\\n{marker}\\n")))
    assert run.outcome == Outcome.INVALID
    assert "the harness's own marker" in run.reason


def test_lines_before_an_early_good_exit_are_suspect(with_pytest: Task) -> None:
    run = forged(with_pytest, in_calc(say(LINES) + "os._exit(0)\n"))
    assert run.outcome == Outcome.RESOLVED, "the verdict is the harness's"
    assert run.suspect_reasons == [NO_SUMMARY]


def test_lines_after_the_end_are_suspect(with_pytest: Task) -> None:
    late = f"""\
import atexit
import os


def lie():
    os.write(1, b\"\"\"{LINES}\"\"\")
    os._exit(0)


atexit.register(lie)
"""
    run = forged(with_pytest, in_calc(late))
    assert run.outcome == Outcome.RESOLVED
    assert run.suspect_reasons == ["2 tests are named as passed, pytest counted 1."]


def test_an_early_exit_without_any_line_is_invalid(with_pytest: Task) -> None:
    run = forged(with_pytest, in_calc("import os\nos._exit(0)\n"))
    assert run.outcome == Outcome.INVALID
    assert "the tests did not run" in run.reason


LIES = """\
import pytest


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    report.outcome, report.longrepr = "passed", None
"""


@pytest.mark.parametrize(
    ("files", "reasons"),
    [
        ({"conftest.py": LIES}, ["The patch changes conftest.py."]),
        ({"tests/conftest.py": LIES}, ["The patch changes tests/conftest.py."]),
        (
            {"lies.py": LIES, "pytest.ini": "[pytest]\naddopts = -p lies\n"},
            ["The patch changes pytest.ini."],
        ),
        (
            {"lies.py": LIES, "setup.cfg": "[tool:pytest]\naddopts = -p lies\n"},
            ["The patch changes setup.cfg."],
        ),
        (
            {"lies.py": LIES, "tox.ini": "[pytest]\naddopts = -p lies\n"},
            ["The patch changes tox.ini."],
        ),
        (
            {"lies.py": LIES, "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "-p lies"\n'},
            ["The patch changes pyproject.toml."],
        ),
    ],
)
def test_configuration_that_turns_failures_into_passes_is_suspect(
    with_pytest: Task, files: dict[str, str], reasons: list[str]
) -> None:
    run = forged(with_pytest, "".join(diff(path, "", text) for path, text in files.items()))
    assert run.outcome == Outcome.RESOLVED, "the runner itself says so"
    assert run.suspect_reasons == reasons


def test_configuration_that_leaves_tests_out_is_suspect_and_solves_nothing(
    with_pytest: Task,
) -> None:
    run = forged(with_pytest, diff("pytest.ini", "", "[pytest]\naddopts = -k add\n"))
    assert (run.outcome, run.is_suspect) == (Outcome.NOT_RESOLVED, True)
    assert statuses(run) == {PYTEST_F2P: "MISSING", PYTEST_P2P: "PASSED"}


def test_a_module_in_place_of_the_runner_is_suspect(with_pytest: Task) -> None:
    run = forged(with_pytest, diff("pytest.py", "", f'print("""{LINES}""")\n'))
    assert run.outcome == Outcome.RESOLVED
    assert run.suspect_reasons == [NO_SUMMARY, "The patch changes pytest.py."]


def test_a_script_that_the_test_command_names_is_suspect(tmp_path: Path) -> None:
    need_sandbox_and_grading()
    source = tmp_path / "source"
    commit = make_commit(source, FILES | {"run_tests.py": RUNNER})
    lies = diff("run_tests.py", RUNNER, f"print('PASSED {F2P}\\nPASSED {P2P}')\n")
    run = forged(task_on(source, commit, RECIPE), lies)
    assert run.outcome == Outcome.RESOLVED
    assert run.suspect_reasons == ["The patch changes run_tests.py."]


# --- unittest, as Django's runner prints it --------------------------------------------------

OK_LINES = f"{UNITTEST_F2P} ... ok\\n{UNITTEST_P2P} ... ok\\n"


def test_an_honest_patch_under_unittest_is_not_suspect(with_unittest: Task) -> None:
    run = forged(with_unittest, GOLD)
    assert (run.outcome, run.suspect_reasons) == (Outcome.RESOLVED, [])


def test_an_early_good_exit_of_unittest_is_suspect(with_unittest: Task) -> None:
    patch = in_calc(f'import os\nos.write(1, b"""{OK_LINES}""")\nos._exit(0)\n')
    run = forged(with_unittest, patch)
    assert run.outcome == Outcome.RESOLVED
    assert run.suspect_reasons == [
        "Tests are named, but unittest printed no summary: it did not come to its end."
    ]


def test_a_summary_before_an_early_exit_is_suspect_where_the_real_one_follows(
    with_unittest: Task,
) -> None:
    summary = OK_LINES + "\\nRan 2 tests in 0.001s\\n\\nOK\\n"
    run = forged(with_unittest, in_calc(f'import os\nos.write(1, b"""{summary}""")\n'))
    assert run.outcome == Outcome.NOT_RESOLVED
    assert run.suspect_reasons == ["The log has 2 unittest summaries."]


# --- what the signs are ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parser", "command", "log", "said"),
    [
        ("parse_log_pytest", "pytest -rA", "PASSED t.py::a\n", [NO_SUMMARY]),
        ("parse_log_pytest", "pytest -rA -qq", "PASSED t.py::a\n", []),
        ("parse_log_pytest", "pytest --no-summary", "PASSED t.py::a\n", []),
        ("parse_log_pytest", "node --test", "PASSED t.py::a\n", []),
        ("parse_log_pytest", "pytest", "PASSED t.py::a\n1 passed in 0.01s\n", []),
        (
            "parse_log_pytest",
            "pytest",
            "PASSED t.py::a\n=== 1 failed, 1 passed in 0.01s ===\n",
            ["pytest counted 1 tests that failed; no line names one."],
        ),
        (
            "parse_log_sympy",
            "bin/test",
            "test_a ok\n=== tests finished: 1 passed, in 0.1 s ===\n",
            [],
        ),
        (
            "parse_log_sympy",
            "bin/test",
            "test_a ok\n=== tests finished: 0 passed, 1 failed, in 0.1 s ===\n",
            ["1 tests are named as passed, SymPy's runner counted 0."],
        ),
        (
            "parse_log_sympy",
            "bin/test",
            "test_a ok\n",
            ["Tests are named, but SymPy's runner printed no summary: it did not come to its end."],
        ),
        ("parse_log_tap", "node --test", "ok 1 - a (m.C)\n1..1\n# pass 1\n# fail 0\n", []),
        (
            "parse_log_tap",
            "node --test",
            "ok 1 - a (m.C)\n",
            ["Tests are named, but the log has no TAP plan: the runner did not come to its end."],
        ),
        (
            "parse_log_tap",
            "node --test",
            "ok 1 - a (m.C)\n1..1\n# fail 1\n",
            ["The runner counted tests that failed; no line names one."],
        ),
        (
            "parse_log_django",
            "./runtests.py",
            "a (m.C) ... ok\nRan 1 test in 0.01s\nFAILED (failures=1)\n",
            ["unittest counted tests that failed; no line names one."],
        ),
        (
            "parse_log_django",
            "./runtests.py",
            "a (m.C) ... ok\nRan 0 tests in 0.01s\nOK\n",
            ["1 tests are named as passed, unittest ran 0."],
        ),
    ],
)
def test_a_summary_that_is_not_there_or_says_otherwise_is_told(
    parser: str, command: str, log: str, said: list[str]
) -> None:
    names = {"parse_log_pytest": "t.py::a", "parse_log_sympy": "test_a"}
    found = {names.get(parser, "a (m.C)"): "PASSED"}
    assert disagreements(log, found, parser=parser, command=command) == said


@pytest.mark.parametrize(
    ("path", "is_runner"),
    [
        ("src/_pytest/runner.py", False),
        ("_pytest/runner.py", True),
        ("unittest.py", True),
        ("tests/unittest.py", False),
        ("tests/runtests.py", True),
        ("bin/test", True),
        ("tests/conftest.py", True),
        ("docs/conftest.py.txt", False),
        ("calc.py", False),
    ],
)
def test_files_of_the_runner_are_known(path: str, is_runner: bool) -> None:
    assert bool(runner_files([path], "cd tests && ./bin/test -C calc")) == is_runner
