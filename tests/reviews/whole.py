"""A submission of version 3 with something in every field."""

from __future__ import annotations

import uuid
from typing import Any

from tests.reviews.factories import citation_content, make_content

HUNK = {
    "which": "gold",
    "path": "pkg/core.py",
    "old_start": 1,
    "old_count": 2,
    "new_start": 1,
    "new_count": 2,
}
TEST_ID = "tests/test_core.py::test_add"


def uid() -> str:
    return str(uuid.uuid4())


def whole_step(kind: str, claim: str, **fields: Any) -> dict[str, Any]:
    """Return a step of version 3; `details` have to be those of its kind."""
    return {
        "uid": uid(),
        "kind": kind,
        "claim": claim,
        "rationale": "",
        "details": {},
        "options": [],
        "covers": [],
        "relations": [],
        "citations": [],
        "probes": [],
        **fields,
    }


def option(title: str, **fields: Any) -> dict[str, Any]:
    empty = {"for": "", "against": "", "considered_by": "", "chosen": False, "evidence": []}
    return {"title": title, **empty, **fields}


def judged(step: int, judgement: str, **fields: Any) -> dict[str, Any]:
    empty = {"misstep": "", "should_have": "", "is_decisive": False}
    return {"step": step, "judgement": judgement, **empty, **fields}


def overview(**fields: Any) -> dict[str, Any]:
    return {
        "task_kind": "bug_fix",
        "strategy": "Read the **body** first.",
        "explains": "gold",
        "difficulty": "under_15_min",
        "exit": "error_found",
        "exit_reason": "The agent never ran the test.",
        "well_specified": {"score": 0, "reason": ""},
        "tests_fair": {"score": 2, "reason": "They ask for a name."},
        **fields,
    }


def root_cause(**fields: Any) -> dict[str, Any]:
    return {
        "uid": uid(),
        "claim": "add() subtracts",
        "rationale": "The operator is wrong.",
        "elsewhere": "",
        "citations": [citation_content()],
        "probes": [],
        **fields,
    }


def chain(cause: str) -> list[dict[str, Any]]:
    """Return a step of each kind; `cause` is the uid of the root cause."""
    cited = citation_content()
    seen = whole_step("observation", "The result is too small", covers=[1])
    experiment = whole_step(
        "experiment",
        "Called with 2 and 3",
        details={"stands_on": "trajectory", "expected": "5"},
        covers=[1, 2],
    )
    guess = whole_step(
        "hypothesis",
        "The sign is wrong",
        details={"test": "Call it.", "outcome": "confirmed", "settled_by": experiment["uid"]},
        relations=[{"type": "supports", "to": cause}],
    )
    experiment["relations"] = [{"type": "supports", "to": guess["uid"]}]
    decision = whole_step(
        "decision",
        "Change the operator",
        details={"question": "Operator or operand?"},
        options=[
            option("Operator", considered_by="both", chosen=True, evidence=[cited["uid"]]),
            option("Negate b", against="reads worse", considered_by="neither"),
        ],
        citations=[cited],
    )
    change = whole_step(
        "change",
        "The operator becomes a plus",
        details={"hunks": [HUNK], "also_changed": "Nothing."},
        relations=[{"type": "answers", "to": decision["uid"]}],
    )
    verification = whole_step(
        "verification",
        "The failing test passes",
        details={"tests": [TEST_ID], "does_not_show": "Overflow."},
    )
    dead_end = whole_step(
        "dead_end",
        "Looked at sub()",
        details={"visible_from": 2, "cost_steps": 3, "instead": "Read add()."},
        relations=[{"type": "refutes", "to": guess["uid"]}],
    )
    return [seen, guess, experiment, decision, change, verification, dead_end]


def whole_content(**fields: Any) -> dict[str, Any]:
    """Return content of version 3; `submit` adds what it is about."""
    cause = root_cause()
    steps = chain(cause["uid"])
    return {
        **make_content(*steps),
        "schema_version": 3,
        "diagnosis_committed_at": "2026-11-23T07:01:02+00:00",
        "overview": overview(),
        "root_cause": cause,
        "misstep_list": 1,
        "judgements": [
            judged(1, "productive"),
            judged(2, "misstep", misstep="overreach", should_have="Stop.", is_decisive=True),
        ],
        "waivers": [
            {"check": "hunk-explained", "place": "//gold:x", "reason": "Only white space."}
        ],
        **fields,
    }
