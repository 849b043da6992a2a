"""Read the text of a patch, whatever an agent or a data set made of it.

unidiff reads the hunks. Cutting the text into files is done here, with the line counts of the
hunk headers, so that a line of content that looks like a header does not end a file, and a file
that cannot be read is named while all others are shown.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from unidiff import patch as unidiff
from unidiff.errors import UnidiffParseError

from trajectories.diffs.model import DiffLine, FileChange, Hunk, LineKind, Patch, Status
from trajectories.diffs.paths import header_paths, marker_path
from trajectories.git.text import decode, visible

# @@ -12 +12,7 @@ def f():
_HUNK = re.compile(r"@@ -\d+(?:,(?P<old>\d+))? \+\d+(?:,(?P<new>\d+))? @@")
# index 8baef1b4abc..e69de29bb2d 100644
_INDEX_MODE = re.compile(r"index [0-9a-f]+\.\.[0-9a-f]+ (?P<mode>\d{6})$")
# diff --cc pkg/core.py
_COMBINED = re.compile(r"diff --(?:cc|combined) (?P<name>.+)")
_COMBINED_PROBLEM = "it is a combined diff of a merge, with more than one old side"
_KINDS: dict[str, LineKind] = {" ": "context", "": "context", "-": "removed", "+": "added"}


@dataclass
class _Section:
    """The lines of one file of the patch."""

    git_line: str = ""
    headers: list[str] = field(default_factory=list)
    old_marker: str = ""
    new_marker: str = ""
    hunk_lines: list[str] = field(default_factory=list)
    is_combined: bool = False

    @property
    def digest(self) -> str:
        parts = (self.git_line, *self.headers, self.old_marker, self.new_marker, *self.hunk_lines)
        return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()

    def header(self, prefix: str) -> str:
        """Return what follows `prefix` in the first header line that begins so, or ""."""
        found = (line.removeprefix(prefix) for line in self.headers if line.startswith(prefix))
        return next(found, "")


def parse_patch(text: str | bytes) -> Patch:
    """Return the files of a patch; never fails. Bytes that are not UTF-8 are read as Latin-1."""
    if isinstance(text, bytes):
        text = decode(text)
    cutter = _Cutter(_lines(text))
    sections = list(cutter.sections())
    return Patch(tuple(_file_change(section) for section in sections), tuple(cutter.strays))


def _lines(text: str) -> list[str]:
    """Split at line feeds only and keep them; the last line gets one if it has none."""
    lines = [f"{line}\n" for line in text.split("\n")]
    return lines[:-1] if lines[-1] == "\n" else lines


class _Cutter:
    """Cuts the lines of a patch into one section per file."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.at = 0
        self.strays: list[str] = []

    def sections(self) -> Iterator[_Section]:
        section: _Section | None = None
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if begun := self._begin(line, section):
                if section is not None and begun is not section:
                    yield section
                section = begun
            elif section is None:
                self._stray(line)
            elif section.is_combined:
                section.hunk_lines.append(line)
                self.at += 1
            elif _HUNK.match(line) and section.new_marker:
                self._take_hunk(section)
            elif line.startswith("\\") and section.hunk_lines:
                section.hunk_lines.append(line)
                self.at += 1
            elif section.hunk_lines:
                self._stray(line)
            else:
                section.headers.append(line.rstrip("\r\n"))
                self.at += 1
        if section is not None:
            yield section

    def _begin(self, line: str, section: _Section | None) -> _Section | None:
        """Return the section that a header line begins or continues, and step over the line."""
        if line.startswith("diff --git "):
            self.at += 1
            return _Section(git_line=line.rstrip("\r\n"))
        if match := _COMBINED.match(line):
            self.at += 1
            name = match["name"].rstrip("\r\n")
            return _Section(f"diff --git {name} {name}", is_combined=True)
        if section is not None and section.is_combined:
            return None
        following = self.lines[self.at + 1] if self.at + 1 < len(self.lines) else ""
        if not (line.startswith("--- ") and following.startswith("+++ ")):
            return None
        self.at += 2
        if section is None or section.old_marker:
            section = _Section()
        section.old_marker, section.new_marker = line, following
        return section

    def _stray(self, line: str) -> None:
        if line.strip():
            self.strays.append(line.rstrip("\r\n"))
        self.at += 1

    def _take_hunk(self, section: _Section) -> None:
        """Take a hunk's header and as many lines as it announces, or as there are."""
        match = _HUNK.match(self.lines[self.at])
        assert match is not None
        old, new = _count(match["old"]), _count(match["new"])
        section.hunk_lines.append(self.lines[self.at])
        self.at += 1
        while (old > 0 or new > 0) and self.at < len(self.lines):
            line = self.lines[self.at]
            if line[0] not in " +-\\\r\n":
                return
            old -= line[0] in " -\r\n"
            new -= line[0] in " +\r\n"
            section.hunk_lines.append(line)
            self.at += 1


