"""The whole of a file on both sides of a diff: what its hunks leave out can be read from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from trajectories.code import DiffName, DiffSource, diff_source, mirror_of
from trajectories.diffs import FileChange, Hunk
from trajectories.diffs.gaps import Gap, fits, gaps_around
from trajectories.diffs.model import DiffLine, Ending, Side
from trajectories.git import GitError, Mirror
from trajectories.git.text import decode, visible
from trajectories.models import Trajectory
from trajectories.symbols import Symbol, enclosing, language_of, symbols_of

# Beyond this size nobody reads a file around its changes; it can still be opened as a file.
_MAX_BYTES = 5_000_000
# In prose, the line that git names in a hunk's header is any line.
_PROSE = (".md", ".rst", ".txt")


@dataclass(frozen=True)
class Content:
    """A file at one side: its lines as they are shown, and whether each ends in CR LF."""

    path: str
    blob: str
    lines: tuple[str, ...]
    crlf: frozenset[int]
    ends_in_newline: bool

    def ending(self, number: int) -> Ending:
        if number == len(self.lines) and not self.ends_in_newline:
            return ""
        return "\r\n" if number in self.crlf else "\n"


_NO_FILE = Content("", "", (), frozenset(), True)


@lru_cache(maxsize=64)
def _content(mirror: Mirror, blob: str, path: str) -> Content:
    lines = decode(mirror.read_blob(blob)).split("\n")
    ends_in_newline = lines[-1] == ""
    if ends_in_newline:
        lines.pop()
    return Content(
        path=path,
        blob=blob,
        lines=tuple(visible(line.removesuffix("\r")) for line in lines),
        crlf=frozenset(n for n, line in enumerate(lines, start=1) if line.endswith("\r")),
        ends_in_newline=ends_in_newline,
    )


@dataclass(frozen=True)
class Scope:
    """The function or class around a hunk. `line` is where it begins, on the new side."""

    name: str
    line: int


@dataclass(frozen=True)
class Surroundings:
    """Both sides of a changed file. `is_exact`: each hunk stands where its header says."""

    mirror: Mirror
    old: Content | None
    new: Content | None
    is_exact: bool

    def content(self, side: Side) -> Content | None:
        return self.old if side == "old" else self.new

    def gaps(self, hunks: Sequence[Hunk]) -> tuple[Gap, ...] | None:
        """Return what stands before, between and after the hunks; None where it is not known."""
        if not self.is_exact or self.old is None or self.new is None:
            return None
        return gaps_around(hunks, len(self.old.lines), len(self.new.lines))

    def lines(self, gap: Gap, first: int, last: int) -> tuple[DiffLine, ...]:
        """Return lines of a gap, both ends given by their number on the new side."""
        assert self.new is not None
        return tuple(
            DiffLine("context", self.new.lines[n - 1], n + gap.delta, n, self.new.ending(n))
            for n in range(first, last + 1)
        )

    def enclosing(self, side: Side, line: int) -> Symbol | None:
        """Return the function or class that a line stands in, if the language is known."""
        content = self.content(side)
        if content is None or not content.blob or not self.is_exact:
            return None
        try:
            return enclosing(symbols_of(self.mirror, content.blob, content.path), line)
        except GitError:
            return None

    def heading(self, section: str) -> str:
        """Return what git names in a hunk's header, where we cannot tell any better.

        Of a language whose functions we know, git's guess is at best the same, and for a line
        that is in no function it is some line above it.
        """
        content = self.new or self.old
        is_known = self.is_exact and content is not None and language_of(content.path) is not None
        return "" if is_known else section

    def heading_above(self, gap: Gap, section: str) -> Scope | None:
        """Return the line of a gap that git names in the header of the hunk after it."""
        section = self.heading(section)
        if not section.strip() or self.new is None or self.new.path.endswith(_PROSE):
            return None
        for number in range(gap.new_start + gap.n_lines - 1, gap.new_start - 1, -1):
            if self.new.lines[number - 1].startswith(section):
                return Scope(section.strip(), number)
        return None


def surroundings_of(trajectory: Trajectory, source: DiffSource, change: FileChange) -> Surroundings:
    """Read a changed file on both sides, as far as there are trees."""
    mirror = mirror_of(trajectory.task.repository)
    old = _side(mirror, source.old_tree, change.old_path, change)
    new = _side(mirror, source.new_tree, change.new_path, change)
    is_exact = old is not None and new is not None and fits(change.hunks, old.lines, new.lines)
    return Surroundings(mirror, old, new, is_exact)


def opened_diff_lines(
    trajectory: Trajectory, which: DiffName, path: str, side: Side
) -> dict[int, str]:
    """Return all lines of one side of a changed file that a diff can show, by line number.

    Empty where lines around the hunks cannot be opened.
    """
    source = diff_source(trajectory, which)
    change = source.patch.file(path)
    around = surroundings_of(trajectory, source, change) if change else None
    content = around.content(side) if around and around.is_exact else None
    return dict(enumerate(content.lines, start=1)) if content else {}


def _side(mirror: Mirror, tree: str | None, path: str | None, change: FileChange) -> Content | None:
    """Return a side's file; one without lines where there is no such file; None if unknown."""
    if tree is None or change.is_binary or not change.hunks:
        return None
    if path is None:
        return _NO_FILE
    try:
        blob = mirror.blob_id(tree, path)
        if blob is None or mirror.blob_size(blob) > _MAX_BYTES:
            return None
        return _content(mirror, blob, path)
    except GitError:
        return None
