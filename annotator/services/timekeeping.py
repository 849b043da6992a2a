"""Count the time that people work, each moment once; see docs/time.md.

Whatever a browser says, a person's entries do not overlap and lie in the past: the total cannot
exceed the time that has passed. Saying the same again changes nothing, so that what could not be
sent is simply sent once more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from accounts.events import record
from accounts.models import User
from annotator.intervals import Span, clipped, merged, without
from annotator.models import Activity, Assignment, AssignmentState, TimeEntry, TimeKind
from annotator.time_tickets import Ticket

BEAT_SECONDS = 15
# After a longer silence the server cannot vouch for what the browser says of it.
SILENCE = timedelta(seconds=4 * BEAT_SECONDS)
# Two heartbeats do not take the same time to arrive.
JOINT = timedelta(seconds=3)
LONGEST_CLAIM = timedelta(hours=12)
_SECOND = timedelta(seconds=1)


class TimeUserError(Exception):
    """What a person said of their time cannot be taken; the message says why."""


@dataclass(frozen=True)
class Clock:
    """What a heartbeat is answered: seconds counted so far, and whether it goes on."""

    seconds: int
    is_open: bool


# --- measuring ----------------------------------------------------------------------------------


@transaction.atomic
def beat(ticket: Ticket, spans: Iterable[Span], now: datetime) -> Clock:
    """Count the spans of use that the browser tells of, as far as they can be true.

    A span of no length says that use began there. What nothing is known of but the browser's word,
    since no heartbeat came meanwhile, is kept as sent later.
    """
    _lock(ticket.person_id)
    assignment = Assignment.objects.only("state", "changed_at").get(pk=ticket.assignment_id)
    is_open = is_being_done(assignment, ticket.activity)
    last = now if is_open else min(now, assignment.changed_at)
    parts = (clipped(span, ticket.opened_at, last) for span in spans)
    told = merged(part for part in parts if part)
    current = _current(ticket)
    known_from = _known_from(current, now)
    taken = _taken(ticket.person_id, told[0].start - JOINT, told[-1].end) if told else []
    for piece in (piece for span in told for piece in without(span, taken)):
        if piece.start < known_from:
            _keep_late(ticket, Span(piece.start, min(piece.end, known_from)))
        if piece.end >= known_from:
            part = Span(max(piece.start, known_from), piece.end)
            current = _measure(ticket, current, part, taken, now)
    if current is not None and current.seen_at != now and _is_going_on(current, now):
        # Nothing was used since, but the page is there: a pause that may turn out to be reading.
        TimeEntry.objects.filter(pk=current.pk).update(seen_at=now)
    return Clock(counted_seconds(ticket.assignment_id, ticket.person_id, ticket.activity), is_open)


def is_being_done(assignment: Assignment, activity: str) -> bool:
    """Tell whether there is anything to write, or to review."""
    if activity == Activity.REVIEWING:
        return assignment.state == AssignmentState.SUBMITTED
    return assignment.is_writable


def counted_seconds(assignment_id: int, person_id: int, activity: str) -> int:
    """Return how much of a person's work on an assignment counts, in seconds (one query)."""
    entries = TimeEntry.objects.filter(
        assignment=assignment_id, person=person_id, activity=activity
    )
    return int(entries.counting().total().total_seconds())


def _lock(person_id: int) -> None:
    """Let a person's windows wait for each other; rows that refer to them need not."""
    list(User.objects.select_for_update(no_key=True).filter(pk=person_id).values_list("pk"))


def _current(ticket: Ticket) -> TimeEntry | None:
    """Return what is being measured, or was last."""
    measured = TimeEntry.objects.filter(
        assignment=ticket.assignment_id,
        person=ticket.person_id,
        activity=ticket.activity,
        kind=TimeKind.MEASURED,
        corrections=None,
    )
    return measured.order_by("-ended_at", "-pk").first()


def _known_from(current: TimeEntry | None, now: datetime) -> datetime:
    """Return from when on heartbeats have come without a longer silence."""
    if current is None or not _is_going_on(current, now):
        return now - SILENCE
    return min(current.ended_at, now - SILENCE)


def _taken(person_id: int, first: datetime, last: datetime) -> list[Span]:
    """Return what is settled of a person's time; what was struck does not come back, either."""
    rows = TimeEntry.objects.filter(
        person=person_id, started_at__lte=last, ended_at__gte=first, corrects=None
    )
    rows = rows.exclude(is_accepted=False)
    return [Span(*row) for row in rows.values_list("started_at", "ended_at")]


def _is_going_on(current: TimeEntry, now: datetime) -> bool:
    return current.seen_at is not None and now - current.seen_at <= SILENCE


