"""The log of a run as rows: what failed is shown, what passed is folded in, the rest opens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from trajectories.contexts.evidence import positive
from validation.logs import Gap, Log, Piece, Place, Wanted, open_gap, pieces, place_of, read_log
from validation.models import Run

# More of one line is in the plain text.
_SHOWN_CHARS = 2_000
_SIGNS_OF_FAILURE = ("E   ", "FAILED ", "ERROR ", "FAIL: ", "ERROR: ", "--- FAIL")


@dataclass(frozen=True)
class LogLine:
    """A line of a log; `tone` is "bad" for what says that something failed, "title" for its head.

    `n_cut` is how many characters of a very long line are left out.
    """

    number: int
    text: str
    tone: str = ""
    is_target: bool = False
    is_wanted: bool = False
    n_cut: int = 0


@dataclass(frozen=True)
class LogPiece:
    """Lines that are shown, or a gap with the address that opens it."""

    lines: tuple[LogLine, ...] = ()
    gap: Gap | None = None
    url: str = ""


@dataclass(frozen=True)
class LogContext:
    """A log to read. `missing` is a test that was asked for and that the log does not mention."""

    run_id: int
    url: str
    n_lines: int
    pieces: tuple[LogPiece, ...]
    n_failures: int
    missing: str = ""
    # The line of the failure after the one that is marked; of the first one after the last.
    next_failure: int | None = None


@dataclass(frozen=True)
class LogWish:
    """What the query string asks for: a line or lines, a test, or a chunk to go on from."""

    lines: Place | None = None
    test: str = ""
    start: int | None = None

    @classmethod
    def read(cls, query: QueryDict) -> LogWish:
        return cls(
            lines_asked_for(query.get("line")), query.get("test", ""), positive(query.get("from"))
        )


def lines_asked_for(text: str | None) -> Place | None:
    """Read `120` or `120-130`, 1-based."""
    first, dash, last = (text or "").partition("-")
    begin = positive(first)
    end = positive(last) if dash else begin
    return Place(begin, end) if begin and end and begin <= end else None


def log_of(run: Run) -> Log:
    """Return the log of a finished run, read once (at most one query)."""
    return _log(run.pk, run.attempt, run.finished_at)


@lru_cache(maxsize=8)
def _log(pk: int, attempt: int, finished_at: datetime | None) -> Log:
    return read_log(Run.objects.values_list("log", flat=True).get(pk=pk))


def log_context(run: Run, wish: LogWish) -> LogContext:
    """Return the log with what is asked for opened and marked."""
    log = log_of(run)
    target, missing = _target(log, wish)
    parts = pieces(log, Wanted(target, wish.start))
    return LogContext(
        run_id=run.pk,
        url=reverse("validation:run", args=[run.pk]),
        n_lines=len(log.lines),
        pieces=_shown(run, log, parts, target),
        n_failures=len(log.sections),
        missing=missing,
        next_failure=_next_failure(log, target),
    )


def gap_context(run: Run, first: int, last: int) -> tuple[LogPiece, ...]:
    """Return the first chunk of a gap that is opened, and what remains of it."""
    log = log_of(run)
    return _shown(run, log, open_gap(log, first, last), None)


def _target(log: Log, wish: LogWish) -> tuple[Place | None, str]:
    if wish.lines and wish.lines.first <= len(log.lines):
        return Place(wish.lines.first, min(wish.lines.last, len(log.lines))), ""
    if not wish.test:
        return None, ""
    place = place_of(log, wish.test)
    return place, "" if place else wish.test


def _next_failure(log: Log, target: Place | None) -> int | None:
    starts = [section.first for section in log.sections] or list(log.failed)
    at = target.first if target else 0
    return next((start for start in starts if start > at), starts[0] if starts else None)


def _shown(
    run: Run, log: Log, parts: Iterable[Piece], target: Place | None
) -> tuple[LogPiece, ...]:
    titles = {section.first for section in log.sections}
    return tuple(
        LogPiece(gap=part, url=_gap_url(run, part))
        if isinstance(part, Gap)
        else LogPiece(lines=log_lines(log, Place(part.first, part.last), target, titles))
        for part in parts
    )


def _gap_url(run: Run, gap: Gap) -> str:
    query = urlencode({"first": gap.first, "last": gap.last})
    return f"{reverse('validation:run-lines', args=[run.pk])}?{query}"


def log_lines(
    log: Log, place: Place, target: Place | None = None, titles: Iterable[int] = ()
) -> tuple[LogLine, ...]:
    """Return the lines of a place with how they look."""
    heads = set(titles)
    return tuple(
        LogLine(
            number=number,
            text=text[:_SHOWN_CHARS],
            tone="title" if number in heads else _tone(text),
            is_target=target is not None and target.first <= number <= target.last,
            is_wanted=target is not None and number == target.first,
            n_cut=max(0, len(text) - _SHOWN_CHARS),
        )
        for number, text in enumerate(log.text(place), start=place.first)
    )


def _tone(text: str) -> str:
    return "bad" if text.startswith(_SIGNS_OF_FAILURE) else ""
