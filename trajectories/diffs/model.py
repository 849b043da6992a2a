"""A parsed patch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

LineKind = Literal["context", "removed", "added"]
Status = Literal["added", "deleted", "modified", "renamed", "copied", "mode"]
Side = Literal["old", "new"]
Ending = Literal["\n", "\r\n", ""]


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of a hunk. Line numbers are 1-based; None on the side where it does not stand."""

    kind: LineKind
    text: str
    old: int | None
    new: int | None
    ending: Ending


@dataclass(frozen=True, slots=True)
class Hunk:
    old_start: int
    old_count: int
    new_start: int
    new_count: int
    section: str
    lines: tuple[DiffLine, ...]

    @property
    def header(self) -> str:
        return f"@@ -{self.old_start},{self.old_count} +{self.new_start},{self.new_count} @@"


@dataclass(frozen=True, slots=True)
class FileChange:
    """What a patch does to one file.

    `problem` says why its hunks could not be read; `raw` is then the text as it came.
    """

    status: Status
    old_path: str | None
    new_path: str | None
    old_mode: str = ""
    new_mode: str = ""
    # How alike a renamed or copied file is to the old one: `92%`.
    similarity: str = ""
    is_binary: bool = False
    hunks: tuple[Hunk, ...] = ()
    problem: str = ""
    raw: str = ""
    # SHA-256 of the lines that the patch has about the file: equal for an equal change.
    digest: str = field(default="", compare=False)

    @property
    def path(self) -> str:
        """The name the file goes by: the new one, except where the file is deleted."""
        return self.new_path or self.old_path or ""

    @property
    def n_added(self) -> int:
        return sum(line.kind == "added" for hunk in self.hunks for line in hunk.lines)

    @property
    def n_removed(self) -> int:
        return sum(line.kind == "removed" for hunk in self.hunks for line in hunk.lines)

    @property
    def n_lines(self) -> int:
        return sum(len(hunk.lines) for hunk in self.hunks)

    def lines_of(self, side: Side) -> dict[int, str]:
        """Return the text of the lines that the patch shows of one side, by line number."""
        return {
            number: line.text
            for hunk in self.hunks
            for line in hunk.lines
            if (number := line.old if side == "old" else line.new) is not None
        }


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """The files of a patch in its order, and the lines between them that belong to none.

    A patch is compared by identity, so that what is computed from a large one can be remembered
    without reading it all for its hash.
    """

    files: tuple[FileChange, ...]
    strays: tuple[str, ...] = ()

    def file(self, path: str) -> FileChange | None:
        """Return the change of the file that goes by `path`, or was called so before."""
        named = [change for change in self.files if change.path == path]
        renamed = [change for change in self.files if change.old_path == path]
        return next(iter(named + renamed), None)