def _measure(
    ticket: Ticket, current: TimeEntry | None, span: Span, taken: Iterable[Span], now: datetime
) -> TimeEntry:
    """Extend the current entry where the span goes on from it, or begin another."""
    if current is None or not _goes_on(current, span, taken):
        return _add(ticket, TimeKind.MEASURED, span, seen_at=now)
    current.ended_at, current.seen_at = span.end, now
    current.save(update_fields=["ended_at", "seen_at"])
    return current


def _goes_on(current: TimeEntry, span: Span, taken: Iterable[Span]) -> bool:
    """Tell whether a span follows at once, with nothing else of the person's in between."""
    if not timedelta() <= span.start - current.ended_at <= JOINT:
        return False
    return not any(other.start < span.start and other.end > current.ended_at for other in taken)


def _keep_late(ticket: Ticket, span: Span) -> None:
    if span.end - span.start >= _SECOND:
        _add(ticket, TimeKind.LATE, span)


def _add(
    work: Ticket, kind: TimeKind, span: Span, *, seen_at: datetime | None = None, reason: str = ""
) -> TimeEntry:
    return TimeEntry.objects.create(
        assignment_id=work.assignment_id,
        person_id=work.person_id,
        activity=work.activity,
        kind=kind,
        started_at=span.start,
        ended_at=span.end,
        seen_at=seen_at,
        reason=reason,
    )


# --- what people say ----------------------------------------------------------------------------


@transaction.atomic
def claim_time(
    person: User, assignment: Assignment, span: Span, reason: str, now: datetime
) -> list[TimeEntry]:
    """Count time that was not measured; what counts already is left out of it.

    Raise TimeUserError where it cannot be true.
    """
    _lock(person.pk)
    asked = _possible(assignment, span, now)
    taken = [span for span in _taken(person.pk, asked.start, asked.end) if span.seconds]
    pieces = [part for part in without(asked, taken) if part.end - part.start >= _SECOND]
    if not pieces:
        raise TimeUserError("This time is counted already, here or at another assignment.")
    work = Ticket(assignment.pk, person.pk, activity_of(person, assignment), now)
    claims = [_add(work, TimeKind.CLAIMED, piece, reason=reason) for piece in pieces]
    for entry in claims:
        record(person, "time claimed", entry, seconds=_seconds(entry), reason=reason)
    return claims


def activity_of(person: User, assignment: Assignment) -> Activity:
    """Return what somebody does who works on an assignment."""
    is_own = assignment.annotator_id == person.pk
    return Activity.ANNOTATING if is_own else Activity.REVIEWING


def _possible(assignment: Assignment, span: Span, now: datetime) -> Span:
    """Return the part of a span that may be claimed, or raise TimeUserError."""
    if span.end <= span.start:
        raise TimeUserError("The end has to be later than the beginning.")
    if span.end - span.start > LONGEST_CLAIM:
        raise TimeUserError("More than 12 hours without a break: enter them one by one.")
    part = clipped(span, assignment.claimed_at, now)
    if part is None:
        raise TimeUserError("This is before the trajectory was claimed, or yet to come.")
    return part


@transaction.atomic
def correct_time(
    person: User, entry: TimeEntry, seconds: int, reason: str, now: datetime
) -> TimeEntry:
    """Count another part of an entry, from its beginning; the entry itself stays as it is.

    `entry` is the one that was first written, not a correction of it. Raise TimeUserError.
    """
    _lock(person.pk)
    entry.refresh_from_db()
    if entry.is_accepted is False:
        raise TimeUserError("This claim was declined; claim the time once more.")
    if timedelta(seconds=seconds) > entry.length:
        raise TimeUserError("That is longer than the entry; claim the rest beside it.")
    correction = TimeEntry.objects.create(
        assignment_id=entry.assignment_id,
        person=person,
        activity=entry.activity,
        kind=TimeKind.CORRECTION,
        started_at=entry.started_at,
        ended_at=entry.started_at + timedelta(seconds=seconds),
        reason=reason,
        corrects=entry,
    )
    record(
        person, "time corrected", correction, before=_seconds(entry), after=seconds, reason=reason
    )
    return correction


@transaction.atomic
def decide_time(lead: User, entry: TimeEntry, *, accepts: bool, now: datetime) -> None:
    """Accept or decline what a person said, once; raise TimeUserError where that was done."""
    _lock(entry.person_id)
    undecided = TimeEntry.objects.filter(
        pk=entry.pk, is_accepted=None, kind__in=(TimeKind.CLAIMED, TimeKind.CORRECTION)
    )
    if not undecided.update(is_accepted=accepts, decided_by=lead, decided_at=now):
        raise TimeUserError("This was decided already, or needs no decision.")
    verb = "time accepted" if accepts else "time declined"
    record(lead, verb, entry, person=entry.person_id, seconds=_seconds(entry))


def _seconds(entry: TimeEntry) -> int:
    return int(entry.length.total_seconds())
