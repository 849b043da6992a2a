from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.words import Piece, line_diff, word_diff
from reviews.changes import Change, FieldChange, WholeChange, compare, compare_whole
from tests.reviews.factories import make_content, step_content
from tests.reviews.whole import TEST_ID, judged, whole_content

A, B, C = step_content(), step_content(), step_content()


def marks(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[Change]:
    return [
        change.change for change in compare(make_content(*before), make_content(*after)).values()
    ]


def test_same_steps_are_unchanged() -> None:
    assert marks([A, B], [A, B]) == [Change.UNCHANGED, Change.UNCHANGED]


def test_new_and_removed_steps_are_told_by_uid() -> None:
    assert marks([A, B], [A, C]) == [Change.UNCHANGED, Change.NEW, Change.REMOVED]


def test_step_that_left_its_order_is_moved() -> None:
    assert marks([A, B, C], [C, A, B]) == [Change.MOVED, Change.UNCHANGED, Change.UNCHANGED]


def test_changed_fields_are_named() -> None:
    after = {**A, "kind": "dead_end", "citations": []}
    change = compare(make_content(A), make_content(after))[A["uid"]]
    assert [field.label for field in change.fields] == ["kind", "citations"]


def test_long_texts_are_not_compared_by_words() -> None:
    assert word_diff("a " * 9000, "b " * 9000) == ()


words = st.text(alphabet="ab c.\n", max_size=60)


@given(words, words)
def test_word_diff_holds_both_texts(before: str, after: str) -> None:
    pieces = word_diff(before, after)
    assert "".join(piece.text for piece in pieces if not piece.is_new) == before
    assert "".join(piece.text for piece in pieces if not piece.is_old) == after


# --- version 3 ------------------------------------------------------------------------------------


def changed(before: dict[str, Any], after: dict[str, Any], uid: str) -> dict[str, str]:
    """Return what changed of a step, by field: `-old +new =kept`."""
    return told(compare(before, after)[uid].fields)


def told(fields: Iterable[FieldChange]) -> dict[str, str]:
    def mark(piece: Piece) -> str:
        return f"{'-' if piece.is_old else '+' if piece.is_new else '='}{piece.text.strip()}"

    return {
        field.label: " ".join(mark(piece) for piece in field.pieces if piece.text.strip())
        for field in fields
    }


@pytest.mark.parametrize(
    ("number", "details", "says"),
    [
        (1, {"test": "Call it twice."}, {"how to test it": "=Call it +twice =."}),
        (1, {"outcome": "open", "settled_by": ""}, {"how it ended": "-confirmed +left open"}),
        (4, {"hunks": []}, {"hunks": "-pkg/core.py −1,2 +1,2"}),
        (5, {"tests": ["tests/x.py::y"]}, {"tests": f"-{TEST_ID} +tests/x.py::y"}),
        (6, {"cost_steps": None}, {"cost in steps": "-3"}),
        (6, {"visible_from": 5}, {"could be seen from step": "-2 +5"}),
    ],
)
def test_fields_of_a_kind_are_told_with_both_values(
    number: int, details: dict[str, Any], says: dict[str, str]
) -> None:
    before = whole_content()
    after = copy.deepcopy(before)
    step = after["reasoning_steps"][number]
    step["details"] |= details
    assert says.items() <= changed(before, after, step["uid"]).items()


def test_lists_are_told_by_their_items() -> None:
    before = whole_content()
    after = copy.deepcopy(before)
    decision = after["reasoning_steps"][3]
    decision["options"][1]["considered_by"] = "agent"
    decision["relations"] = [{"type": "answers", "to": before["root_cause"]["uid"]}]
    says = changed(before, after, decision["uid"])
    assert says["relations"] == "+answers the root cause"
    assert says["options"].endswith("against: reads worse; considered by -neither +the agent")


def test_the_root_cause_is_compared_like_a_step() -> None:
    before = whole_content()
    after = copy.deepcopy(before)
    after["root_cause"]["elsewhere"] = "Generated."
    uid = before["root_cause"]["uid"]
    assert changed(before, after, uid) == {
        "why not where the gold patch changes code": "+Generated."
    }
    gone = compare(before, {**before, "root_cause": None})
    assert gone[uid].change == Change.REMOVED


def test_judgements_that_changed_alike_are_told_together() -> None:
    before = whole_content(judgements=[judged(step, "neutral") for step in (1, 2, 3, 5)])
    kept = [judged(3, "neutral")]
    missteps = [judged(step, "misstep", misstep="overreach") for step in (1, 2, 5)]
    after = {**before, "judgements": [*kept, *missteps, judged(9, "productive")]}
    assert told(compare_whole(before, after).judgements) == {
        "steps 1-2, 5": "-neutral +misstep, Overreach",
        "step 9": "+productive",
    }


def test_the_first_review_of_version_3_tells_the_whole_overview() -> None:
    before, after = make_content(step_content()), whole_content()
    whole = compare_whole(before, after)
    assert told(whole.overview)["kind of task"] == "+Bug fix"
    assert told(whole.overview)["tests fair"] == "+2"
    assert whole.diagnosis == ()


def test_nothing_changed_between_equal_contents() -> None:
    content = whole_content()
    assert compare_whole(content, copy.deepcopy(content)) == WholeChange((), (), (), ())
    assert {each.change for each in compare(content, content).values()} == {Change.UNCHANGED}


def test_a_list_of_items_that_look_alike_shows_no_words() -> None:
    assert line_diff(["a"], ["a"]) == ()


def test_waivers_are_told_apart_by_their_place() -> None:
    before = whole_content()
    uid = before["reasoning_steps"][0]["uid"]
    added = {"check": "step-has-evidence", "place": f"{uid}/citations/", "reason": "It is known."}
    after = {**before, "waivers": [{**before["waivers"][0], "reason": "White space."}, added]}
    assert told(compare_whole(before, after).waivers) == {
        "waiver of hunk-explained (gold:x)": "-Only white +White =space.",
        "waiver of step-has-evidence (R1 “The result is too small”, citations)": "+It is known.",
    }
