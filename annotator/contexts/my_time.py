"""A person's time over all their assignments, week by week."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from annotator.models import TimeEntry

# Older weeks are still on the pages of their assignments.
SHOWN = timedelta(weeks=13)
_TASK = "assignment__membership__trajectory__task__instance_id"


@dataclass(frozen=True)
class DayWork:
    """What counts of one assignment on one day, in seconds."""

    day: date
    instance_id: str
    activity: str
    url: str
    seconds: int


@dataclass(frozen=True)
class WeekView:
    """From a Monday; the newest day comes first."""

    monday: date
    rows: tuple[DayWork, ...]

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)

    @property
    def seconds(self) -> int:
        return sum(row.seconds for row in self.rows)


def my_weeks(person: User, now: datetime) -> list[WeekView]:
    """Return the person's weeks, the newest first (one query)."""
    entries = TimeEntry.objects.counting().filter(person=person, started_at__gte=now - SHOWN)
    sums: dict[tuple[date, int, str, str], timedelta] = defaultdict(timedelta)
    for start, end, assignment, activity, instance in entries.values_list(
        "started_at", "ended_at", "assignment", "activity", F(_TASK)
    ):
        sums[timezone.localdate(start), assignment, activity, instance] += end - start
    weeks: dict[date, list[DayWork]] = defaultdict(list)
    for (day, assignment, activity, instance), length in sorted(sums.items(), reverse=True):
        if seconds := int(length.total_seconds()):
            url = reverse("annotator:time", args=[assignment])
            monday = day - timedelta(days=day.weekday())
            weeks[monday].append(DayWork(day, instance, activity, url, seconds))
    return [WeekView(monday, tuple(rows)) for monday, rows in weeks.items()]
