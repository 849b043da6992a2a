"""Spans of time, and what is left of one where others are taken. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, order=True)
class Span:
    """From a moment to a later one, or to the same: then it says only that something began."""

    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        return (self.end - self.start).total_seconds()


def clipped(span: Span, first: datetime, last: datetime) -> Span | None:
    """Return the part of a span that lies within two moments, or None."""
    start, end = max(span.start, first), min(span.end, last)
    return Span(start, end) if start <= end else None


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order, those that meet or overlap as one."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, span.end))
        else:
            found.append(span)
    return found


def without(span: Span, taken: Iterable[Span]) -> list[Span]:
    """Return what is left of a span beside the taken ones, in order."""
    left: list[Span] = []
    start = span.start
    for other in merged(taken):
        if other.end < start or other.start > span.end:
            continue
        if other.start > start:
            left.append(Span(start, other.start))
        if other.end >= span.end:
            return left
        start = max(start, other.end)
    return [*left, Span(start, span.end)]
