"""Opening hours that repeat every week."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise

from almanac.dates import WEEKDAYS, each_day, midnight, weekday_named
from almanac.errors import AlmanacError, ParseError
from almanac.interval import Interval, IntervalSet

# "Mon-Thu 09:00-12:00, 13:00-17:30": days, then hours.
_RULE = re.compile(r"\s*(?P<days>[A-Za-z][A-Za-z,\s-]*?)\s+(?P<hours>\d.*?)\s*")
_HOURS = re.compile(r"\s*(?P<start>\d{1,2}:\d{2})\s*-\s*(?P<end>\d{1,2}:\d{2})\s*")

# How far ahead to look for the next opening before saying that there is none.
_HORIZON = timedelta(days=8)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Minutes of a day, from `start`, included, to `end`, not included."""

    start: int
    end: int

    def on(self, day: date) -> Interval:
        """Return the span on a day."""
        zero = midnight(day)
        return Interval(zero + timedelta(minutes=self.start), zero + timedelta(minutes=self.end))

    def __str__(self) -> str:
        return f"{_clock(self.start)}-{_clock(self.end)}"


class Schedule:
    """For each day of the week, the spans that are open."""

    def __init__(self, week: Iterable[Iterable[Span]]) -> None:
        self._week = tuple(tuple(sorted(spans)) for spans in week)
        if len(self._week) != len(WEEKDAYS):
            raise AlmanacError(f"a week has seven days, not {len(self._week)}")
        for weekday, spans in enumerate(self._week):
            for first, second in pairwise(spans):
                if second.start < first.end:
                    raise AlmanacError(f"{WEEKDAYS[weekday]}: {first} and {second} overlap")

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """Read rules such as `Mon-Thu 09:00-12:00, 13:00-17:30; Sat 10:00-13:00`."""
        week: list[list[Span]] = [[] for _ in WEEKDAYS]
        position = 0
        for rule in text.split(";"):
            if rule.strip():
                weekdays, spans = _parse_rule(text, rule, position)
                for weekday in weekdays:
                    week[weekday].extend(spans)
            position += len(rule) + 1
        return cls(week)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schedule) and self._week == other._week

    def __hash__(self) -> int:
        return hash(self._week)

    def __str__(self) -> str:
        """Write the schedule so that `parse` reads it again; equal neighbours share a rule."""
        rules = []
        for first, last, spans in _runs(self._week):
            if spans:
                days = WEEKDAYS[first] + (f"-{WEEKDAYS[last]}" if last > first else "")
                rules.append(f"{days} {', '.join(map(str, spans))}")
        return "; ".join(rules)

    def opening_hours(self, day: date) -> IntervalSet:
        """Return the open times of a day."""
        return IntervalSet(span.on(day) for span in self._week[day.weekday()])

    def is_open(self, moment: datetime) -> bool:
        """Tell whether a moment is in opening hours."""
        return moment in self.opening_hours(moment.date())

    def between(self, window: Interval) -> IntervalSet:
        """Return the open times inside a window."""
        days = each_day(window.start.date(), window.end.date())
        hours = (interval for day in days for interval in self.opening_hours(day))
        return IntervalSet(hours).clip(window)

    def next_opening(self, moment: datetime) -> datetime | None:
        """Return the next moment that is open, which may be `moment`; None if none comes."""
        for interval in self.between(Interval(moment, moment + _HORIZON)):
            return interval.start
        return None

    def add_open_time(self, moment: datetime, length: timedelta) -> datetime:
        """Return the moment by which `length` of open time has passed since `moment`."""
        if length < timedelta():
            raise AlmanacError("length must not be negative")
        left = length
        for interval in self._from(moment):
            if left <= interval.length:
                return interval.start + left
            left -= interval.length
        raise AlmanacError("the schedule is never open")

    def _from(self, moment: datetime) -> Iterator[Interval]:
        """Yield the open times from a moment on; ends only if the week has none."""
        while any(self._week):
            following = midnight(moment.date() + timedelta(days=1))
            yield from self.between(Interval(moment, following))
            moment = following


def _parse_rule(text: str, rule: str, offset: int) -> tuple[list[int], list[Span]]:
    match = _RULE.fullmatch(rule)
    if match is None:
        raise ParseError(text, offset, "days and hours such as 'Mon-Fri 09:00-17:00'")
    weekdays = _parse_days(text, match["days"], offset + match.start("days"))
    spans = []
    position = offset + match.start("hours")
    for hours in match["hours"].split(","):
        spans.append(_parse_span(text, hours, position))
        position += len(hours) + 1
    return weekdays, spans


def _parse_days(text: str, days: str, offset: int) -> list[int]:
    found: list[int] = []
    for part in days.split(","):
        first, _, last = part.partition("-")
        begin, end = weekday_named(first), weekday_named(last or first)
        if begin is None or end is None:
            raise ParseError(text, offset, "days such as 'Mon-Fri' or 'Sat, Sun'")
        # Fri-Mon goes over the end of the week.
        found += [(begin + step) % 7 for step in range((end - begin) % 7 + 1)]
    return found


def _parse_span(text: str, hours: str, offset: int) -> Span:
    match = _HOURS.fullmatch(hours)
    if match is None:
        raise ParseError(text, offset, "hours such as '09:00-17:00'")
    start = _minutes(text, match["start"], offset)
    end = _minutes(text, match["end"], offset)
    if end <= start:
        raise ParseError(text, offset, "an end after the start")
    return Span(start, end)


def _minutes(text: str, clock: str, offset: int) -> int:
    hour, minute = map(int, clock.split(":"))
    if hour > 23 or minute > 59:
        raise ParseError(text, offset, "a time between 00:00 and 23:59")
    return hour * 60 + minute


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _runs(week: tuple[tuple[Span, ...], ...]) -> Iterator[tuple[int, int, tuple[Span, ...]]]:
    first = 0
    for weekday in range(1, len(week) + 1):
        if weekday == len(week) or week[weekday] != week[first]:
            yield first, weekday - 1, week[first]
            first = weekday
