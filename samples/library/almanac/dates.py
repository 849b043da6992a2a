"""Arithmetic on days and months that `datetime` leaves out."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import TypeVar

from almanac.errors import AlmanacError

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
ONE_DAY = timedelta(days=1)

Day = TypeVar("Day", date, datetime)


def days_in_month(year: int, month: int) -> int:
    """Return how many days a month has."""
    return calendar.monthrange(year, month)[1]


def add_months(day: Day, months: int) -> Day:
    """Move a date by whole months; a day the target month lacks becomes its last day.

    >>> add_months(date(2024, 1, 31), 1)
    datetime.date(2024, 2, 29)
    """
    total = day.year * 12 + (day.month - 1) + months
    year, month = divmod(total, 12)
    if not 1 <= year <= 9999:
        raise AlmanacError(f"year {year} is out of range")
    month += 1
    return day.replace(year=year, month=month, day=min(day.day, days_in_month(year, month)))


def months_between(first: date, second: date) -> int:
    """Return how many months lie between the months of two dates, whatever their days."""
    return (second.year - first.year) * 12 + second.month - first.month


def midnight(day: date) -> datetime:
    """Return the first moment of a day."""
    return datetime.combine(day, time.min)


def start_of_week(day: date) -> date:
    """Return the Monday of the week that a day is in."""
    return day - timedelta(days=day.weekday())


def each_day(first: date, last: date) -> Iterator[date]:
    """Yield the days from `first` to `last`, both included."""
    day = first
    while day <= last:
        yield day
        day += ONE_DAY


def weekday_named(name: str) -> int | None:
    """Return 0 for Mon … 6 for Sun, by the first three letters; None if there is no such day."""
    head = name.strip().title()[:3]
    return WEEKDAYS.index(head) if head in WEEKDAYS else None
