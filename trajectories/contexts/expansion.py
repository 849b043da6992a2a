"""What can be opened of the unchanged lines between the hunks of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlencode

from trajectories.contexts.diff_look import Opened, Place, write_opened
from trajectories.diffs.gaps import Gap, window
from trajectories.diffs.model import Hunk
from trajectories.surroundings import Scope, Surroundings

STEP_LINES = 20
# What one answer shows of a gap at most, besides what is open already.
_MAX_LINES = 1_000
_LINES_AROUND_WANTED = 10


class _Make(Protocol):
    def __call__(
        self, label: str, title: str, top: int, bottom: int, *, has_key: bool = False
    ) -> Expander: ...


@dataclass(frozen=True)
class Expander:
    """A link that opens more lines; `query` asks the fragment, `opened` the page for them."""

    label: str
    title: str
    query: str
    opened: str
    # The one that the key `e` presses.
    has_key: bool = False


def expanders(
    gap: Gap,
    opened: Opened,
    *,
    has_above: bool,
    has_below: bool,
    scope: Scope | None,
    others: Mapping[int, Opened],
    n_lines: int | None,
) -> tuple[Expander, ...]:
    """Return what opens more of a gap between the hunk above it and the one below.

    `others` is what is open in the whole file, `n_lines` how much of the hunk below is shown.
    """
    hidden = gap.n_lines - opened.top - opened.bottom
    if hidden <= 0:
        return ()

    def to(label: str, title: str, top: int, bottom: int, *, has_key: bool = False) -> Expander:
        query: dict[str, int] = {"gap": gap.new_start, "top": top, "bottom": bottom}
        if n_lines is not None:
            query["lines"] = n_lines
        shown = write_opened({**others, gap.new_start: Opened(top, bottom)})
        return Expander(label, title, urlencode(query), shown, has_key)

    made: list[Expander] = []
    if hidden > STEP_LINES and has_below:
        title = f"Show {STEP_LINES} lines before this hunk"
        bottom = opened.bottom + STEP_LINES
        made.append(to(f"↑ {STEP_LINES} lines", title, opened.top, bottom, has_key=True))
    if hidden > STEP_LINES and has_above:
        title = f"Show {STEP_LINES} lines after the hunk above"
        top = opened.top + STEP_LINES
        made.append(to(f"↓ {STEP_LINES} lines", title, top, opened.bottom, has_key=not has_below))
    made.append(_all(hidden, opened, has_below, to))
    bottom = gap.new_start + gap.n_lines - scope.line if scope else 0
    if scope and opened.bottom < bottom < min(gap.n_lines - opened.top, _MAX_LINES):
        title = f"Show the lines up to the beginning of {scope.name}"
        made.append(to(f"↑ to {scope.name:.60}", title, opened.top, bottom))
    return tuple(made)


def _all(hidden: int, opened: Opened, has_below: bool, to: _Make) -> Expander:
    more = min(hidden, _MAX_LINES)
    label = f"all {hidden}" if hidden == more else f"{more:,} of {hidden:,}"
    if hidden == 1:
        label = "1 line"
    elif hidden <= STEP_LINES:
        label = f"{hidden} lines"
    title = f"Show {'the line' if hidden == 1 else f'{more} lines'} left out here"
    top, bottom = (opened.top, opened.bottom + more) if has_below else (opened.top + more, 0)
    return to(label, title, top, bottom, has_key=hidden <= STEP_LINES)


def window_at(gap: Gap, around: Surroundings, place: Place) -> Hunk | None:
    """Return the lines of a gap around a place that stands in it, or None."""
    shift = -gap.delta if place.side == "old" else 0
    first, last = place.first + shift, place.last + shift
    end = gap.new_start + gap.n_lines - 1
    if last < gap.new_start or first > end:
        return None
    first = max(gap.new_start, first - _LINES_AROUND_WANTED)
    last = min(end, last + _LINES_AROUND_WANTED, first + _MAX_LINES)
    return window(gap, around.lines(gap, first, last), first, last)
