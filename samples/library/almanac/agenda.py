"""A plain-text agenda: what happens on which day, and how long the doors are open."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime

from almanac.dates import WEEKDAYS, each_day, midnight
from almanac.duration import short
from almanac.interval import Interval
from almanac.recurrence import Recurrence
from almanac.schedule import Schedule


def render(
    first: date,
    last: date,
    events: Mapping[str, Recurrence],
    schedule: Schedule | None = None,
) -> str:
    """Return the agenda from `first` to `last`, both included, one block per day.

    Days on which nothing happens and the schedule is closed are left out.
    """
    found = _events_by_day(first, last, events)
    blocks = []
    for day in each_day(first, last):
        hours = _hours_line(day, schedule)
        if hours or found[day]:
            title = f"{WEEKDAYS[day.weekday()]} {day:%Y-%m-%d}"
            lines = [f"  {moment:%H:%M} {name}" for moment, name in sorted(found[day])]
            blocks.append("\n".join([f"{title}  {hours}".rstrip(), *lines]))
    return "\n".join(blocks)


def _events_by_day(
    first: date, last: date, events: Mapping[str, Recurrence]
) -> defaultdict[date, list[tuple[datetime, str]]]:
    found: defaultdict[date, list[tuple[datetime, str]]] = defaultdict(list)
    window = Interval(midnight(first), midnight(date.fromordinal(last.toordinal() + 1)))
    for name, recurrence in events.items():
        for moment in recurrence.between(window):
            found[moment.date()].append((moment, name))
    return found


def _hours_line(day: date, schedule: Schedule | None) -> str:
    if schedule is None:
        return ""
    hours = schedule.opening_hours(day)
    if not len(hours):
        return ""
    spans = ", ".join(f"{i.start:%H:%M}-{i.end:%H:%M}" for i in hours)
    return f"open {spans} ({short(hours.total)})"
