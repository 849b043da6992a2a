"""One file of a diff: its hunks with what can be opened around them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.urls import reverse

from trajectories.code import DiffName, DiffSource
from trajectories.contexts.diff_look import Look, Opened, write_opened
from trajectories.contexts.diff_rows import RowMaker, ShownLine, ShownPair
from trajectories.contexts.expansion import Expander, expanders, window_at
from trajectories.diffs import FileChange, Hunk, Row, pair_hunk
from trajectories.diffs.gaps import Gap
from trajectories.diffs.model import Side
from trajectories.diffs.moved import moves_of
from trajectories.git import PatchDoesNotApply
from trajectories.models import Trajectory
from trajectories.surroundings import Scope, surroundings_of
from trajectories.touching import Touch, first_changed, steps_touching

# Lines that a page shows of its first files together; the rest loads when it comes into view.
OPEN_LINES = 80
# Lines of a file that one fragment shows; a longer file goes on in the next.
FILE_LINES = 300
# Lines shown above the one that an address names, where it is far down in a long file.
_LINES_BEFORE_WANTED = 60
_MODE_NAMES = {"120000": "symbolic link", "160000": "submodule"}


@dataclass(frozen=True)
class ShownHunk:
    """A hunk, lines opened around a wanted one (`is_window`), or the end of the file (`is_tail`).

    Among `rows`, None is where the header stands: lines above it continue the hunk before.
    """

    element_id: str
    rows: tuple[ShownLine | ShownPair | None, ...]
    # Its first changed line, as in an address: `n120`.
    at: str = ""
    header: str = ""
    section: str = ""
    # The function or class that its first changed line stands in.
    scope: str = ""
    failure: str = ""
    # The steps that wrote or removed its lines.
    touches: tuple[Touch, ...] = ()
    expanders: tuple[Expander, ...] = ()
    # What is open of the gap above it, as in an address: `121.0.20`.
    opened: str = ""
    is_window: bool = False
    is_tail: bool = False
    # Lines left out because they differ in blanks alone.
    n_space_only: int = 0


@dataclass(frozen=True)
class FileBody:
    """The lines of a file from number `first` (0-based, of all lines of its hunks) on."""

    hunks: tuple[ShownHunk, ...]
    n_lines: int
    first: int
    n_after: int
    # Whether the lines after are loaded when they come into view.
    is_eager: bool = False

    @property
    def next(self) -> int:
        return self.n_lines - self.n_after


@dataclass(frozen=True)
class DiffFile:
    """A file of a diff; `body` is None until it is looked at."""

    trajectory: Trajectory
    which: DiffName
    look: Look
    change: FileChange
    number: int
    # The place among the entries of the same file, where a patch has it more than once.
    nth: int = 1
    failure: str = ""
    body: FileBody | None = None
    is_seen: bool = False
    # The one that the page's address asks for; the pane scrolls to it.
    is_wanted: bool = False
    previous_id: str = ""
    next_id: str = ""

    @property
    def element_id(self) -> str:
        return element_id(self.which, self.change, self.nth)

    @property
    def is_open(self) -> bool:
        """Tell whether it is unfolded: what was seen is not, unless it comes with its lines."""
        return self.body is not None or not self.is_seen

    @property
    def query(self) -> str:
        nth = {"nth": self.nth} if self.nth > 1 else {}
        at = {"at": self.at} if self.at else {}
        return f"{urlencode({'path': self.change.path, **nth, **at})}&{self.look.query}"

    @property
    def at(self) -> str:
        place = self.look.at
        return f"{place.side[0]}{place.first}-{place.last}" if place else ""

    @property
    def url(self) -> str:
        return f"{self._reverse('diff-file')}?{self.query}"

    @property
    def context_url(self) -> str:
        return f"{self._reverse('diff-context')}?{self.query}"

    @property
    def seen_url(self) -> str:
        """Return where a press on the button goes: it says the opposite of what is."""
        seen = 0 if self.is_seen else 1
        return f"{self._reverse('diff-seen')}?{self.query}&seen={seen}"

    def _reverse(self, name: str) -> str:
        return reverse(f"trajectories:{name}", args=[self.trajectory.pk, self.which])

    @property
    def is_split(self) -> bool:
        return self.look.view == "split"

    @property
    def name(self) -> str:
        return self.change.path.rpartition("/")[2]

    @property
    def status_label(self) -> str:
        """What happened to the file, where it is not plainly modified."""
        change = self.change
        labels: list[str] = [change.status] if change.status not in {"modified", "mode"} else []
        if change.similarity and change.status in {"renamed", "copied"}:
            labels.append(f"{change.similarity} alike")
        labels += [_MODE_NAMES[mode] for mode in sorted(_modes(change) & _MODE_NAMES.keys())]
        if change.old_mode and change.new_mode and change.old_mode != change.new_mode:
            labels.append(f"mode {change.old_mode} → {change.new_mode}")
        return ", ".join(labels)

    @property
    def height(self) -> int:
        """Return about how many pixels the lines will take, for the place to be reserved."""
        return min(self.change.n_lines, FILE_LINES) * 20 + len(self.change.hunks) * 40

    @property
    def reason_not_shown(self) -> str:
        """Why there are no lines to show, or ""."""
        change = self.change
        if change.is_binary:
            return "Binary file: its content is not shown."
        if change.hunks or change.problem:
            return ""
        return {
            "added": "An empty file is added.",
            "deleted": "An empty file is deleted.",
            "renamed": "The file is renamed without a change.",
            "copied": "The file is copied without a change.",
            "mode": "Only the file's mode changes.",
            "modified": "The patch names the file but changes no line.",
        }[change.status]


def _modes(change: FileChange) -> set[str]:
    return {change.old_mode, change.new_mode}


def element_id(which: DiffName, change: FileChange, nth: int = 1) -> str:
    digest = hashlib.sha256(change.path.encode()).hexdigest()[:12]
    return f"diff-{which}-{digest}" + (f"-{nth}" if nth > 1 else "")


def diff_files(
    trajectory: Trajectory, which: DiffName, source: DiffSource, look: Look
) -> list[DiffFile]:
    """Return the files of a diff without their lines."""
    files: list[DiffFile] = []
    counts: dict[str, int] = {}
    for number, change in enumerate(source.patch.files, start=1):
        nth = counts[change.path] = counts.get(change.path, 0) + 1
        files.append(
            DiffFile(
                trajectory=trajectory,
                which=which,
                look=look.for_file(change.path),
                change=change,
                number=number,
                nth=nth,
                failure=failures_of(source, change).get(None, ""),
                is_wanted=change.path == look.file and nth == 1,
            )
        )
    ids = ["", *(file.element_id for file in files), ""]
    return [
        replace(file, previous_id=before, next_id=after)
        for file, before, after in zip(files, ids, ids[2:], strict=False)
    ]


def failures_of(source: DiffSource, change: FileChange) -> dict[int | None, str]:
    """Return why hunks of a file do not apply, by their first old line (None: the file)."""
    if not isinstance(source.trouble, PatchDoesNotApply):
        return {}
    return {
        failure.line: failure.message
        for failure in source.trouble.failures
        if failure.path in (change.path, change.old_path)
    }


def with_body(
    file: DiffFile, source: DiffSource, *, first: int = 0, limit: int = FILE_LINES
) -> DiffFile:
    """Return a file with its lines from number `first` on, at most `limit` unless all are asked
    for; without `first`, those around the line that the address names.
    """
    return replace(file, body=_BodyMaker(file, source).body(first, limit))


def opened_hunk(
    file: DiffFile, source: DiffSource, gap: int, n_lines: int | None
) -> ShownHunk | None:
    """Return the hunk after the gap that begins with new line `gap`, with what `file.look` opens.

    Of a long hunk, the first `n_lines` only.
    """
    return _BodyMaker(file, source).hunk_after(gap, n_lines or file.change.n_lines)


@dataclass(frozen=True)
class _Piece:
    """A hunk, or lines of a gap, and what is known of it."""

    hunk: Hunk
    touches: tuple[Touch, ...] = ()
    is_window: bool = False


# The rows at a gap's top, those at its bottom, what opens more of it, what an address calls it.
_Rows = tuple[ShownLine | ShownPair, ...]
_OpenedGap = tuple[_Rows, _Rows, tuple[Expander, ...], str]


class _BodyMaker:
    def __init__(self, file: DiffFile, source: DiffSource) -> None:
        self._file = file
        self._source = source
        self._around = surroundings_of(file.trajectory, source, file.change)
        self._pieces = self._with_window(self._hunks())
        hunks = [piece.hunk for piece in self._pieces]
        self._gaps = self._around.gaps(hunks) if hunks else None
        self._rows = RowMaker(file.change, hunks, self._around, moves_of(source.patch), file.look)
        self._failures = failures_of(source, file.change)

    def _hunks(self) -> list[_Piece]:
        touches = steps_touching(self._file.trajectory, self._file.which, self._file.change)
        return [
            _Piece(hunk, touched)
            for hunk, touched in zip(self._file.change.hunks, touches, strict=True)
        ]

    def _with_window(self, pieces: list[_Piece]) -> list[_Piece]:
        """Add the lines around a wanted one that stands in no hunk."""
        place = self._file.look.at
        gaps = self._around.gaps([piece.hunk for piece in pieces]) if pieces else None
        for index, gap in enumerate(gaps or ()):
            if place and (hunk := window_at(gap, self._around, place)):
                return [*pieces[:index], _Piece(hunk, is_window=True), *pieces[index:]]
        return pieces

    def body(self, first: int, limit: int) -> FileBody:
        n_lines = sum(len(piece.hunk.lines) for piece in self._pieces)
        if self._file.look.show_all:
            first, limit = 0, n_lines
        elif not first:
            first = self._first_for_wanted(limit)
        slices = list(_slices(self._pieces, first, limit))
        self._rows.prepare(self._pieces[index].hunk.lines[a:b] for index, a, b in slices)
        shown = [self._hunk(index, start, stop) for index, start, stop in slices]
        n_after = max(0, n_lines - first - limit)
        if not n_after and (tail := self._tail()):
            shown.append(tail)
        return FileBody(tuple(shown), n_lines, first, n_after, is_eager=limit < FILE_LINES)

    def _first_for_wanted(self, limit: int) -> int:
        place = self._file.look.at
        if place is None:
            return 0
        lines = (line for piece in self._pieces for line in piece.hunk.lines)
        wanted = next((index for index, line in enumerate(lines) if place.holds(line)), 0)
        return max(0, wanted - _LINES_BEFORE_WANTED) if wanted >= limit else 0

    def hunk_after(self, gap: int, n_lines: int) -> ShownHunk | None:
        gaps = self._gaps or ()
        found = (i for i, g in enumerate(gaps) if g.n_lines and g.new_start == gap)
        index = next(found, None)
        if index is None:
            return None
        if index == len(self._pieces):
            return self._tail()
        self._rows.prepare([self._pieces[index].hunk.lines[:n_lines]])
        return self._hunk(index, 0, n_lines)

    def _hunk(self, index: int, start: int, stop: int) -> ShownHunk:
        piece = self._pieces[index]
        whole = piece.hunk
        lines = whole.lines[start:stop]
        side, number = first_changed(whole)
        at = "" if piece.is_window else f"{side}{number}"
        scope = self._scope(whole)
        n_lines = len(lines) if len(lines) < len(whole.lines) else None
        above, below, controls, opened = (
            ((), (), (), "") if start else self._gap_before(index, n_lines)
        )
        paired = pair_hunk(replace(whole, lines=lines))
        n_hidden = self._n_hidden(paired)
        rows = () if n_hidden else self._rows.rows(paired)
        return ShownHunk(
            element_id=f"{self._file.element_id}-{index}" + (f"-{start}" if start else ""),
            rows=(*above, None, *below, *rows),
            at=at,
            header=whole.header + (", continued" if start else ""),
            section=self._around.heading(whole.section),
            scope=scope.name if scope else "",
            failure=self._failures.get(whole.old_start, ""),
            touches=piece.touches,
            expanders=controls,
            opened=opened,
            is_window=piece.is_window,
            n_space_only=n_hidden,
        )

    def _n_hidden(self, rows: Sequence[Row]) -> int:
        """Return how many lines to leave out: all of a hunk that changes nothing but blanks."""
        place = self._file.look.at
        changes = [row for row in rows if not row.is_context]
        if not self._file.look.hides_space or not all(row.is_space_only for row in changes):
            return 0
        cells = [cell for row in rows for cell in (row.old, row.new) if cell]
        is_wanted = place is not None and any(place.holds(cell.line) for cell in cells)
        return 0 if is_wanted or not changes else len(rows)

    def _tail(self) -> ShownHunk | None:
        """Return what can be opened after the last hunk."""
        index = len(self._pieces)
        if not self._gaps or not self._gaps[index].n_lines:
            return None
        above, below, controls, opened = self._gap_before(index)
        return ShownHunk(
            element_id=f"{self._file.element_id}-{index}",
            rows=(*above, *((None,) if controls else ()), *below),
            expanders=controls,
            opened=opened,
            is_tail=True,
        )

    def _gap_before(self, index: int, n_lines: int | None = None) -> _OpenedGap:
        """Return the opened rows at the gap's top and bottom, and what opens more of it."""
        if not self._gaps or not self._gaps[index].n_lines:
            return (), (), (), ""
        gap = self._gaps[index]
        end = gap.new_start + gap.n_lines
        asked = (self._file.look.opened or {}).get(gap.new_start, Opened())
        top = min(asked.top, gap.n_lines)
        bottom = min(asked.bottom, gap.n_lines - top)
        above = self._around.lines(gap, gap.new_start, gap.new_start + top - 1)
        below = self._around.lines(gap, end - bottom, end - 1)
        self._rows.prepare([above, below])
        controls = expanders(
            gap,
            Opened(top, bottom),
            has_above=index > 0,
            has_below=index < len(self._pieces),
            scope=self._scope_above(index, gap),
            others=self._file.look.opened or {},
            n_lines=n_lines,
        )
        shown = write_opened({gap.new_start: Opened(top, bottom)}) if top or bottom else ""
        return self._rows.context(above), self._rows.context(below), controls, shown

    def _scope_above(self, index: int, gap: Gap) -> Scope | None:
        """Return the function around a hunk, where it begins in the gap before it."""
        if index == len(self._pieces):
            return None
        hunk = self._pieces[index].hunk
        return self._scope(hunk, gap.delta) or self._around.heading_above(gap, hunk.section)

    def _scope(self, hunk: Hunk, delta: int = 0) -> Scope | None:
        """Return the function around a hunk; `delta` is what old lines above it are ahead by.

        Its first change that is not blank says which: a blank line between two functions
        stands in neither.
        """
        changed = [line for line in hunk.lines if line.kind != "context"] or hunk.lines[:1]
        if not changed:
            return None
        line = next((line for line in changed if line.text.strip()), changed[0])
        side: Side = "old" if line.new is None else "new"
        number = (line.old if line.new is None else line.new) or 0
        symbol = self._around.enclosing(side, number)
        if symbol is None:
            return None
        return Scope(symbol.qualified_name, symbol.line - (delta if side == "old" else 0))


def _slices(pieces: Sequence[_Piece], first: int, limit: int) -> Iterator[tuple[int, int, int]]:
    """Yield (index of the piece, first line, end) of those that hold the wanted lines."""
    at = 0
    for index, piece in enumerate(pieces):
        n_lines = len(piece.hunk.lines)
        start, stop = max(0, first - at), min(n_lines, first + limit - at)
        if start < stop:
            yield index, start, stop
        at += n_lines
