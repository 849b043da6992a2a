"""Which rows of a long text are shown, and where there is more. Pure functions.

A text is shown in rows: its lines, where a line longer than ROW_CHARS is cut into several rows.
Of a long text there is a head and a tail; what lies between is a gap that opens by chunks.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

ROW_CHARS = 2_000
# What opening a gap shows at once.
CHUNK_ROWS, CHUNK_CHARS = 200, 64_000
# What an answer shows at most of what is asked for; the rest stays a gap.
MOST_ROWS, MOST_CHARS = 4_000, 2_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """Characters `start` to `end` of a line (1-based number)."""

    line: int
    start: int
    end: int
    ends_line: bool


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Rows from `first` up to `last`, exclusive, counted from 0."""

    first: int
    last: int

    def __len__(self) -> int:
        return max(0, self.last - self.first)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is shown whole, and how much of the head and tail of anything longer."""

    whole_rows: int
    whole_chars: int
    head_rows: int
    head_chars: int
    tail_rows: int
    tail_chars: int


class Rows:
    """The rows of a text, by the lengths of its lines."""

    def __init__(self, lengths: Sequence[int]) -> None:
        self._lengths = lengths
        # How many rows, and characters, stand before each line.
        self._rows_before = list(accumulate((_n_rows(length) for length in lengths), initial=0))
        self._chars_before = list(accumulate((length + 1 for length in lengths), initial=0))

    def __len__(self) -> int:
        return self._rows_before[-1]

    @property
    def n_lines(self) -> int:
        return len(self._lengths)

    @property
    def n_chars(self) -> int:
        return max(0, self._chars_before[-1] - 1)

    def row(self, index: int) -> Row:
        line = bisect_right(self._rows_before, index) - 1
        start = (index - self._rows_before[line]) * ROW_CHARS
        end = min(start + ROW_CHARS, self._lengths[line])
        return Row(line + 1, start, end, end == self._lengths[line])

    def of_lines(self, first: int, last: int) -> Span:
        """Return the rows of lines `first` to `last` (1-based, inclusive), as far as they exist."""
        first, last = max(1, first), min(last, self.n_lines)
        if first > last:
            return Span(0, 0)
        return Span(self._rows_before[first - 1], self._rows_before[last])

    def n_chars_of(self, span: Span) -> int:
        if not span:
            return 0
        return self._offset(span.last) - self._offset(span.first)

    def n_lines_of(self, span: Span) -> int:
        """Count the lines of which a part is in the span."""
        return self.row(span.last - 1).line - self.row(span.first).line + 1 if span else 0

    def _offset(self, index: int) -> int:
        """Return the number of characters before a row."""
        if index >= len(self):
            return self._chars_before[-1]
        row = self.row(index)
        return self._chars_before[row.line - 1] + row.start

    def first_of(self, span: Span, rows: int, chars: int) -> Span:
        """Return the beginning of a span, at least one row of it."""
        last = min(span.first + rows, span.last)
        limit = self._offset(span.first) + chars
        while last > span.first + 1 and self._offset(last) > limit:
            last -= 1
        return Span(span.first, last)

    def last_of(self, span: Span, rows: int, chars: int) -> Span:
        """Return the end of a span, at least one row of it."""
        first = max(span.last - rows, span.first)
        limit = self._offset(span.last) - chars
        while first < span.last - 1 and self._offset(first) < limit:
            first += 1
        return Span(first, span.last)


def _n_rows(length: int) -> int:
    return max(1, -(-length // ROW_CHARS))


def shown_spans(rows: Rows, limits: Limits, wanted: Iterable[Span] = ()) -> list[Span]:
    """Return what is shown of a text at first: all, or head, tail and what is wanted, in order."""
    everything = Span(0, len(rows))
    if len(rows) <= limits.whole_rows and rows.n_chars <= limits.whole_chars:
        return [everything]
    return _merged(
        [
            rows.first_of(everything, limits.head_rows, limits.head_chars),
            rows.last_of(everything, limits.tail_rows, limits.tail_chars),
            *(rows.first_of(span, MOST_ROWS, MOST_CHARS) for span in wanted if span),
        ]
    )


def around(rows: Rows, span: Span, n_rows: int = 5) -> Span:
    """Return a span with some rows before and after it."""
    return Span(max(0, span.first - n_rows), min(len(rows), span.last + n_rows)) if span else span


def gaps_between(spans: Sequence[Span]) -> list[Span]:
    """Return what is not shown between the spans, which are in order and apart."""
    return [Span(one.last, other.first) for one, other in pairwise(spans)]


def opened(rows: Rows, gap: Span, how: str) -> Span:
    """Return what of a gap is opened: the `next` rows, the `previous` ones, or `all`."""
    gap = Span(max(0, gap.first), min(gap.last, len(rows)))
    if not gap:
        return Span(gap.first, gap.first)
    if how == "all":
        return rows.first_of(gap, MOST_ROWS, MOST_CHARS)
    if how == "previous":
        return rows.last_of(gap, CHUNK_ROWS, CHUNK_CHARS)
    return rows.first_of(gap, CHUNK_ROWS, CHUNK_CHARS)


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.first <= merged[-1].last:
            merged[-1] = Span(merged[-1].first, max(merged[-1].last, span.last))
        else:
            merged.append(span)
    return merged
