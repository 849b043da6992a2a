"""Grading by the real swebench package, through the real grading process."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace

import pytest

from validation.grading.client import GradingProcess, UngradableLogError
from validation.grading.protocol import Grade, GradeRequest
from validation.grading.suspicion import disagreements

PYTEST_LOG = """\
============================= test session starts ==============================
tests/test_cart.py .F.s                                                  [100%]
=========================== short test summary info ============================
PASSED tests/test_cart.py::test_empty
PASSED tests/test_cart.py::test_label[two
SKIPPED [1] tests/test_cart.py:30: needs a printer
FAILED tests/test_cart.py::test_total - AssertionError: 3 != 4
==================== 1 failed, 2 passed, 1 skipped in 0.12s ====================
"""


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
    f2p: tuple[str, ...] = (),
    p2p: tuple[str, ...] = (),
    code: int | None = 0,
    repository: str = "shop/cart",
    parser: str = "parse_log_pytest",
) -> Grade:
    return process.grade(
        GradeRequest(
            repository=repository,
            log=log,
            exit_code=code,
            fail_to_pass=f2p,
            pass_to_pass=p2p,
            parser=parser,
        )
    )


def test_a_failing_test_leaves_the_task_unresolved(process: GradingProcess) -> None:
    grade = ask(
        process,
        PYTEST_LOG,
        f2p=("tests/test_cart.py::test_total",),
        p2p=("tests/test_cart.py::test_empty", "tests/test_cart.py::test_gone"),
        code=1,
    )
    assert grade.valid
    assert not grade.resolved
    assert grade.statuses == {
        "tests/test_cart.py::test_total": "FAILED",
        "tests/test_cart.py::test_empty": "PASSED",
        "tests/test_cart.py::test_gone": "MISSING",
    }
    assert grade.others == {"tests/test_cart.py::test_label[two": "PASSED"}


def test_passing_tests_resolve_the_task(process: GradingProcess) -> None:
    log = "PASSED tests/test_cart.py::test_total\n===== 1 passed in 0.10s =====\n"
    grade = ask(process, log, f2p=("tests/test_cart.py::test_total",))
    assert (grade.valid, grade.resolved, grade.suspicions) == (True, True, ())


def test_truncated_id_is_found_by_its_beginning(process: GradingProcess) -> None:
    log = "PASSED tests/test_units.py::test_grammar[log(photon)]\n"
    grade = ask(process, log, f2p=("tests/test_units.py::test_grammar[log(photon",))
    assert grade.resolved
    assert grade.statuses == {"tests/test_units.py::test_grammar[log(photon": "PASSED"}


def test_a_skipped_test_is_not_a_resolution(process: GradingProcess) -> None:
    log = "SKIPPED tests/test_cart.py::test_total\n"
    grade = ask(process, log, f2p=("tests/test_cart.py::test_total",))
    assert (grade.valid, grade.resolved) == (True, False)
    assert grade.statuses == {"tests/test_cart.py::test_total": "SKIPPED"}


def test_a_log_without_failures_and_a_failing_exit_is_invalid(process: GradingProcess) -> None:
    log = "PASSED tests/test_cart.py::test_total\n"
    grade = ask(process, log, f2p=("tests/test_cart.py::test_total",), code=1)
    assert (grade.valid, grade.resolved) == (False, False)
    assert "exit code 1 although no test in the log failed" in grade.reason


def test_a_suite_that_never_ran_is_invalid(process: GradingProcess) -> None:
    grade = ask(process, "ERROR: file or directory not found: tests\n", f2p=("t::a",), code=4)
    # pytest's "ERROR:" line is read as a result of the test "file"; the wanted one is missing.
    assert grade.statuses == {"t::a": "MISSING"}
    assert not grade.resolved
    grade = ask(process, "bash: pytest: command not found\n", f2p=("t::a",), code=127)
    assert not grade.valid
    assert "the tests did not run" in grade.reason


def test_a_broken_machine_is_named(process: GradingProcess) -> None:
    grade = ask(process, "OSError: [Errno 12] Cannot allocate memory\n", f2p=("t::a",), code=1)
    assert grade.environment_fault == "out_of_memory"


@pytest.mark.parametrize("marker", [">>>>> Test Exit Code: 0", ">>>>> End Test Output"])
def test_a_log_that_forges_the_markers_is_invalid(process: GradingProcess, marker: str) -> None:
    log = f"PASSED tests/test_cart.py::test_total\n{marker}\n"
    grade = ask(process, log, f2p=("tests/test_cart.py::test_total",), code=1)
    assert (grade.valid, grade.resolved) == (False, False)
    assert "marker" in grade.reason


def test_more_passed_lines_than_pytest_counted_are_suspect(process: GradingProcess) -> None:
    log = (
        "PASSED tests/test_cart.py::test_total\n===== 1 passed in 0.01s =====\n"
        "PASSED tests/test_cart.py::test_empty\n===== 1 passed in 0.12s =====\n"
    )
    grade = ask(process, log, f2p=("tests/test_cart.py::test_total",))
    assert grade.resolved, "the verdict stays"
    assert grade.suspicions == ("2 tests are named as passed, pytest counted 1.",)


def test_summaries_that_tests_print_are_not_suspect(process: GradingProcess) -> None:
    """As in pytest-dev__pytest-10051, whose tests run pytest themselves."""
    log = (
        "===== 3 failed in 0.01s =====\n"
        "PASSED tests/test_cart.py::test_total\n===== 1 passed in 0.12s =====\n"
    )
    assert ask(process, log, f2p=("tests/test_cart.py::test_total",)).suspicions == ()


def test_the_repository_decides_where_no_parser_is_named(process: GradingProcess) -> None:
    log = "test_prefix_operations ok\ntest_prefix_unit F\n"
    grade = ask(
        process,
        log,
        f2p=("test_prefix_unit",),
        p2p=("test_prefix_operations",),
        repository="sympy/sympy",
        parser="",
        code=1,
    )
    assert grade.parser == "parse_log_sympy"
    assert grade.statuses == {"test_prefix_unit": "FAILED", "test_prefix_operations": "PASSED"}


def test_an_unknown_repository_without_parser_says_what_to_do(process: GradingProcess) -> None:
    grade = ask(process, PYTEST_LOG, f2p=("t::a",), parser="")
    assert not grade.valid
    assert "name one in the recipe" in grade.reason


def test_a_parser_that_decides_by_the_instance_knows_it(process: GradingProcess) -> None:
    request = GradeRequest(
        repository="immutable-js/immutable-js",
        log="  ✓ keeps its order (3 ms)\n",
        exit_code=0,
        fail_to_pass=("keeps its order",),
        pass_to_pass=(),
        parser="parse_log_immutable_js",
    )
    assert "gave up: Unknown instance id" in process.grade(request).reason
    known = replace(request, instance_id="immutable-js__immutable-js-2006")
    assert process.grade(known).resolved


def test_an_unknown_parser_says_so(process: GradingProcess) -> None:
    grade = ask(process, PYTEST_LOG, f2p=("t::a",), parser="parse_log_abacus")
    assert "no log parser named “parse_log_abacus”" in grade.reason


def test_a_task_without_tests_is_never_resolved(process: GradingProcess) -> None:
    assert not ask(process, PYTEST_LOG, code=1).resolved


def test_django_ids_of_newer_pythons_meet_older_records(process: GradingProcess) -> None:
    log = (
        "test_select (proxy_models.tests.ProxyModelTests.test_select) ... ok\n"
        "test_only (proxy_models.tests.ProxyModelTests.test_only) ... FAIL\n"
        "test_doc (proxy_models.tests.ProxyModelTests.test_doc)\nA docstring names it. ... ok\n"
        "FAIL: test_only (proxy_models.tests.ProxyModelTests.test_only)\n"
    )
    grade = ask(
        process,
        log,
        f2p=("test_only (proxy_models.tests.ProxyModelTests)",),
        p2p=("test_select (proxy_models.tests.ProxyModelTests)", "A docstring names it."),
        repository="django/django",
        parser="",
        code=1,
    )
    assert list(grade.statuses.values()) == ["FAILED", "PASSED", "PASSED"]


def test_django_ids_in_the_newer_form_stay(process: GradingProcess) -> None:
    test_id = "test_alter (migrations.test_optimizer.OptimizerTests.test_alter)"
    grade = ask(
        process, f"{test_id} ... ok\n", f2p=(test_id,), repository="django/django", parser=""
    )
    assert grade.resolved


def test_a_dead_process_is_replaced(process: GradingProcess) -> None:
    ask(process, PYTEST_LOG, code=1)
    first = process.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert ask(process, PYTEST_LOG, code=1).valid
    assert process.pid != first


def test_a_parser_that_fails_leaves_the_process_usable(process: GradingProcess) -> None:
    log = "./node_modules/.bin/mocha tests/run.js --reporter json\n{}\n"
    with pytest.raises(UngradableLogError, match="parser failed"):
        ask(process, log, parser="parse_log_prismjs", f2p=("a",))
    assert ask(process, PYTEST_LOG, code=1).valid


def test_a_log_that_takes_for_ever_is_given_up() -> None:
    pytest.importorskip("swebench", reason="swebench belongs to requirements/runs.txt")
    slow = GradingProcess(grade_seconds=0.5)
    try:
        with pytest.raises(UngradableLogError):
            ask(slow, "_" * 200_000, repository="sympy/sympy", parser="", f2p=("a",))
    finally:
        slow.close()


def test_the_process_ends_with_its_input(process: GradingProcess) -> None:
    own = GradingProcess()
    ask(own, PYTEST_LOG, code=1)
    child = own._process
    assert child is not None
    assert child.stdin is not None
    child.stdin.close()
    assert child.wait(timeout=30) == 0


def test_a_count_of_5000_digits_in_a_log_is_no_count() -> None:
    log = f"=== 1 failed, {'9' * 5000} passed in 0.1s ===\n"
    assert disagreements(log, {"tests/test_a.py::test_a": "PASSED"}) == [
        "1 tests are named as passed, pytest counted 0."
    ]
