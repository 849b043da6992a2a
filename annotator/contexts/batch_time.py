"""The time that went into a batch, by person and by task, for its admin."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any

from django.db.models import F, Sum
from django.urls import reverse

from accounts.models import User
from annotator.models import Activity, TimeEntry, TimeKind
from trajectories.models import Batch

# Of what waits for a lead, so many are listed; the rest follow once these are decided.
_MOST_WAITING = 50
_TASK = "assignment__membership__trajectory__task"
_SHOWN = (
    "kind",
    "activity",
    "reason",
    "started_at",
    "ended_at",
    "assignment",
    f"{_TASK}__instance_id",
)
_NAMES = ("username", "first_name", "last_name")


@dataclass(frozen=True)
class PersonRow:
    """A person's work on a batch, in seconds; `waiting` counts what nobody has looked at yet."""

    name: str
    activity: str
    n_assignments: int
    counted: int
    measured: int
    late: int
    claimed: int
    waiting: int

    @property
    def corrected(self) -> int:
        """Return what corrections took away."""
        return self.measured + self.late + self.claimed - self.counted


@dataclass(frozen=True)
class TaskRow:
    """The annotating of a task: all of it, and the median of its assignments, in seconds."""

    instance_id: str
    n_assignments: int
    counted: int
    median: int


@dataclass(frozen=True)
class WaitingRow:
    """A claim or correction that nobody has looked at yet."""

    entry: TimeEntry
    instance_id: str
    url: str


@dataclass(frozen=True)
class BatchTime:
    people: tuple[PersonRow, ...]
    tasks: tuple[TaskRow, ...]
    waiting: tuple[WaitingRow, ...]
    n_waiting: int

    @property
    def counted(self) -> int:
        return sum(row.counted for row in self.people)


def batch_time(batch: Batch) -> BatchTime:
    """Add up the time of a batch (four queries, whatever its size)."""
    of_batch = TimeEntry.objects.filter(assignment__membership__batch=batch)
    counted = _sums(of_batch.counting())
    recorded = _sums(of_batch.filter(corrects=None).exclude(is_accepted=False), "kind")
    waiting = of_batch.filter(
        is_accepted=None, kind__in=(TimeKind.CLAIMED, TimeKind.CORRECTION)
    ).select_related("person", _TASK)
    listed = list(waiting.only(*_SHOWN, *(f"person__{name}" for name in _NAMES)).order_by("pk"))
    people = User.objects.in_bulk({row["person"] for row in recorded})
    return BatchTime(
        people=tuple(_person_rows(people, counted, recorded, listed)),
        tasks=tuple(_task_rows(counted)),
        waiting=tuple(
            WaitingRow(
                entry,
                entry.assignment.membership.trajectory.task.instance_id,
                reverse("annotator:time", args=[entry.assignment_id]),
            )
            for entry in listed[:_MOST_WAITING]
        ),
        n_waiting=len(listed),
    )


def _sums(entries: Any, *more: str) -> list[dict[str, Any]]:
    """Add up lengths by person, activity, assignment, and `more`."""
    by = ("person", "activity", "assignment", *more)
    instance = F(f"{_TASK}__instance_id")
    rows = entries.order_by().values(*by, instance=instance)
    return list(rows.annotate(total=Sum(F("ended_at") - F("started_at"))))


def _person_rows(
    people: dict[int, User],
    counted: list[dict[str, Any]],
    recorded: list[dict[str, Any]],
    waiting: list[Any],
) -> list[PersonRow]:
    sums: dict[tuple[int, str], dict[str, timedelta]] = defaultdict(lambda: defaultdict(timedelta))
    held: dict[tuple[int, str], set[int]] = defaultdict(set)
    for row in recorded:
        key = row["person"], row["activity"]
        sums[key][row["kind"]] += row["total"]
        held[key].add(row["assignment"])
    for row in counted:
        sums[row["person"], row["activity"]]["counted"] += row["total"]
    n_waiting: dict[tuple[int, str], int] = defaultdict(int)
    for entry in waiting:
        n_waiting[entry.person_id, entry.activity] += 1
    rows = [
        PersonRow(
            name=str(people[key[0]]),
            activity=key[1],
            n_assignments=len(held[key]),
            counted=_seconds(sums[key]["counted"]),
            measured=_seconds(sums[key][TimeKind.MEASURED]),
            late=_seconds(sums[key][TimeKind.LATE]),
            claimed=_seconds(sums[key][TimeKind.CLAIMED]),
            waiting=n_waiting[key],
        )
        for key in held
    ]
    return sorted(rows, key=lambda row: (row.activity, row.name))


def _task_rows(counted: list[dict[str, Any]]) -> list[TaskRow]:
    by_task: dict[str, list[int]] = defaultdict(list)
    for row in counted:
        if row["activity"] == Activity.ANNOTATING:
            by_task[row["instance"]].append(_seconds(row["total"]))
    return [
        TaskRow(instance, len(found), sum(found), int(median(found)))
        for instance, found in sorted(by_task.items())
    ]


def _seconds(length: timedelta) -> int:
    return int(length.total_seconds())
