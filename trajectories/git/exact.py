"""Apply a plain patch whose every line stands where the patch says, without git and its index.

Nearly all patches of agents and data sets are of this kind: text changes in git's own format to
regular files. `git apply` reads and writes an index of the whole tree for them, some 30 ms in a
repository of 2,000 files. What is of any other kind (renames, modes, binary files, quoted names,
lines that moved, lines that are not there) is left to git, so that there is one judge of what
applies; see `apply.c` in git for the rules that this keeps to.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from trajectories.git.errors import UnsafeName
from trajectories.git.mirror import Mirror
from trajectories.git.names import check_path
from trajectories.git.trees import FILE, FOLDER, PROGRAM, parse_tree, with_files

# No blanks, quotes or backslashes, after which git ends or unquotes a name.
_NAME = rb"[^\s\"\\\x00-\x1f\x7f]+"
_SECTION = re.compile(
    rb"diff --git a/(?P<path>%(name)s) b/(?P=path)\n"
    rb"(?:(?P<kind>new|deleted) file mode (?P<mode>100644|100755)\n)?"
    rb"(?:index [0-9a-f]+\.\.[0-9a-f]+(?: 100644| 100755)?\n)?"
    rb"--- (?P<old_name>/dev/null|a/(?P=path))\n"
    rb"\+\+\+ (?P<new_name>/dev/null|b/(?P=path))\n" % {b"name": _NAME}
)
_HUNK = re.compile(rb"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@[^\n]*\n")
_NO_LINE_FEED = b"\\ No newline at end of file\n"


@dataclass(frozen=True)
class _Hunk:
    old_start: int
    new_start: int
    old: list[bytes]
    new: list[bytes]
    # A hunk that ends with a change must end where the file ends.
    is_last: bool


@dataclass(frozen=True)
class _Section:
    path: str
    is_new: bool
    is_gone: bool
    mode: bytes
    hunks: list[_Hunk]


class _NotPlain(Exception):
    """The patch, or the tree under it, needs git itself."""


def apply_exactly(mirror: Mirror, tree: str, patch: bytes) -> str | None:
    """Return the id of the tree that a plain patch makes of `tree`, or None where git must say.

    None does not mean that the patch does not apply. Raises ObjectMissing for a missing tree.
    """
    try:
        sections = list(_sections(patch))
        _require_apart([section.path for section in sections])
        folders = _Folders(mirror, tree)
        programs = frozenset(section.path for section in sections if section.mode == PROGRAM)
        files = {section.path: _patched(mirror, folders, section) for section in sections}
    except (_NotPlain, UnsafeName):
        return None
    return with_files(mirror, tree, files, new_programs=programs)


def _sections(patch: bytes) -> Iterator[_Section]:
    at = 0
    while at < len(patch):
        match = _SECTION.match(patch, at)
        if match is None:
            raise _NotPlain
        hunks, at = _hunks(patch, match.end())
        yield _section(match, hunks)


def _section(match: re.Match[bytes], hunks: list[_Hunk]) -> _Section:
    is_new, is_gone = match["kind"] == b"new", match["kind"] == b"deleted"
    if (
        not hunks
        or (match["old_name"] == b"/dev/null") != is_new
        or (match["new_name"] == b"/dev/null") != is_gone
    ):
        raise _NotPlain
    path = os.fsdecode(match["path"])
    # A path that git would not write (into .git, by any case) is for git to refuse.
    if any(part.lower().startswith(".git") for part in path.split("/")) or check_path(path) != path:
        raise _NotPlain
    return _Section(path, is_new, is_gone, match["mode"] or FILE, hunks)


def _hunks(patch: bytes, at: int) -> tuple[list[_Hunk], int]:
    hunks: list[_Hunk] = []
    while match := _HUNK.match(patch, at):
        old_start, n_old, new_start, n_new = (
            int(number) if number is not None else 1 for number in match.groups()
        )
        hunk, at = _hunk(patch, match.end(), (old_start, n_old), (new_start, n_new))
        hunks.append(hunk)
    return hunks, at


def _hunk(
    patch: bytes, at: int, old_range: tuple[int, int], new_range: tuple[int, int]
) -> tuple[_Hunk, int]:
    """Read the lines of one hunk, each with its line feed where it has one."""
    old: list[bytes] = []
    new: list[bytes] = []
    sign = b""
    while len(old) < old_range[1] or len(new) < new_range[1]:
        end = patch.find(b"\n", at) + 1 or len(patch)
        sign, line, at = patch[at : at + 1], patch[at + 1 : end], end
        if patch.startswith(_NO_LINE_FEED, at):
            line, at = line[:-1], at + len(_NO_LINE_FEED)
        if sign not in (b" ", b"-", b"+"):
            raise _NotPlain
        if sign != b"+":
            old.append(line)
        if sign != b"-":
            new.append(line)
    if (len(old), len(new)) != (old_range[1], new_range[1]) or old == new:
        raise _NotPlain
    return _Hunk(old_range[0], new_range[0], old, new, is_last=sign != b" "), at


def _require_apart(paths: list[str]) -> None:
    """Leave a patch to git that speaks of a path twice, or of a file and of one below it."""
    seen = set(paths)
    if len(seen) != len(paths) or any(parent in seen for path in paths for parent in _above(path)):
        raise _NotPlain


def _above(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path


def _patched(mirror: Mirror, folders: _Folders, section: _Section) -> bytes | None:
    """Return the file's new content, None for one that is removed."""
    mode, blob = folders.entry(section.path)
    if section.is_new:
        if mode:
            raise _NotPlain
        content = b""
    elif mode in (FILE, PROGRAM):
        content = mirror.read_blob(blob)
    else:
        raise _NotPlain
    patched = _with_hunks(content, section.hunks)
    if section.is_gone:
        if patched:
            raise _NotPlain
        return None
    return patched


