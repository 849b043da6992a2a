"""How a test run ended, by the summary lines of the usual runners."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.facts.test_output import read_result


@pytest.mark.parametrize(
    ("output", "outcome", "passed", "failed"),
    [
        ("....\n84 passed in 0.07s\n", "passed", 84, 0),
        ("==== 1 failed, 3 passed, 2 warnings in 0.12s ====\n", "failed", 3, 1),
        ("==== 2 passed, 1 xfailed in 3.10s (0:00:03) ====", "passed", 2, 0),
        ("= no tests ran in 0.01s =", "unknown", 0, 0),
        ("2 errors in 1.20s", "failed", 0, 2),
        ("Ran 12 tests in 0.104s\n\nOK (skipped=3)\n", "passed", 12, 0),
        ("Ran 12 tests in 0.104s\n\nFAILED (failures=1, errors=2)\n", "failed", 9, 3),
        ("Ran 1 test in 0.1s\n\nFAILED (unexpected successes=1)", "failed", 0, 1),
        ("====== tests finished: 3 passed, 1 failed, in 1.00 seconds ======", "failed", 3, 1),
        ("# tests 5\n# pass 5\n# fail 0\n", "passed", 5, 0),
        ("\u2139 pass 4\n\u2139 fail 1\n", "failed", 4, 1),
        ("Tests:       1 failed, 5 passed, 6 total", "failed", 5, 1),
        ("  5 passing (3s)\n  1 failing\n", "failed", 5, 1),
        ("test result: ok. 5 passed; 0 failed; 0 ignored", "passed", 5, 0),
        ("6 examples, 1 failure", "failed", 5, 1),
        ("ok  \texample.com/pkg\t0.003s\n", "passed", 1, 0),
        ("--- FAIL: TestAdd (0.00s)\n", "failed", 0, 1),
        ("it passed in the end, 3 failed in some sense", "unknown", 0, 0),
        ("", "unknown", 0, 0),
    ],
)
def test_reads_the_summary(output: str, outcome: str, passed: int, failed: int) -> None:
    result = read_result(output)

    assert (result.outcome, result.passed, result.failed) == (outcome, passed, failed)


def test_an_exit_code_that_contradicts_leaves_it_open() -> None:
    assert read_result("5 passed in 0.1s", exit_code=1).outcome == "unknown"


@given(st.text())
def test_reads_any_output(output: str) -> None:
    assert read_result(output).outcome in {"passed", "failed", "unknown"}


@given(st.integers(1, 10**6), st.integers(0, 10**6))
def test_counts_what_pytest_counts(passed: int, failed: int) -> None:
    counts = f"{failed} failed, " * bool(failed) + f"{passed} passed"

    result = read_result(f"=== {counts} in 1.23s ===")

    assert (result.passed, result.failed) == (passed, failed)
