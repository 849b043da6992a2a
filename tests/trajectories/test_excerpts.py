from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from trajectories.excerpts import (
    CHUNK_CHARS,
    CHUNK_ROWS,
    ROW_CHARS,
    Limits,
    Rows,
    Span,
    around,
    gaps_between,
    opened,
    shown_spans,
)

SMALL = Limits(
    whole_rows=6, whole_chars=9_000, head_rows=3, head_chars=5_000, tail_rows=2, tail_chars=3_000
)
LENGTHS = st.lists(st.integers(0, 3 * ROW_CHARS), min_size=1, max_size=40)


def text_of(lengths: list[int]) -> list[str]:
    return [str(number % 10) * length for number, length in enumerate(lengths)]


def shown(rows: Rows, lines: list[str], span: Span) -> str:
    parts = []
    for index in range(span.first, span.last):
        row = rows.row(index)
        parts.append(lines[row.line - 1][row.start : row.end] + ("\n" if row.ends_line else ""))
    return "".join(parts)


@given(LENGTHS)
def test_the_rows_together_are_the_text(lengths: list[int]) -> None:
    rows, lines = Rows(lengths), text_of(lengths)
    assert shown(rows, lines, Span(0, len(rows))) == "\n".join(lines) + "\n"


@given(LENGTHS, st.integers(-2, 45), st.integers(-2, 45))
def test_what_is_shown_and_the_gaps_are_the_text(lengths: list[int], one: int, other: int) -> None:
    rows = Rows(lengths)
    wanted = rows.of_lines(one, other)
    spans = shown_spans(rows, SMALL, [around(rows, wanted)])
    everything = sorted([*spans, *gaps_between(spans)])
    assert everything[0].first == 0
    assert everything[-1].last == len(rows)
    assert all(a.last == b.first for a, b in pairwise(everything))
    assert not wanted or any(s.first <= wanted.first and wanted.last <= s.last for s in spans)


@given(LENGTHS, st.sampled_from(["next", "previous", "all"]))
def test_a_gap_opens_until_nothing_is_left(lengths: list[int], how: str) -> None:
    rows = Rows(lengths * 30)
    gap = Span(0, len(rows))
    for _ in range(len(rows)):
        part = opened(rows, gap, how)
        assert len(part) > 0
        assert how == "all" or len(part) == 1 or rows.n_chars_of(part) <= CHUNK_CHARS
        assert how == "all" or len(part) <= CHUNK_ROWS
        gap = Span(gap.first, part.first) if how == "previous" else Span(part.last, gap.last)
        if not gap:
            return
    raise AssertionError("some rows never opened")


def test_a_gap_that_lies_outside_the_text_opens_nothing() -> None:
    assert len(opened(Rows([1, 2]), Span(7, 9), "next")) == 0


def test_a_huge_line_shows_its_beginning_and_its_end() -> None:
    rows = Rows([1_000_000])
    assert len(rows) == 500
    assert shown_spans(rows, SMALL) == [Span(0, 2), Span(499, 500)]
    assert rows.n_lines_of(Span(2, 499)) == 1
