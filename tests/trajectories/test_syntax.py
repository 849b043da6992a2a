"""Colours from syntax trees: right in the middle of a file, and never another text."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.highlighting import ColouredLine, colour_lines

PYTHON = '''\
@cached(size=1)
class Parser(Base):
    """Reads
    lines."""

    def read(self, text: str = "") -> None:
        # ü: a comment
        if text is not None and len(text) > 1.5:
            raise ValueError(f"bad {text!r}")
        return """no
        docstring"""
'''
PATHS = ["a.py", "a.js", "a.ts", "a.tsx", "a.java", "a.go", "a.rs", "a.c", "a.cpp", "a.rb", "a.php",
         "a.sh", "a.html", "a.unknown"]  # fmt: skip


def texts(lines: Sequence[ColouredLine]) -> list[str]:
    return ["".join(text for _, text in line) for line in lines]


def classes_of(line: ColouredLine) -> dict[str, str]:
    return {text: css for css, text in line if css}


def coloured(text: str, path: str = "a.py") -> Sequence[ColouredLine]:
    return colour_lines(text.split("\n"), path)


def test_each_kind_of_token_has_its_colour() -> None:
    lines = coloured(PYTHON)
    assert classes_of(lines[0]) == {"@cached": "tok-builtin", "1": "tok-number"}
    assert classes_of(lines[1]) == {"class": "tok-keyword", "Parser": "tok-name"}
    assert classes_of(lines[5]) == {
        "def": "tok-keyword",
        "read": "tok-name",
        "self": "tok-builtin",
        "str": "tok-builtin",
        '""': "tok-string",
        "None": "tok-number",
    }
    assert classes_of(lines[6]) == {"# ü: a comment": "tok-comment"}
    assert classes_of(lines[8])["raise"] == "tok-keyword"
    assert [part for part in lines[8] if part[1] == "{text!r}"] == [("", "{text!r}")]


def test_a_docstring_is_a_comment_and_another_long_string_is_not() -> None:
    lines = coloured(PYTHON)
    assert [lines[2][-1], lines[3][0]] == [
        ("tok-comment", '"""Reads'),
        ("tok-comment", '    lines."""'),
    ]
    assert lines[10] == (("tok-string", '        docstring"""'),)


def test_a_line_has_the_same_colours_whichever_is_looked_at_first() -> None:
    text = "\n".join(f'"""\n{PYTHON}x = {number}' for number in range(30))
    forwards = list(coloured(text))
    lines = coloured(text + "\n")
    backwards = [lines[row] for row in reversed(range(len(forwards)))]
    assert backwards[::-1] == forwards


def test_a_part_of_the_lines_can_be_taken() -> None:
    lines = coloured(PYTHON)
    assert lines[2:4] == [lines[2], lines[3]]
    assert lines[-1] == lines[len(lines) - 1]
    with pytest.raises(IndexError):
        lines[len(lines)]


@given(st.sampled_from(PATHS), st.lists(st.text(st.characters(exclude_characters="\n"))))
def test_the_text_of_a_line_never_changes(path: str, lines: list[str]) -> None:
    assert texts(colour_lines(lines, path)) == lines


@given(
    st.sampled_from(PATHS),
    st.text(st.sampled_from("\"'`#/*{}()[]\\ \n=.:;@$<>%ab1é\udce9"), max_size=200),
)
def test_the_text_of_broken_code_never_changes(path: str, text: str) -> None:
    assert texts(coloured(text, path)) == text.split("\n")


@pytest.mark.parametrize("bracket", ["(", "[", "{", "((", "f(", "-"])
def test_code_that_is_nothing_but_depth_is_shown_soon(bracket: str) -> None:
    lines = [bracket * (4_000 // len(bracket))] * 90
    start = time.perf_counter()
    assert texts(colour_lines(lines, "deep.py")[60:70]) == lines[60:70]
    assert time.perf_counter() - start < 5


def test_the_middle_of_a_long_file_costs_little_more_than_its_parsing() -> None:
    lines = (PYTHON * 400).split("\n")
    start = time.perf_counter()
    assert coloured("\n".join(lines))[2_000]
    assert time.perf_counter() - start < 1
