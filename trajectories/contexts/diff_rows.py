"""The rows of a hunk as they are drawn: coloured, numbered, marked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.utils.safestring import SafeString

from trajectories.colour_windows import colour_ranges
from trajectories.contexts.diff_look import Look, Place
from trajectories.diffs import Cell, FileChange, Hunk, Row, unified
from trajectories.diffs.model import DiffLine, LineKind, Side
from trajectories.diffs.moved import Moved, Moves
from trajectories.highlighting import ColouredLine, colour_lines, markup
from trajectories.kept import kept
from trajectories.surroundings import Content, Surroundings

_MARKS = {"": "no newline at end", "\r\n": "CR LF"}
# A longer line is cut unless all of its file is asked for.
MAX_SHOWN_CHARS = 10_000
_CUT_CHARS = 2_000
_SIDES: tuple[Side, ...] = ("old", "new")
# Raise the number when colours come out otherwise.
_KEPT_COLOURS = "colours-1"
_SIGNS: dict[LineKind, str] = {"context": " ", "removed": "−", "added": "+"}


@dataclass(frozen=True)
class MoveLink:
    """From the first line of a moved block to its other end; `query` opens that."""

    label: str
    path: str
    at: str
    query: str


@dataclass(frozen=True)
class ShownLine:
    """A line of a diff as markup. `old` and `new` are its numbers, None where it is not."""

    kind: LineKind
    old: int | None
    new: int | None
    html: SafeString
    mark: str = ""
    is_space_only: bool = False
    is_moved: bool = False
    moved: MoveLink | None = None
    is_target: bool = False
    # The first of the lines that the page's address names; the pane scrolls to it.
    is_wanted: bool = False

    @property
    def sign(self) -> str:
        return _SIGNS[self.kind]

    @property
    def side(self) -> Side:
        return "old" if self.kind == "removed" else "new"

    @property
    def number(self) -> int | None:
        return self.old if self.kind == "removed" else self.new


@dataclass(frozen=True)
class ShownPair:
    """A row of the two-column view."""

    old: ShownLine | None
    new: ShownLine | None

    @property
    def is_target(self) -> bool:
        return any(line.is_target for line in (self.old, self.new) if line)

    @property
    def is_wanted(self) -> bool:
        return any(line.is_wanted for line in (self.old, self.new) if line)


class RowMaker:
    """Makes the rows of one file of a diff."""

    def __init__(
        self,
        change: FileChange,
        hunks: Sequence[Hunk],
        around: Surroundings,
        moves: Moves,
        look: Look,
    ) -> None:
        self._change = change
        self._moves = moves
        self._look = look
        self._colours = _Colours(change, hunks, around)
        self._wanted = _first_wanted(look.at, hunks)
        endings = {line.ending for hunk in change.hunks for line in hunk.lines}
        # In a file where every line ends in CRLF, saying so on each is noise.
        self._marks = _MARKS if "\n" in endings else {"": _MARKS[""]}

    def prepare(self, runs: Iterable[Sequence[DiffLine]]) -> None:
        """Colour the lines that will be asked for, all at once."""
        self._colours.prepare(runs)

    def rows(self, rows: Iterable[Row]) -> tuple[ShownLine | ShownPair, ...]:
        """Return paired rows as the asked view draws them."""
        if self._look.hides_space:
            rows = (_without_space_change(row) for row in rows)
        if self._look.view == "split":
            return tuple(self._pair(row) for row in rows)
        return tuple(self._line(row) for row in unified(tuple(rows)))

    def context(self, lines: Iterable[DiffLine]) -> tuple[ShownLine | ShownPair, ...]:
        """Return unchanged lines as rows."""
        return self.rows(
            Row(Cell(line, line.old or 0), Cell(line, line.new or 0)) for line in lines
        )

    def _pair(self, row: Row) -> ShownPair:
        return ShownPair(
            self._show(row.old, "old") if row.old else None,
            self._show(row.new, "new") if row.new else None,
        )

    def _line(self, row: Row) -> ShownLine:
        if row.new is not None:
            return self._show(row.new, "new")
        assert row.old is not None
        return self._show(row.old, "old")

    def _show(self, cell: Cell, side: Side) -> ShownLine:
        line = cell.line
        moved = self._moves.of(self._change.path, line)
        place = self._look.at
        is_target = place is not None and place.holds(line)
        marks = [self._marks.get(line.ending, "")]
        parts = self._colours.of(cell, side)
        if len(line.text) > MAX_SHOWN_CHARS and not self._look.show_all:
            parts = (("", line.text[:_CUT_CHARS]),)
            marks.append(f"{_CUT_CHARS:,} of {len(line.text):,} characters")
        if cell.is_space_only and side == "new":
            marks.append("blanks only")
        return ShownLine(
            kind=line.kind,
            old=line.old,
            new=line.new,
            html=markup(parts, cell.changed),
            mark=", ".join(filter(None, marks)),
            is_space_only=cell.is_space_only,
            is_moved=moved is not None,
            moved=_move_link(moved, line, self._change.path, self._look) if moved else None,
            is_target=is_target,
            is_wanted=is_target and line is self._wanted,
        )


def _first_wanted(place: Place | None, hunks: Sequence[Hunk]) -> DiffLine | None:
    """Return the line to scroll to: the first one that the place holds."""
    if place is None:
        return None
    return next((line for hunk in hunks for line in hunk.lines if place.holds(line)), None)


def _without_space_change(row: Row) -> Row:
    """Return a change of blanks alone as a row that did not change."""
    if not row.is_space_only or row.old is None or row.new is None:
        return row
    return Row(
        Cell(replace(row.old.line, kind="context", new=row.new.number), row.old.number),
        Cell(replace(row.new.line, kind="context", old=row.old.number), row.new.number),
    )


def _move_link(moved: Moved, line: DiffLine, path: str, look: Look) -> MoveLink | None:
    if not moved.n_lines:
        return None
    at = f"{moved.side[0]}{moved.line}"
    lines = f"{moved.n_lines} lines" if moved.n_lines > 1 else "line"
    direction = "moved to" if line.kind == "removed" else "moved from"
    place = f"line {moved.line}" if moved.path == path else f"{moved.path}, line {moved.line}"
    indented = ", indented otherwise" if moved.is_reindented else ""
    return MoveLink(
        label=f"{lines} {direction} {place}{indented}",
        path=moved.path,
        at=at,
        query=f"{urlencode({'file': moved.path, 'at': at})}&{look.query}",
    )


class _Colours:
    """The colours of a file's lines, from whole files where they can be had."""

    def __init__(self, change: FileChange, hunks: Sequence[Hunk], around: Surroundings) -> None:
        self._contents = {side: around.content(side) for side in _SIDES}
        self._lines: dict[Side, dict[int, ColouredLine]] = {"old": {}, "new": {}}
        for side, content in self._contents.items():
            if content is None or not content.lines:
                self._lines[side] = dict(_of_snippets(hunks, side, change.path))

    def prepare(self, hunks: Iterable[Sequence[DiffLine]]) -> None:
        """Colour lines that will be asked for, given in runs."""
        runs = list(hunks)
        for side, content in self._contents.items():
            if content is None or not content.lines:
                continue
            numbers = [[line.old if side == "old" else line.new for line in run] for run in runs]
            spans = [[number for number in run if number] for run in numbers]
            ranges = [(run[0], run[-1]) for run in spans if run]
            self._lines[side] |= _coloured(content, ranges)

    def of(self, cell: Cell, side: Side) -> ColouredLine:
        """Return a line's colours; a patch that applies with an offset is coloured plain."""
        parts = self._lines[side].get(cell.number, ())
        if "".join(text for _, text in parts) == cell.line.text:
            return parts
        return (("", cell.line.text),)


def _coloured(content: Content, ranges: list[tuple[int, int]]) -> dict[int, ColouredLine]:
    """Return the colours of ranges of lines, kept by content."""
    if not ranges:
        return {}
    return kept(
        _KEPT_COLOURS,
        (content.blob, content.path.rpartition("/")[2], repr(ranges)),
        lambda: colour_ranges(content.lines, content.path, ranges),
        dump=lambda lines: [[number, *parts] for number, parts in lines.items()],
        load=lambda rows: {row[0]: tuple((css, text) for css, text in row[1:]) for row in rows},
    )


def _of_snippets(
    hunks: Sequence[Hunk], side: Side, path: str
) -> Iterator[tuple[int, ColouredLine]]:
    for hunk in hunks:
        numbered = [
            (number, line.text)
            for line in hunk.lines
            if (number := line.old if side == "old" else line.new) is not None
        ]
        parts = colour_lines([text for _, text in numbered], path)
        yield from ((number, line) for (number, _), line in zip(numbered, parts, strict=True))
