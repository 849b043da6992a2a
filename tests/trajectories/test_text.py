from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.templatetags.texts import seconds
from trajectories.text import clean_text, shorten, storable, storable_json


def test_colours_and_titles_of_a_terminal_are_removed() -> None:
    raw = "\x1b[1;31mFAILED\x1b[0m \x1b]8;;https://example.org\x07link\x1b]8;;\x07 \x1b(Bend"
    assert clean_text(raw) == "FAILED link end"


def test_every_line_ends_in_a_line_feed() -> None:
    assert clean_text("a\r\nb\r\r\nc\rd\n") == "a\nb\nc\nd\n"


def test_control_characters_become_visible() -> None:
    assert clean_text("a\x00b\x08c\x7fd\te") == "a␀b␈c␡d\te"


def test_direction_overrides_become_visible() -> None:
    assert clean_text("if \u202euser\u2066") == "if [U+202E]user[U+2066]"


@given(st.text(st.characters()))
def test_cleaning_twice_changes_nothing(raw: str) -> None:
    cleaned = clean_text(raw)
    assert clean_text(cleaned) == cleaned


@given(st.text(st.characters(categories=("L", "N", "P", "S", "Zs"))))
def test_plain_text_is_kept_as_it_is(raw: str) -> None:
    assert clean_text(raw) == raw


@given(st.text(st.characters()))
def test_stored_text_can_be_encoded_and_holds_no_nul(raw: str) -> None:
    assert b"\0" not in storable(raw).encode()


def test_json_for_the_database_has_no_nan_and_no_nul() -> None:
    value = {"a\0": [float("nan"), "x\0", {"b": float("inf")}], "n": 1, "t": True, "z": None}
    assert storable_json(value) == {
        "a␀": [None, "x␀", {"b": None}],
        "n": 1,
        "t": True,
        "z": None,
    }


def test_a_long_line_is_shortened_with_an_ellipsis() -> None:
    assert shorten("one  two\nthree", 9) == "one two …"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, ""), (0.0, "<0.1 s"), (0.05, "0.1 s"), (12.4, "12 s"), (180, "3 min"), (9000, "2.5 h")],
)
def test_a_duration_is_written_as_a_person_would(value: float | None, shown: str) -> None:
    assert seconds(value) == shown