def _count(digits: str | None) -> int:
    """Return how many lines a hunk's header announces; more than any patch has is all there are."""
    if digits is None:
        return 1
    return int(digits) if len(digits) <= 18 else sys.maxsize


def _file_change(section: _Section) -> FileChange:
    old_path, new_path = _paths(section)
    hunks, problem = _hunks(section)
    old_mode, new_mode = _modes(section)
    return FileChange(
        status=_status(section, old_path, new_path, has_hunks=bool(hunks or problem)),
        old_path=old_path,
        new_path=new_path,
        old_mode=old_mode,
        new_mode=new_mode,
        similarity=section.header("similarity index ")[:4],
        is_binary=any(
            line.startswith(("Binary files ", "GIT binary patch")) for line in section.headers
        ),
        hunks=hunks,
        problem=problem,
        raw="".join(visible_lines(section.hunk_lines)) if problem else "",
        digest=section.digest,
    )


def visible_lines(lines: list[str]) -> Iterator[str]:
    return (visible(line.rstrip("\r\n")) + "\n" for line in lines)


def _paths(section: _Section) -> tuple[str | None, str | None]:
    """Return (old path, new path); None on the side where the file does not exist."""
    if section.new_marker:
        return marker_path(section.old_marker, "a/"), marker_path(section.new_marker, "b/")
    renamed = section.header("rename from ") or section.header("copy from ")
    if renamed:
        target = section.header("rename to ") or section.header("copy to ")
        return marker_path(f"--- {renamed}", ""), marker_path(f"+++ {target}", "")
    old, new = header_paths(section.git_line)
    if section.header("new file mode "):
        return None, new
    return old, None if section.header("deleted file mode ") else new


def _modes(section: _Section) -> tuple[str, str]:
    old = section.header("old mode ") or section.header("deleted file mode ")
    new = section.header("new mode ") or section.header("new file mode ")
    if old or new:
        return old, new
    matches = (_INDEX_MODE.match(line) for line in section.headers)
    mode = next((match["mode"] for match in matches if match), "")
    return mode, mode


def _status(section: _Section, old: str | None, new: str | None, *, has_hunks: bool) -> Status:
    if old is None:
        return "added"
    if new is None:
        return "deleted"
    if section.header("copy from "):
        return "copied"
    if old != new:
        return "renamed"
    return "mode" if section.header("new mode ") and not has_hunks else "modified"


def _hunks(section: _Section) -> tuple[tuple[Hunk, ...], str]:
    """Return (hunks, why they could not be read)."""
    if section.is_combined:
        return (), _COMBINED_PROBLEM
    if not section.hunk_lines:
        return (), ""
    try:
        # The names are given by us: unidiff need not understand quoted or missing ones.
        parsed = unidiff.PatchSet(["--- a/file\n", "+++ b/file\n", *section.hunk_lines])
    except UnidiffParseError as error:
        return (), visible(str(error).strip())[:200]
    except ValueError:  # Python reads no number of more than some thousand digits.
        return (), "a hunk's header has a number that is too long"
    return tuple(_hunk(hunk) for patched_file in parsed for hunk in patched_file), ""


def _hunk(hunk: unidiff.Hunk) -> Hunk:
    lines: list[DiffLine] = []
    for line in hunk:
        if line.line_type == "\\":
            if lines:
                lines[-1] = _without_ending(lines[-1])
            continue
        text = line.value.removesuffix("\n")
        ending = "\r\n" if text.endswith("\r") else "\n"
        lines.append(
            DiffLine(
                kind=_KINDS[line.line_type],
                text=visible(text.removesuffix("\r")),
                old=line.source_line_no,
                new=line.target_line_no,
                ending=ending,  # type: ignore[arg-type]
            )
        )
    return Hunk(
        old_start=hunk.source_start,
        old_count=hunk.source_length,
        new_start=hunk.target_start,
        new_count=hunk.target_length,
        section=visible(hunk.section_header.rstrip("\r\n")),
        lines=tuple(lines),
    )


def _without_ending(line: DiffLine) -> DiffLine:
    return DiffLine(line.kind, line.text, line.old, line.new, "")
