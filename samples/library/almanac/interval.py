"""Half-open stretches of time, alone and in sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from almanac.errors import AlmanacError


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """The time from `start`, included, to `end`, not included."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise AlmanacError(f"interval ends ({self.end}) before it starts ({self.start})")

    def __bool__(self) -> bool:
        return self.start < self.end

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def overlaps(self, other: Interval) -> bool:
        """Tell whether the two share any time; touching ends share none."""
        return max(self.start, other.start) < min(self.end, other.end)

    def touches(self, other: Interval) -> bool:
        """Tell whether the two overlap or meet end to start."""
        return max(self.start, other.start) <= min(self.end, other.end)

    def clip(self, other: Interval) -> Interval | None:
        """Return the part inside `other`, None if there is none."""
        if not self.overlaps(other):
            return None
        return Interval(max(self.start, other.start), min(self.end, other.end))


class IntervalSet:
    """Any times: intervals that neither overlap nor touch, in order.

    What is put in may overlap; it is merged.
    """

    __slots__ = ("_intervals",)

    def __init__(self, intervals: Iterable[Interval] = ()) -> None:
        self._intervals = tuple(_merged(intervals))

    def __iter__(self) -> Iterator[Interval]:
        return iter(self._intervals)

    def __len__(self) -> int:
        return len(self._intervals)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IntervalSet) and self._intervals == other._intervals

    def __hash__(self) -> int:
        return hash(self._intervals)

    def __repr__(self) -> str:
        inside = ", ".join(f"{i.start:%Y-%m-%d %H:%M}/{i.end:%Y-%m-%d %H:%M}" for i in self)
        return f"IntervalSet({inside})"

    def __contains__(self, moment: datetime) -> bool:
        return any(moment in interval for interval in self)

    def __or__(self, other: IntervalSet) -> IntervalSet:
        return IntervalSet([*self, *other])

    def __and__(self, other: IntervalSet) -> IntervalSet:
        clipped = (mine.clip(theirs) for mine in self for theirs in other)
        return IntervalSet(part for part in clipped if part)

    def __sub__(self, other: IntervalSet) -> IntervalSet:
        left = list(self)
        for hole in other:
            left = [part for interval in left for part in _without(interval, hole)]
        return IntervalSet(left)

    def clip(self, window: Interval) -> IntervalSet:
        """Return what lies inside the window."""
        return self & IntervalSet([window])

    @property
    def total(self) -> timedelta:
        return sum((interval.length for interval in self), timedelta())


def _merged(intervals: Iterable[Interval]) -> Iterator[Interval]:
    current: Interval | None = None
    for interval in sorted(filter(None, intervals)):
        if current is None:
            current = interval
        elif current.touches(interval):
            current = Interval(current.start, max(current.end, interval.end))
        else:
            yield current
            current = interval
    if current is not None:
        yield current


def _without(interval: Interval, hole: Interval) -> Iterator[Interval]:
    if not interval.overlaps(hole):
        yield interval
        return
    if interval.start < hole.start:
        yield Interval(interval.start, hole.start)
    if hole.end < interval.end:
        yield Interval(hole.end, interval.end)
