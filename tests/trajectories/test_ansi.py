from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trajectories.ansi import styled
from trajectories.text import clean_text

PIECES = st.sampled_from(
    ["\x1b[31m", "\x1b[0m", "\x9b1m", "\x1b[", "\x1b", "\r", "\n", "m", "38;5;", "\x1b[38;2;1;2m"]
)


@given(st.lists(st.one_of(PIECES, st.text(st.characters(), max_size=4))).map("".join))
@example("a\r\x1b[0m\r\x1b[1m\nb\r\x1b[0mc\r")
@example("\x1b\x1b[31m[31mx")
def test_styled_lines_are_the_cleaned_text(raw: str) -> None:
    lines = ["".join(text for _, text in line) for line in styled(raw)]
    assert "\n".join(lines) == clean_text(raw)


@pytest.mark.parametrize(
    ("codes", "css"),
    [
        ("31", "ansi-red"),
        ("1;92", "ansi-bold ansi-green"),
        ("4;36", "ansi-underline ansi-cyan"),
        ("30", "ansi-gray"),
        ("37", ""),
        ("38;5;208", "ansi-yellow"),
        ("38;5;240", "ansi-gray"),
        ("38;2;250;20;30", "ansi-red"),
        ("38:2::20:30:250", "ansi-blue"),
        ("38:5:201", "ansi-magenta"),
        ("41", "ansi-on-red"),
        ("33;44", "ansi-on-blue"),
        ("7", "ansi-inverse"),
        ("7;31", "ansi-on-red"),
        ("4:0", ""),
        ("8", ""),
        ("38;5", ""),
        ("38", ""),
        ("99999999", ""),
        ("31;39;1;22;4;24;7;27;42;49", ""),
    ],
)
def test_a_code_becomes_a_class(codes: str, css: str) -> None:
    assert styled(f"\x1b[{codes}mx") == [((css, "x"),)]


def test_a_colour_holds_over_lines_until_it_is_reset() -> None:
    assert styled("a\x1b[31mb\nc\x1b[md\n") == [
        (("", "a"), ("ansi-red", "b")),
        (("ansi-red", "c"), ("", "d")),
        (),
    ]
