"""A file's lines as they are shown, or why there are none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.safestring import SafeString

from trajectories.contexts.files_query import FilesQuery
from trajectories.git import Entry, Mirror
from trajectories.git.text import decode, file_lines, is_binary, visible
from trajectories.highlighting import MAX_LINES, colour_lines, markup
from trajectories.symbols import Symbol, enclosing, language_of, symbols_of

# A file is shown in windows of this many lines, unless all of it is asked for.
WINDOW_LINES = 500
_MAX_BYTES = 1_500_000


@dataclass(frozen=True)
class Cell:
    """Where a run of lines comes from: a commit, or (`commit` is empty) what `summary` says."""

    commit: str
    summary: str
    author: str = ""
    authored_at: datetime | None = None


@dataclass(frozen=True)
class FileLine:
    """`cell` is there where a run of lines from one commit begins, and now and then in it."""

    number: int
    html: SafeString
    is_target: bool
    is_first_target: bool
    cell: Cell | None = None


@dataclass(frozen=True)
class History:
    """What blame says of the file: of the marked line's commit the whole message, or a problem."""

    problem: str = ""
    cell: Cell | None = None
    message: str = ""


@dataclass(frozen=True)
class ShownFile:
    """A window of a file's lines, or why there are none (`reason`).

    `within` is the function or class that the marked line is in.
    """

    size_bytes: int
    blob_id: str
    lines: tuple[FileLine, ...] = ()
    n_lines: int = 0
    reason: str = ""
    within: Symbol | None = None
    has_outline: bool = False
    history: History | None = None

    @property
    def is_cut(self) -> bool:
        return bool(self.lines) and len(self.lines) < self.n_lines

    @property
    def first(self) -> int:
        return self.lines[0].number if self.lines else 0

    @property
    def last(self) -> int:
        return self.lines[-1].number if self.lines else 0

    @property
    def before(self) -> int | None:
        """A line of the window before this one, or None."""
        return max(1, self.first - WINDOW_LINES) if self.first > 1 else None

    @property
    def after(self) -> int | None:
        return self.last + 1 if self.last < self.n_lines else None


def shown_file(mirror: Mirror, entry: Entry, query: FilesQuery) -> ShownFile:
    """Return the file at an entry of a tree, as far as the query asks for it."""
    size = entry.size_bytes or 0
    if entry.is_submodule:
        return ShownFile(0, entry.id, reason=f"A submodule, at commit {entry.id}.")
    if size > _MAX_BYTES:
        return ShownFile(size, entry.id, reason="Too large to be shown here.")
    data = mirror.read_blob(entry.id)
    if entry.is_symlink:
        return ShownFile(size, entry.id, reason=f"A link to {visible(decode(data))}")
    if is_binary(data):
        return ShownFile(size, entry.id, reason="Binary file: its content is not shown.")
    if not data:
        return ShownFile(size, entry.id, reason="The file is empty.")
    return _window(mirror, entry, file_lines(data), query)


def _window(mirror: Mirror, entry: Entry, lines: list[str], query: FilesQuery) -> ShownFile:
    wanted = query.lines
    target = min(wanted.first if wanted else 1, len(lines))
    start = (target - 1) // WINDOW_LINES * WINDOW_LINES
    # A range that goes on into the next window is shown to its end, within reason.
    last = min(wanted.last, target + WINDOW_LINES) if wanted else 0
    end = max(start + WINDOW_LINES, last)
    if query.show_all:
        start, end = 0, len(lines)
    # From the top, so that the window's first line is coloured as what it is; all of a file that
    # is not too long to be coloured, so that its windows share the work.
    coloured = colour_lines(lines if len(lines) <= MAX_LINES else lines[:end], entry.path)
    symbols = symbols_of(mirror, entry.id, entry.path) if wanted else ()
    return ShownFile(
        size_bytes=entry.size_bytes or 0,
        blob_id=entry.id,
        lines=tuple(
            FileLine(
                number,
                markup(parts),
                is_target=wanted is not None and number in wanted,
                is_first_target=wanted is not None and number == wanted.first,
            )
            for number, parts in enumerate(coloured[start:end], start=start + 1)
        ),
        n_lines=len(lines),
        within=enclosing(symbols, wanted.first) if wanted else None,
        has_outline=language_of(entry.path) is not None,
    )
