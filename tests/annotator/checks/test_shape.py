"""What each kind of step must say, and how steps hang together."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.checks.shape import SHAPE_CHECKS, circles
from tests.annotator.checks.contents import (
    Content,
    findings,
    good_content,
    option,
    told,
    uid,
    with_details,
    with_step,
)


def test_finds_nothing_in_a_whole_annotation() -> None:
    assert findings(good_content(), SHAPE_CHECKS) == ()


def test_asks_nothing_that_earlier_versions_do_not_have() -> None:
    content = with_details(2, test="", outcome="", settled_by="")
    del content["overview"]

    assert findings(content, SHAPE_CHECKS) == ()


def test_takes_a_draft_in_which_nearly_everything_is_missing() -> None:
    bare = [{"uid": uid(1), "kind": "decision"}, {"uid": uid(2), "kind": "hypothesis"}]

    found = findings({"overview": {}, "reasoning_steps": bare}, SHAPE_CHECKS)

    assert {finding.place.step for finding in found} >= {uid(1), uid(2)}


def _with_copy() -> Content:
    content = good_content()
    content["reasoning_steps"].append(content["reasoning_steps"][5])
    return content


_GAPS: list[tuple[str, Content, str, str]] = [
    ("no claim", with_step(1, claim=" "), "block", "R1 has no claim"),
    ("one option", with_step(4, options=[option("a", chosen=True)]), "block", "R4 is a decision w"),
    (
        "no option chosen",
        with_step(4, options=[option("a"), option("b")]),
        "block",
        "R4 is a decision without a chosen option",
    ),
    (
        "two chosen",
        with_step(4, options=[option("a", chosen=True), option("b", chosen=True)]),
        "block",
        "R4 has 2 chosen",
    ),
    (
        "no reason against",
        with_step(4, options=[option("a", chosen=True), option("b", against=" ")]),
        "block",
        "R4 rejects “b” without",
    ),
    (
        "one of two reasons against",
        with_step(4, options=[option("a", chosen=True), option("b"), option("c", against="")]),
        "warn",
        "R4 rejects “c” without",
    ),
    (
        "no reason for",
        with_step(4, options=[option("a", chosen=True, **{"for": ""}), option("b")]),
        "warn",
        "R4 takes “a” without",
    ),
    (
        "evidence that is gone",
        with_step(4, options=[option("a", chosen=True, evidence=[uid(9)]), option("b")]),
        "warn",
        "R4 rests “a” on a citation that the step does not have",
    ),
    (
        "the same option twice",
        with_step(4, options=[option("a", chosen=True), option("A ")]),
        "warn",
        "R4 has two options called “a”",
    ),
    (
        "what the patch did not consider is taken",
        with_step(
            4,
            options=[
                option("mend the function", considered_by="gold"),
                option("mend each caller", chosen=True, considered_by="neither"),
            ],
        ),
        "warn",
        "R4 takes “mend each caller”, which the explained patch did not consider",
    ),
    ("no rationale", with_step(1, rationale=" "), "warn", "R1 has a claim, but no rationale"),
    ("no question", with_details(4, question=""), "block", "R4 is a decision without a question"),
    ("no outcome", with_details(2, outcome=""), "block", "R2 is a hypothesis that does not say"),
    ("no settlement", with_details(2, settled_by=""), "block", "R2 is confirmed, but no step"),
    ("itself", with_details(2, settled_by=uid(2)), "block", "R2 is said to settle itself"),
    ("earlier", with_details(2, settled_by=uid(1)), "block", "R2 is settled by R1, which stands"),
    ("unknown", with_details(2, settled_by=uid(99)), "block", "R2 is settled by a step that is n"),
    ("a change", with_details(2, settled_by=uid(5)), "warn", "R2 is settled by R5, a change"),
    ("open", with_details(2, outcome="open"), "warn", "R2 is left open, yet names a step"),
    (
        "refuted by what supports it",
        with_details(2, outcome="refuted"),
        "block",
        "R2 is refuted, but R3 supports it",
    ),
    ("no evidence", with_step(1, citations=[], covers=[]), "block", "R1 has no evidence"),
    ("steps only", with_step(1, citations=[]), "warn", "R1 names steps of the trajectory, but"),
    ("hunks only", with_step(5, citations=[]), "warn", "R5 names hunks, but cites nothing"),
    (
        "itself related",
        with_step(3, relations=[{"type": "supports", "to": uid(3)}]),
        "block",
        "R3 supports itself",
    ),
    (
        "related to nothing",
        with_step(3, relations=[{"type": "answers", "to": uid(99)}]),
        "block",
        "R3 answers a step that is not there",
    ),
    (
        "both ways",
        with_step(3, relations=[{"type": kind, "to": uid(1)} for kind in ("supports", "refutes")]),
        "block",
        "R3 both supports and refutes R1",
    ),
    (
        "in a circle",
        with_step(2, relations=[{"type": "supports", "to": uid(3)}]),
        "block",
        "R2 supports R3 supports R2: that is a circle",
    ),
    ("a copy", _with_copy(), "block", "R7 stands there 2 times under one uid"),
    ("no test of it", with_details(2, test=""), "warn", "R2 does not say how the hypothesis can"),
    ("no expectation", with_details(3, expected=""), "warn", "R3 is an experiment without an exp"),
    ("no probe", with_details(3, stands_on="probe"), "block", "R3 is an experiment that stands o"),
    ("no hunk", with_details(5, hunks=[]), "warn", "R5 is a change without a hunk"),
    ("no why", with_step(5, rationale=""), "warn", "R5 does not say why the change"),
    ("no tests", with_details(6, tests=[]), "warn", "R6 is a verification without a test"),
    ("shows all", with_details(6, does_not_show=""), "warn", "R6 does not say what the tests lea"),
]


@pytest.mark.parametrize(
    ("content", "severity", "beginning"),
    [gap[1:] for gap in _GAPS],
    ids=[gap[0].replace(" ", "-") for gap in _GAPS],
)
def test_finds_what_is_missing(content: Content, severity: str, beginning: str) -> None:
    found = told(findings(content, SHAPE_CHECKS))

    assert [each for each in found if each[0] == severity and each[1].startswith(beginning)]


def test_a_relation_to_the_root_cause_holds() -> None:
    content = with_step(3, relations=[{"type": "answers", "to": uid(7)}])

    assert findings(content, SHAPE_CHECKS) == ()


def test_what_once_spoke_for_a_refuted_hypothesis_may_stay() -> None:
    content = with_details(2, outcome="refuted")
    content["reasoning_steps"][0]["relations"] = [{"type": "supports", "to": uid(2)}]
    content["reasoning_steps"][2]["relations"] = [{"type": "refutes", "to": uid(2)}]

    assert findings(content, SHAPE_CHECKS) == ()


@pytest.mark.parametrize(
    ("ended", "severities"),
    [("solved", ["block"]), ("", ["block"]), ("error_found", ["warn"]), ("bad_task", [])],
)
def test_a_chain_that_leads_to_a_change_is_verified(ended: str, severities: list[str]) -> None:
    content = good_content()
    content["overview"]["exit"] = ended
    content["reasoning_steps"].pop()

    assert [each[0] for each in told(findings(content, SHAPE_CHECKS))] == severities


def test_warns_where_something_stands_after_the_verification() -> None:
    content = good_content()
    content["reasoning_steps"].append(content["reasoning_steps"].pop(0))

    (found,) = told(findings(content, SHAPE_CHECKS))

    assert found[0] == "warn"
    assert found[1].startswith("The chain ends with R6, an observation; let the verification")


@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"))))
def test_a_circle_is_a_way_back_along_the_edges(edges: dict[str, Any]) -> None:
    for circle in circles(edges):
        following = (*circle[1:], circle[0])
        assert all(to in edges[at] for at, to in zip(circle, following, strict=True))


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30))))
def test_edges_that_lead_forward_make_no_circle(pairs: list[tuple[int, int]]) -> None:
    edges: dict[str, list[str]] = {}
    for low, high in (sorted(pair) for pair in pairs):
        if low != high:
            edges.setdefault(f"{low}", []).append(f"{high}")

    assert circles(edges) == []


def test_a_chain_of_thousands_is_walked() -> None:
    edges = {str(number): [str(number + 1)] for number in range(5000)}

    assert circles(edges) == []
