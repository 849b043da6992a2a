"""Overview, root cause, first diagnosis and judgements."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest

from annotator.checks.whole import WHOLE_CHECKS
from annotator.facts import Facts
from tests.annotator.checks.contents import findings, good_content, told, with_overview


def _judged(**values: Any) -> dict[str, Any]:
    row = {
        "step": 2,
        "judgement": "misstep",
        "misstep": "wrong-place",
        "should_have": "Read pkg/core.py.",
        "is_decisive": True,
    }
    return {**good_content(), "judgements": [{**row, **values}]}


def test_finds_nothing_in_a_whole_annotation() -> None:
    assert findings(good_content(), WHOLE_CHECKS) == ()
    assert findings(_judged(), WHOLE_CHECKS) == ()


def test_asks_nothing_that_earlier_versions_do_not_have() -> None:
    assert findings({"reasoning_steps": []}, WHOLE_CHECKS) == ()


@pytest.mark.parametrize(
    ("content", "severity", "beginning"),
    [
        (with_overview(task_kind=""), "block", "The kind of task is not chosen"),
        (with_overview(strategy=" "), "block", "The strategy is empty"),
        (with_overview(difficulty=""), "block", "The difficulty is not chosen"),
        (with_overview(exit=""), "block", "How the work ended is not chosen"),
        (with_overview(exit="gave_up"), "block", "The exit is “given up”, without a reason"),
        (with_overview(well_specified={}), "block", "It is not answered whether the issue"),
        (
            with_overview(tests_fair={"score": 2, "reason": ""}),
            "block",
            "The score 2 for whether the tests are fair has no reason",
        ),
        (
            with_overview(tests_fair={"score": 0, "reason": ""}),
            "warn",
            "The score 0 for whether the tests are fair has no reason",
        ),
        (
            with_overview(exit="bad_task", exit_reason="The tests ask for another name."),
            "warn",
            "The exit is “bad task”, but issue and tests are both scored 0",
        ),
        (
            with_overview(exit="error_found", exit_reason="It patched the caller."),
            "warn",
            "The exit is “error found”, but no step is judged a misstep",
        ),
        ({**good_content(), "root_cause": None}, "block", "The root cause is not stated"),
        ({**good_content(), "judgements": []}, "warn", "No step of the trajectory is judged"),
        (_judged(is_decisive=False), "warn", "No step is marked as decisive"),
        (_judged(misstep=""), "block", "Step 2 is judged a misstep without its kind"),
        (_judged(misstep="bad-luck"), "block", "Step 2 is judged a misstep of the kind “bad-luck”"),
        (_judged(should_have=""), "block", "Step 2 is judged a misstep, but not what should"),
        (_judged(judgement="neutral"), "warn", "Step 2 is judged neutral, but described as a mis"),
    ],
)
def test_finds_what_is_missing(content: dict[str, Any], severity: str, beginning: str) -> None:
    (found,) = told(findings(content, WHOLE_CHECKS))

    assert found[0] == severity
    assert found[1].startswith(beginning)


def test_a_feature_may_have_no_root_cause() -> None:
    content = {**with_overview(task_kind="feature"), "root_cause": None}

    assert [severity for severity, _ in told(findings(content, WHOLE_CHECKS))] == ["warn"]


def test_a_batch_that_is_blind_first_asks_for_the_diagnosis() -> None:
    facts = Mock(Facts, is_blind=True)

    (found,) = told(findings(good_content(), WHOLE_CHECKS, facts))

    assert found == ("block", "The first diagnosis is not committed yet; this batch asks for it.")


def test_a_dead_end_covers_a_misstep() -> None:
    content = _judged()
    chain = content["reasoning_steps"]
    chain.insert(1, {**chain[0], "uid": "0" * 36, "kind": "dead_end", "covers": [2]})
    assert findings(content, WHOLE_CHECKS) == ()
    content["judgements"][0].update(judgement="neutral", misstep="", should_have="")
    assert told(findings(content, WHOLE_CHECKS)) == [
        (
            "warn",
            "R2 is a dead end, but none of the steps that it covers is judged a misstep; judge the "
            "one in which it went wrong.",
        )
    ]


def test_a_waiver_names_a_check_and_says_why() -> None:
    waivers = [
        {"check": "exit-fits", "place": "//exit", "reason": " "},
        {"check": "no-such", "place": "//", "reason": "It is a sample."},
        {"check": "exit-fits", "place": "//exit", "reason": "It is a sample."},
    ]
    found = told(findings({**good_content(), "waivers": waivers}, WHOLE_CHECKS))
    assert found == [
        ("warn", "The waiver of exit-fits has no reason; give it."),
        ("warn", "There is no check “no-such”; take its waiver out."),
    ]
