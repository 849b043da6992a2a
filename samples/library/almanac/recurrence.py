"""Dates that come back: every day, every second week on Mon and Thu, every month, every year."""

from __future__ import annotations

import enum
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from almanac.dates import WEEKDAYS, add_months, months_between, start_of_week, weekday_named
from almanac.errors import AlmanacError, ParseError
from almanac.interval import Interval


class Frequency(enum.Enum):
    """What a recurrence counts."""

    DAILY = "day"
    WEEKLY = "week"
    MONTHLY = "month"
    YEARLY = "year"


# "every 2 weeks on Mon, Thu"
_RULE = re.compile(
    r"every\s+(?:(?P<step>\d+)\s+)?(?P<unit>day|week|month|year)s?(?:\s+on\s+(?P<days>.+))?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Recurrence:
    """A rule and the moment it starts from.

    The start is the first occurrence. `until` is the last moment at which one may fall; `count`
    says how many there are, those skipped by `except_on` included.
    """

    start: datetime
    frequency: Frequency
    step: int = 1
    weekdays: tuple[int, ...] = ()
    until: datetime | None = None
    count: int | None = None
    except_on: frozenset[date] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        if self.step < 1:
            raise AlmanacError(f"step must be at least 1, not {self.step}")
        if self.weekdays and self.frequency is not Frequency.WEEKLY:
            raise AlmanacError("only a weekly recurrence takes weekdays")
        if self.weekdays and self.start.weekday() not in self.weekdays:
            raise AlmanacError(f"the start, a {WEEKDAYS[self.start.weekday()]}, is not in the rule")

    @classmethod
    def parse(cls, text: str, start: datetime) -> Recurrence:
        """Read a rule such as `every 2 weeks on Mon, Thu`."""
        match = _RULE.fullmatch(text.strip())
        if match is None:
            raise ParseError(text, 0, "a rule such as 'every 2 weeks on Mon, Thu'")
        weekdays = set()
        for name in re.split(r"[,\s]+", match["days"] or ""):
            weekday = weekday_named(name) if name else None
            if name and weekday is None:
                raise ParseError(text, text.index(name), "a day of the week")
            if weekday is not None:
                weekdays.add(weekday)
        frequency = Frequency(match["unit"].lower())
        return cls(start, frequency, int(match["step"] or 1), tuple(sorted(weekdays)))

    def without(self, *days: date) -> Recurrence:
        """Return the same recurrence that leaves out some days."""
        return replace(self, except_on=self.except_on | set(days))

    def __iter__(self) -> Iterator[datetime]:
        return self._occurrences(self.start, 0)

    def between(self, window: Interval) -> Iterator[datetime]:
        """Yield the occurrences inside a window."""
        moment, index = self._jump(window.start)
        for occurrence in self._occurrences(moment, index):
            if occurrence >= window.end:
                return
            if occurrence in window:
                yield occurrence

    def first_after(self, moment: datetime) -> datetime | None:
        """Return the first occurrence later than a moment, None if there is none."""
        near, index = self._jump(moment)
        later = (found for found in self._occurrences(near, index) if found > moment)
        return next(later, None)

    def _occurrences(self, moment: datetime, index: int) -> Iterator[datetime]:
        """Yield occurrences from the one at `moment`, which is number `index`, on."""
        for number in itertools.count(index):
            if self.count is not None and number >= self.count:
                return
            if self.until is not None and moment > self.until:
                return
            if moment.date() not in self.except_on:
                yield moment
            moment = self._advance(moment)

    def _advance(self, moment: datetime) -> datetime:
        """Return the occurrence after the one at `moment`."""
        if self.frequency is Frequency.DAILY:
            return moment + timedelta(days=self.step)
        if self.frequency is Frequency.WEEKLY:
            return self._advance_week(moment)
        if self.frequency is Frequency.MONTHLY:
            return add_months(moment, self.step)
        return add_months(moment, 12 * self.step)

    def _advance_week(self, moment: datetime) -> datetime:
        later = [day for day in self.weekdays if day > moment.weekday()]
        if later:
            return moment + timedelta(days=later[0] - moment.weekday())
        first = self.weekdays[0] if self.weekdays else moment.weekday()
        return moment + timedelta(days=7 * self.step - moment.weekday() + first)

    def _jump(self, target: datetime) -> tuple[datetime, int]:
        """Return an occurrence at or before `target`, near it, and its number.

        Walking from the start would take a step per occurrence; a rule that is ten years old has
        thousands of them.
        """
        if target <= self.start or self.weekdays:
            return self.start, 0
        if self.frequency is Frequency.DAILY:
            index = (target - self.start).days // self.step
            return self.start + timedelta(days=index * self.step), index
        if self.frequency is Frequency.WEEKLY:
            weeks = (start_of_week(target.date()) - start_of_week(self.start.date())).days // 7
            index = max(0, weeks // self.step - 1)
            return self.start + timedelta(weeks=index * self.step), index
        period = self.step if self.frequency is Frequency.MONTHLY else 12 * self.step
        index = max(0, months_between(self.start, target) // period - 1)
        return add_months(self.start, index * period), index
