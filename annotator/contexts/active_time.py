"""Active time as pages show it: the clock in a header, and a person's entries day by day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from annotator.intervals import Span, without
from annotator.models import Assignment, TimeEntry, TimeKind
from annotator.services.claiming import policy_of
from annotator.services.timekeeping import (
    BEAT_SECONDS,
    LONGEST_CLAIM,
    activity_of,
    counted_seconds,
    is_being_done,
)
from annotator.time_tickets import Ticket

# A shorter pause is no more than a look at another window.
_SHORTEST_GAP = timedelta(minutes=1)


@dataclass(frozen=True)
class ClockView:
    """A person's time on an assignment; `ticket` is empty where none is measured."""

    seconds: int
    url: str
    beat_url: str
    claim_url: str
    ticket: str
    person_id: int
    idle_seconds: int
    beat_seconds: int = BEAT_SECONDS


def clock_view(
    person: User, assignment: Assignment, *, is_read_by_another: bool = False
) -> ClockView:
    """Return the clock of who works on the assignment (two queries)."""
    activity = activity_of(person, assignment)
    is_measured = not is_read_by_another and is_being_done(assignment, activity)
    ticket = Ticket(assignment.pk, person.pk, activity, timezone.now())
    return ClockView(
        seconds=counted_seconds(assignment.pk, person.pk, activity),
        url=reverse("annotator:time", args=[assignment.pk]),
        beat_url=reverse("annotator:beat", args=[assignment.pk]),
        claim_url=reverse("annotator:time-claim", args=[assignment.pk]),
        ticket=ticket.sign() if is_measured else "",
        person_id=person.pk,
        idle_seconds=policy_of(assignment.membership.batch).idle_minutes * 60,
    )


@dataclass(frozen=True)
class EntryRow:
    """An entry with its corrections, oldest first; `seconds` is what counts of it."""

    entry: TimeEntry
    corrections: tuple[TimeEntry, ...]
    seconds: int

    @property
    def is_changed(self) -> bool:
        return self.seconds != self.recorded_seconds

    @property
    def recorded_seconds(self) -> int:
        return _seconds(self.entry.length)

    @property
    def is_declined(self) -> bool:
        return self.entry.is_accepted is False

    @property
    def said(self) -> tuple[TimeEntry, ...]:
        """Return what was said, oldest first: the claim itself and the corrections."""
        return ((self.entry,) if self.entry.is_said else ()) + self.corrections

    @property
    def minutes(self) -> int:
        """Return the whole minutes that count, for the form that corrects them."""
        return self.seconds // 60


@dataclass(frozen=True)
class GapRow:
    """A pause of a day that counts nowhere, and may be claimed."""

    span: Span

    @property
    def seconds(self) -> int:
        return int(self.span.seconds)


@dataclass(frozen=True)
class DayView:
    day: date
    seconds: int
    rows: tuple[EntryRow | GapRow, ...]


@dataclass(frozen=True)
class PersonTime:
    """A person's time on one assignment; the newest day comes first. All in seconds."""

    person: User
    activity: str
    counted: int
    measured: int
    late: int
    claimed: int
    waiting: int
    days: tuple[DayView, ...]

    @property
    def corrected(self) -> int:
        """Return what corrections took away, as a positive number."""
        return self.measured + self.late + self.claimed - self.counted


def time_of_people(reader: User, assignment: Assignment) -> list[PersonTime]:
    """Return the reader's own time on an assignment, or everybody's for an admin (two queries)."""
    entries = (
        TimeEntry.objects.visible_to(reader)
        .filter(assignment=assignment)
        .select_related("person", "decided_by")
    )
    by_person: dict[User, list[TimeEntry]] = defaultdict(list)
    for entry in entries:
        by_person[entry.person].append(entry)
    by_person.setdefault(assignment.annotator if reader.is_admin else reader, [])
    taken = _spans_of(by_person)
    return [
        _person_time(person, found, taken.get(person.pk, []), assignment)
        for person, found in by_person.items()
    ]


def _spans_of(people: Iterable[User]) -> dict[int, list[Span]]:
    """Return what counts of these people's time, at any assignment."""
    found: dict[int, list[Span]] = defaultdict(list)
    rows = TimeEntry.objects.filter(person__in=list(people), corrects=None)
    rows = rows.exclude(is_accepted=False)
    for person_id, start, end in rows.values_list("person", "started_at", "ended_at"):
        found[person_id].append(Span(start, end))
    return found


def _person_time(
    person: User, entries: list[TimeEntry], taken: list[Span], assignment: Assignment
) -> PersonTime:
    rows = _entry_rows(entries)

    def recorded(kind: TimeKind) -> int:
        return sum(
            row.recorded_seconds for row in rows if row.entry.kind == kind and not row.is_declined
        )

    return PersonTime(
        person=person,
        activity=activity_of(person, assignment),
        counted=sum(row.seconds for row in rows),
        measured=recorded(TimeKind.MEASURED),
        late=recorded(TimeKind.LATE),
        claimed=recorded(TimeKind.CLAIMED),
        waiting=sum(entry.is_said and entry.is_accepted is None for entry in entries),
        days=_days([row for row in rows if row.recorded_seconds], taken),
    )


def _entry_rows(entries: list[TimeEntry]) -> list[EntryRow]:
    corrections: dict[int, list[TimeEntry]] = defaultdict(list)
    for entry in entries:
        if entry.corrects_id is not None:
            corrections[entry.corrects_id].append(entry)
    return [
        _entry_row(entry, sorted(corrections[entry.pk], key=lambda row: row.pk))
        for entry in entries
        if entry.corrects_id is None
    ]


def _entry_row(entry: TimeEntry, corrections: list[TimeEntry]) -> EntryRow:
    standing = [row for row in (entry, *corrections) if row.is_accepted is not False]
    counts = standing[-1].length if standing and entry.is_accepted is not False else timedelta()
    return EntryRow(entry, tuple(corrections), _seconds(counts))


def _days(rows: list[EntryRow], taken: list[Span]) -> tuple[DayView, ...]:
    by_day: dict[date, list[EntryRow]] = defaultdict(list)
    for row in rows:
        by_day[timezone.localdate(row.entry.started_at)].append(row)
    return tuple(
        DayView(day, sum(row.seconds for row in found), tuple(_with_gaps(found, taken)))
        for day, found in sorted(by_day.items(), reverse=True)
    )


def _with_gaps(rows: list[EntryRow], taken: list[Span]) -> Iterable[EntryRow | GapRow]:
    """Yield a day's entries in order, and the pauses in which the person did nothing else."""
    last: datetime | None = None
    for row in rows:
        if last is not None and last < row.entry.started_at:
            for span in without(Span(last, row.entry.started_at), taken):
                if _SHORTEST_GAP <= span.end - span.start <= LONGEST_CLAIM:
                    yield GapRow(span)
        yield row
        last = max(last or row.entry.ended_at, row.entry.ended_at)


def _seconds(length: timedelta) -> int:
    return int(length.total_seconds())
