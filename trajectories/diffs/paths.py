"""The file names of a patch, which git quotes as C strings where they hold odd characters."""

from __future__ import annotations

import re

from trajectories.git.text import decode

# "a/d\303\244ta.txt"
_QUOTED_NAME = r'"(?:[^"\\]|\\.)*"'
_QUOTED = re.compile(_QUOTED_NAME)
_TWO_NAMES = re.compile(rf"(?P<old>{_QUOTED_NAME}|\S+) (?P<new>{_QUOTED_NAME}|\S+)")
_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_LETTERS = {
    b"a": b"\a",
    b"b": b"\b",
    b"f": b"\f",
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"v": b"\v",
}


def marker_path(line: str, prefix: str) -> str | None:
    """Return the path of a `--- ` or `+++ ` line without `prefix`, or None for /dev/null."""
    name = line[4:].rstrip("\r\n")
    # A time stamp may follow after a tab; a name that holds a tab is quoted.
    name = unquote(name.split("\t", 1)[0])
    return None if name == "/dev/null" else name.removeprefix(prefix)


def header_paths(line: str) -> tuple[str, str]:
    """Return (old, new) of `diff --git a/x b/x`: all there is for an empty or binary file."""
    names = line.removeprefix("diff --git ")
    if match := _TWO_NAMES.fullmatch(names):
        old, new = unquote(match["old"]), unquote(match["new"])
        return old.removeprefix("a/"), new.removeprefix("b/")
    # Names with blanks: both halves are the same but for the prefix, unless it is a rename,
    # which has header lines of its own.
    half = len(names) // 2
    return names[:half].removeprefix("a/"), names[half + 1 :].removeprefix("b/")


def unquote(name: str) -> str:
    """Undo git's quoting. Bytes that are not UTF-8 are read as Latin-1, so that a name can always
    be shown; such a file is not found in the mirror again, and then coloured from its hunks.
    """
    if not _QUOTED.fullmatch(name):
        return name
    body = name[1:-1].encode("utf-8", "surrogatepass")
    return decode(_ESCAPE.sub(lambda escape: _unescape(escape[1]), body))


def _unescape(code: bytes) -> bytes:
    is_octal = code[:1] in b"01234567"
    return bytes([int(code, 8) & 0xFF]) if is_octal else _LETTERS.get(code, code)
