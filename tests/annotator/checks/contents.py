"""An annotation in which nothing is to be found, and ways to spoil it."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any
from unittest.mock import Mock
from uuid import UUID

from annotator.checks import Check, Finding, Severity, Subject, run_checks
from annotator.facts import Facts

Content = dict[str, Any]


def uid(number: int) -> str:
    return str(UUID(int=number))


def citation(number: int = 1, kind: str = "thought", **target: Any) -> Content:
    quote = "I run the reproduction"
    return {
        "uid": uid(1000 + number),
        "kind": kind,
        "target": target or {"step": 1},
        "quote": quote,
        "prefix": "",
        "suffix": "",
        "start": 0,
        "end": len(quote),
        "content_sha256": "0" * 64,
    }


# What the chain cites of the trajectory: reasoning step to step.
_CITED = {1: 1, 2: 1, 3: 2}


def step(number: int, kind: str, claim: str, **values: Any) -> Content:
    details = values.pop("details", {})
    return {
        "uid": uid(number),
        "kind": kind,
        "claim": claim,
        "rationale": f"Part {number} of the evidence says it.",
        "details": details,
        "options": [],
        "covers": [],
        "relations": [],
        "citations": [citation(number, step=_CITED.get(number, 3))],
        "probes": [],
        **values,
    }


def option(title: str, *, chosen: bool = False, **values: Any) -> Content:
    return {
        "title": title,
        "for": "It is where the sign is taken.",
        "against": "" if chosen else "It would leave add() wrong for every other caller.",
        "considered_by": "both",
        "chosen": chosen,
        "evidence": [],
        **values,
    }


def good_content(n_steps: int = 3) -> Content:
    """Return a whole annotation of version 3 about a trajectory of `n_steps` steps."""
    hunk = {
        "which": "gold",
        "path": "pkg/core.py",
        "old_start": 1,
        "old_count": 3,
        "new_start": 1,
        "new_count": 3,
    }
    chain = [
        step(1, "observation", "add(1, 2) prints -1.", covers=[1]),
        step(
            2,
            "hypothesis",
            "The operator is the wrong one.",
            details={"test": "Read the body of add.", "outcome": "confirmed", "settled_by": uid(3)},
        ),
        step(
            3,
            "experiment",
            "With the operator turned the sum is right.",
            details={"stands_on": "trajectory", "expected": "3 instead of -1."},
            covers=[2],
            relations=[{"type": "supports", "to": uid(2)}],
        ),
        step(
            4,
            "decision",
            "The function is mended, not its callers.",
            details={"question": "Where does the sign belong?"},
            options=[option("mend the function", chosen=True), option("mend each caller")],
        ),
        step(
            5,
            "change",
            "The operator becomes a plus.",
            rationale="It is the only place where the two numbers meet.",
            details={"hunks": [hunk], "also_changed": ""},
        ),
        step(
            6,
            "verification",
            "The sum of one and two is three.",
            rationale="The test adds two numbers of the same sign.",
            details={"tests": ["tests/test_core.py::test_add"], "does_not_show": "Overflow."},
        ),
    ]
    cause = step(7, "", "The body of add subtracts.", citations=[citation(7)])
    return {
        "schema_version": 3,
        "task": {},
        "trajectory": {"n_steps": n_steps},
        "first_diagnosis": "",
        "diagnosis_committed_at": None,
        "edit_count": 1,
        "overview": {
            "task_kind": "bug_fix",
            "strategy": "Reproduce, read the one function that is named, turn its operator.",
            "explains": "gold",
            "difficulty": "under_15_min",
            "exit": "solved",
            "exit_reason": "",
            "well_specified": {"score": 0, "reason": "Call and result are both given."},
            "tests_fair": {"score": 0, "reason": "It asks for the sum that the issue asks for."},
        },
        "root_cause": {
            key: cause[key] for key in ("uid", "claim", "rationale", "citations", "probes")
        }
        | {"elsewhere": ""},
        "misstep_list": 1,
        "judgements": [
            {
                "step": 1,
                "judgement": "productive",
                "misstep": "",
                "should_have": "",
                "is_decisive": True,
            }
        ],
        "waivers": [],
        "reasoning_steps": chain,
    }


def with_step(number: int, **values: Any) -> Content:
    """Return the good content with fields of one step of the chain replaced."""
    content = copy.deepcopy(good_content())
    content["reasoning_steps"][number - 1].update(values)
    return content


def with_details(number: int, **details: Any) -> Content:
    content = copy.deepcopy(good_content())
    content["reasoning_steps"][number - 1]["details"].update(details)
    return content


def with_overview(**values: Any) -> Content:
    content = copy.deepcopy(good_content())
    content["overview"].update(values)
    return content


def findings(
    content: Content, checks: Iterable[Check], facts: Facts | None = None
) -> tuple[Finding, ...]:
    """Run checks that must not fail themselves."""
    report = run_checks(Subject(content, facts or Mock(Facts, is_blind=False)), checks)
    assert not report.broken
    return report.findings


def told(found: Iterable[Finding]) -> list[tuple[str, str]]:
    """Return severity and message of each."""
    return [(finding.severity.value, finding.message) for finding in found]


def blocks(found: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in found if finding.severity is Severity.BLOCK]
