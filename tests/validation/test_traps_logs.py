"""What test runners of real repositories print, and what becomes of it in real grading.

The numbers are those of the list of traps in docs/validation.md. Traps of repositories, patches
and environments are in `test_traps_runs.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from validation.directives import full_command
from validation.grading.client import GradingProcess
from validation.grading.ids import with_recorded_paths
from validation.grading.protocol import Grade, GradeRequest

LOGS = Path(__file__).parent / "traps"


@pytest.fixture(scope="module")
def process() -> Iterator[GradingProcess]:
    pytest.importorskip("swebench", reason="swebench belongs to requirements/runs.txt")
    grader = GradingProcess()
    yield grader
    grader.close()


def ask(
    process: GradingProcess,
    log: str,
    *,
    code: int,
    f2p: tuple[str, ...] = (),
    p2p: tuple[str, ...] = (),
    parser: str = "parse_log_pytest",
) -> Grade:
    return process.grade(
        GradeRequest(
            repository="shop/cart",
            log=(LOGS / log).read_text(),
            exit_code=code,
            fail_to_pass=f2p,
            pass_to_pass=p2p,
            parser=parser,
        )
    )


# --- 1: ids that are cut at the first blank --------------------------------------------------


def test_1_parameters_that_share_a_cut_id_fail_together(process: GradingProcess) -> None:
    """As in the field's harness: the last line counts, and pytest names failures last."""
    shared = "tests/test_names.py::test_name[a"
    grade = ask(process, "pytest_shared_id.txt", code=1, p2p=(shared,))
    assert (grade.valid, grade.resolved) == (True, False)
    assert grade.statuses == {shared: "FAILED"}


def test_1_parameters_that_share_a_cut_id_decide_nothing_where_ids_are_whole(
    process: GradingProcess,
) -> None:
    """Parsers that keep blanks look cut ids up by their beginning: parameters must agree."""
    shared = "tests/test_names.py::test_name[a"
    both = ask(process, "pytest_shared_id.txt", code=1, p2p=(shared,), parser="parse_log_pytest_v2")
    assert both.statuses == {shared: "MISSING"}
    one = f"{shared} long"
    alone = ask(process, "pytest_shared_id.txt", code=1, p2p=(one,), parser="parse_log_pytest_v2")
    assert alone.statuses == {one: "FAILED"}


def test_1_a_cut_id_is_no_selector(process: GradingProcess) -> None:
    assert full_command("pytest -rA", ["tests/test_names.py"]) == "pytest -rA tests/test_names.py"


# --- 2: unittest's ids under Python 3.11 -----------------------------------------------------


def test_2_ids_of_python_311_meet_older_records(process: GradingProcess) -> None:
    f2p = ("test_select (proxies.tests.ProxyTests)",)
    p2p = ("test_concrete (proxies.tests.ProxyTests)", "The label of a proxy is its own.")
    grade = ask(
        process, "django_python311.txt", code=1, f2p=f2p, p2p=p2p, parser="parse_log_django"
    )
    assert list(grade.statuses.values()) == ["ERROR", "PASSED", "PASSED"]


def test_2_a_part_of_a_test_has_an_id_of_its_own(process: GradingProcess) -> None:
    parts = ("test_many (proxies.tests.ProxyTests) (size=2)",)
    whole = ("test_many (proxies.tests.ProxyTests)",)
    long = ("test_many (proxies.tests.ProxyTests.test_many) (size=2)",)
    found = {
        test_id: status
        for wanted in (whole, long, parts)
        for test_id, status in ask(
            process, "django_python311.txt", code=1, p2p=wanted, parser="parse_log_django"
        ).statuses.items()
    }
    assert found == {whole[0]: "MISSING", long[0]: "FAILED", parts[0]: "FAILED"}


# --- 3: the path of the work tree in an id ---------------------------------------------------


def test_3_a_recorded_folder_stands_for_the_working_tree(process: GradingProcess) -> None:
    name = "tests/test_messages.py::test_file[/home/me/src/pylint/tests/messages/{}]"
    p2p = (name.format("a.py"), name.format("a.py-quiet"), name.format("b.py"))
    grade = ask(process, "pytest_paths.txt", code=1, p2p=p2p)
    assert list(grade.statuses.values()) == ["PASSED", "PASSED", "FAILED"]
    assert grade.others == {}


def test_3_ids_with_the_working_tree_stay() -> None:
    log = (LOGS / "pytest_paths.txt").read_text()
    recorded = "tests/test_messages.py::test_file[/testbed/tests/messages/a.py]"
    other = "tests/test_messages.py::test_file[/home/me/tests/messages/a.py]"
    assert with_recorded_paths(log, [recorded, other]) == log


def test_3_what_two_recorded_folders_could_mean_stays() -> None:
    log = "PASSED t.py::test[/testbed/a/b.py]\n"
    assert with_recorded_paths(log, ["t.py::test[/x/a/b.py]", "t.py::test[/y/a/b.py]"]) == log


# --- 4: skipped tests ------------------------------------------------------------------------


@pytest.mark.parametrize("group", ["f2p", "p2p"])
def test_4_a_test_skipped_without_its_id_is_missing(process: GradingProcess, group: str) -> None:
    wanted = ("tests/test_jobs.py::test_two",)
    f2p, p2p = (wanted, ()) if group == "f2p" else ((), wanted)
    grade = ask(process, "pytest_skipped.txt", code=0, f2p=f2p, p2p=p2p)
    assert (grade.valid, grade.resolved) == (True, False)
    assert grade.statuses == {"tests/test_jobs.py::test_two": "MISSING"}
    assert list(grade.others) == ["tests/test_jobs.py::test_one"], "[1] is no test"


# --- 5: failing for the wrong reason ---------------------------------------------------------


@pytest.mark.parametrize(
    ("log", "code", "parser"),
    [
        ("pytest_exit_4.txt", 4, "parse_log_pytest"),
        ("pytest_exit_4.txt", 4, "parse_log_pytest_v2"),
        ("pytest_exit_1.txt", 1, "parse_log_pytest"),
        ("pytest_exit_1.txt", 1, "parse_log_django"),
    ],
)
def test_5_an_empty_result_is_no_failing_test(
    process: GradingProcess, log: str, code: int, parser: str
) -> None:
    grade = ask(process, log, code=code, f2p=("tests/test_names.py::test_a",), parser=parser)
    assert (grade.valid, grade.resolved) == (False, False)
    assert grade.reason.startswith(f"No test result in the log (exit code {code})")
    assert set(grade.statuses.values()) == {"MISSING"}
    assert grade.others == {}


@pytest.mark.parametrize(
    ("log", "code", "parser", "named"),
    [
        ("pytest_exit_2.txt", 2, "parse_log_pytest", "tests/test_names.py"),
        ("pytest_exit_2.txt", 2, "parse_log_pytest_v2", "tests/test_names.py"),
        ("django_exit_1.txt", 1, "parse_log_django", "names.tests"),
    ],
)
def test_5_a_file_that_cannot_be_imported_is_named(
    process: GradingProcess, log: str, code: int, parser: str, named: str
) -> None:
    """It may be the patch's fault, so the harness's verdict stands; the reason says what it is."""
    grade = ask(process, log, code=code, f2p=("tests/test_names.py::test_a",), parser=parser)
    assert (grade.valid, grade.resolved) == (True, False)
    assert grade.reason == f"No test ran: {named} could not be collected."
    assert set(grade.statuses.values()) == {"MISSING"}
