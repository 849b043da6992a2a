"""Hints from the trajectory, which end when an annotator judged what they point at."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from annotator.checks.hints import HINT_CHECKS
from annotator.facts import Facts
from annotator.facts.conduct import Conduct, StepConduct, TestRun
from annotator.facts.test_output import TestResult
from tests.annotator.checks.contents import findings, good_content, told
from tests.annotator.checks.recorded import parsed_in, read_conduct

PASSED = TestRun("pytest", (), TestResult("passed", 3))
FAILED = TestRun("pytest", (), TestResult("failed", 3, 1))


def _steps(*fields: dict[str, Any]) -> Iterable[StepConduct]:
    for number, values in enumerate(fields, start=1):
        yield StepConduct(**{"number": number, "kind": "run", "summary": "python x.py", **values})


def _hints(*fields: dict[str, Any], judged: tuple[int, ...] = ()) -> list[str]:
    facts = Mock(Facts, conduct=Conduct(tuple(_steps(*fields))))
    content = {**good_content(), "judgements": [{"step": step} for step in judged]}
    found = told(findings(content, HINT_CHECKS, facts))
    assert {severity for severity, _ in found} <= {"inform"}
    return [message for _, message in found]


RUN: dict[str, Any] = {"ran_program": True}
EDIT: dict[str, Any] = {"kind": "edit", "edited": frozenset({"pkg/core.py"})}
TESTS: dict[str, Any] = {"kind": "test", "test_runs": (PASSED,), "ran_program": True}


def test_says_nothing_of_work_that_reproduces_edits_and_tests() -> None:
    assert _hints(RUN, EDIT, TESTS) == []


def test_points_at_a_last_edit_without_tests() -> None:
    (hint,) = _hints(RUN, TESTS, EDIT)

    assert hint.startswith("No tests were run after the last edit, in step 3:")


def test_points_at_tests_that_were_there_and_changed() -> None:
    own: dict[str, Any] = {"kind": "edit", "created": frozenset({"tests/test_new.py"})}
    later: dict[str, Any] = {"kind": "edit", "edited": frozenset({"tests/test_new.py"})}
    old: dict[str, Any] = {"kind": "edit", "edited": frozenset({"tests/test_core.py"})}

    assert _hints(RUN, own, later, TESTS) == []
    (hint,) = _hints(RUN, old, TESTS)
    assert hint.startswith("Step 2 changed tests that were there (tests/test_core.py):")


def test_points_at_an_edit_before_anything_was_run() -> None:
    (hint,) = _hints({"kind": "read"}, EDIT, TESTS)

    assert hint.startswith("Nothing was run before the first edit, in step 2:")


def test_points_at_a_last_test_run_that_failed() -> None:
    (hint,) = _hints(RUN, EDIT, {**TESTS, "test_runs": (FAILED,)})

    assert hint.startswith("The last test run, in step 3, failed:")


def test_points_at_the_same_call_three_times_without_a_change() -> None:
    same = {**RUN, "calls_key": "a"}

    assert _hints(same, same, EDIT, same, TESTS) == []
    (hint,) = _hints(same, {"kind": "read"}, same, same)
    assert hint.startswith("Steps 1, 3 and 4 did the same (python x.py)")


def test_points_at_what_was_taken_back() -> None:
    (hint,) = _hints(RUN, {"kind": "vcs", "restored": frozenset({"."})})

    assert hint.startswith("Step 2 takes its edits back:")


def test_points_at_errors_in_a_row() -> None:
    wrong = {**RUN, "is_error": True}

    assert _hints(wrong, wrong, RUN, wrong) == []
    (hint,) = _hints(RUN, wrong, wrong, {"kind": "think"}, wrong)
    assert hint.startswith("Steps 2 to 5 failed one after the other:")


def test_a_hint_ends_when_its_step_is_judged() -> None:
    assert _hints(RUN, TESTS, EDIT, judged=(3,)) == []


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("file", "beginnings"),
    [
        ("swe-agent-0x/sonnet35__django__django-16527.traj", ["Nothing was run before the first"]),
        (
            "swe-agent-1x/demo-function_calling__marshmallow-code__marshmallow-1867.traj",
            ["No tests were run after the last edit, in step 8"],
        ),
    ],
)
def test_hints_of_real_trajectories(corpus: Path, file: str, beginnings: list[str]) -> None:
    conduct = read_conduct(parsed_in(corpus / "trajectories" / file))
    content = {**good_content(), "judgements": []}

    found = told(findings(content, HINT_CHECKS, Mock(Facts, conduct=conduct)))

    assert len(found) == len(beginnings)
    for (_, message), beginning in zip(found, beginnings, strict=True):
        assert message.startswith(beginning)
