"""Which lines of a log are shown at first: what failed, both ends, and what was asked for."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from validation.logs.model import Log, Place

# A log of up to this many lines is shown whole, except for stretches where all passed.
WHOLE_LINES = 600
CHUNK_LINES = 300
_HEAD, _TAIL, _AROUND = 40, 80, 30
_SECTION_LINES = 60
_SECTIONS_LINES = 480
_SMALLEST_GAP = 4


@dataclass(frozen=True)
class Wanted:
    """What is asked for: lines to mark (`target`), or a chunk from a line on (`start`)."""

    target: Place | None = None
    start: int | None = None


@dataclass(frozen=True)
class Rows:
    """Lines that are shown."""

    first: int
    last: int


@dataclass(frozen=True)
class Gap:
    """Lines that are not. `n_failures` is how many failures are reported in them."""

    first: int
    last: int
    is_passing: bool
    n_failures: int

    @property
    def n_lines(self) -> int:
        return self.last - self.first + 1

    @property
    def n_opened(self) -> int:
        """How many lines are opened at a time."""
        return min(self.n_lines, CHUNK_LINES)


Piece = Rows | Gap


def pieces(log: Log, wanted: Wanted | None = None) -> tuple[Piece, ...]:
    """Return what to show and what to leave out; together they are the log."""
    shown = _merged([*_asked_for(log, wanted or Wanted()), *_usual(log)], len(log.lines))
    return tuple(_with_gaps(log, shown, 1, len(log.lines)))


def open_gap(log: Log, first: int, last: int) -> tuple[Piece, ...]:
    """Return the first chunk of a gap, and what remains of it."""
    first, last = max(1, first), min(last, len(log.lines))
    if first > last:
        return ()
    end = min(last, first + CHUNK_LINES - 1)
    return tuple(_with_gaps(log, [Place(first, end)], first, last))


def _usual(log: Log) -> Iterator[Place]:
    n = len(log.lines)
    if n <= WHOLE_LINES:
        yield from _outside(log.passing, n)
        return
    yield Place(1, _HEAD)
    yield Place(n - _TAIL + 1, n)
    room = _SECTIONS_LINES
    for section in log.sections:
        # A failure ends with what went wrong.
        first = max(section.first, section.last - _SECTION_LINES + 1)
        room -= section.last - first + 1
        if room < 0:
            return
        yield Place(section.first, section.first)
        yield Place(first, section.last)


def _outside(places: Iterable[Place], n: int) -> Iterator[Place]:
    """Yield what lies between the stretches where all passed."""
    bounds = [Place(0, 0), *places, Place(n + 1, n + 1)]
    for before, after in pairwise(bounds):
        if after.first - before.last > 1:
            yield Place(before.last + 1, after.first - 1)


def _asked_for(log: Log, wanted: Wanted) -> Iterator[Place]:
    if wanted.target:
        first, last = wanted.target
        yield Place(first - _AROUND, min(last, first + CHUNK_LINES) + _AROUND)
    if wanted.start:
        yield Place(wanted.start, wanted.start + CHUNK_LINES - 1)


def _merged(places: Iterable[Place], n: int) -> list[Place]:
    """Sort and join places that touch or leave only a few lines out."""
    merged: list[Place] = []
    for first, last in sorted((max(1, place.first), min(n, place.last)) for place in places):
        if first > last:
            continue
        if merged and first - merged[-1].last <= _SMALLEST_GAP:
            merged[-1] = Place(merged[-1].first, max(merged[-1].last, last))
        else:
            merged.append(Place(first, last))
    return merged


def _with_gaps(log: Log, shown: list[Place], first: int, last: int) -> Iterator[Piece]:
    at = first
    for place in shown:
        if place.first > at:
            yield _gap(log, at, place.first - 1)
        yield Rows(place.first, place.last)
        at = place.last + 1
    if at <= last:
        yield _gap(log, at, last)


def _gap(log: Log, first: int, last: int) -> Gap:
    is_passing = any(place.first <= first and last <= place.last for place in log.passing)
    starts = [section.first for section in log.sections]
    n_failures = _n_between(starts, first, last) or _n_between(log.failed, first, last)
    return Gap(first, last, is_passing, n_failures)


def _n_between(numbers: Sequence[int], first: int, last: int) -> int:
    return bisect_right(numbers, last) - bisect_left(numbers, first)
