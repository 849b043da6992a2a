from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from reviews.changes import Change, compare, word_diff
from tests.reviews.factories import make_content, step_content

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