def _with_hunks(content: bytes, hunks: list[_Hunk]) -> bytes:
    """Put hunks in, in order, each exactly where its header says that the new lines begin."""
    lines = _lines(content)
    patched: list[bytes] = []
    at = 0
    for hunk in hunks:
        start = max(hunk.new_start - 1, 0)
        n_between = start - len(patched)
        end = at + n_between + len(hunk.old)
        if n_between < 0 or end > len(lines) or lines[end - len(hunk.old) : end] != hunk.old:
            raise _NotPlain
        if (hunk.old_start <= 1 and start > 0) or (hunk.is_last and end != len(lines)):
            raise _NotPlain
        patched += lines[at : at + n_between]
        patched += hunk.new
        at = end
    return b"".join(patched + lines[at:])


def _lines(content: bytes) -> list[bytes]:
    """Split at line feeds alone, as git does, and keep them."""
    lines = [line + b"\n" for line in content.split(b"\n")]
    # What follows the last line feed has none of its own.
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


class _Folders:
    """The folders of a tree, each read once."""

    def __init__(self, mirror: Mirror, tree: str) -> None:
        self._mirror = mirror
        self._folders = {"": parse_tree(mirror.read_tree(tree))}

    def entry(self, path: str) -> tuple[bytes, str]:
        """Return (mode, object id) of what stands at a path, two empty ones for nothing.

        Raises _NotPlain where the path leads through something that is no folder.
        """
        folder, _, name = path.rpartition("/")
        return self._entries(folder).get(os.fsencode(name), (b"", ""))

    def _entries(self, folder: str) -> dict[bytes, tuple[bytes, str]]:
        if folder not in self._folders:
            mode, tree = self.entry(folder)
            if mode not in (FOLDER, b""):
                raise _NotPlain
            self._folders[folder] = parse_tree(self._mirror.read_tree(tree)) if mode else {}
        return self._folders[folder]
