"""What a files address asks for: a path, lines of it, or a search."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

FindKind = Literal["text", "definition", "uses"]
_KINDS: dict[str, FindKind] = {"text": "text", "definition": "definition", "uses": "uses"}
_LINES = re.compile(r"([1-9][0-9]{0,6})(?:-([1-9][0-9]{0,6}))?")
# What any of this may be called in an address; a link names them all, so that none stays behind.
NAMES = ("path", "line", "all", "blame", "outline", "look", "code", "glob", "regex", "case", "word")


@dataclass(frozen=True)
class Find:
    """A search: for a text in all files, or for the definitions or uses of a name."""

    kind: FindKind
    code: str
    glob: str = ""
    is_regex: bool = False
    matches_case: bool = False
    is_word: bool = False

    @property
    def globs(self) -> tuple[str, ...]:
        return tuple(re.split(r"[,\s]+", self.glob.strip())) if self.glob.strip() else ()

    @property
    def is_text(self) -> bool:
        return self.kind == "text"


@dataclass(frozen=True)
class Lines:
    """Lines of a file (1-based, both ends in)."""

    first: int
    last: int

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"

    def __contains__(self, line: int) -> bool:
        return self.first <= line <= self.last


@dataclass(frozen=True)
class FilesQuery:
    """With `find`, `path` is where the person was when they searched."""

    path: str = ""
    lines: Lines | None = None
    show_all: bool = False
    blame: bool = False
    outline: bool = False
    find: Find | None = None

    def address(self) -> dict[str, str | None]:
        """Return the query parameters that ask for this; None for those to be left out."""
        find = self.find
        return {
            "path": self.path or None,
            "line": str(self.lines) if self.lines else None,
            "all": "1" if self.show_all else None,
            "blame": "1" if self.blame else None,
            "outline": "1" if self.outline else None,
            "look": find.kind if find else None,
            "code": find.code if find else None,
            "glob": find.glob or None if find else None,
            "regex": "1" if find and find.is_regex else None,
            "case": "1" if find and find.matches_case else None,
            "word": "1" if find and find.is_word else None,
        }

    def at(self, path: str, line: int | None = None) -> FilesQuery:
        """Return the query for a place in the same tree, with history if it is shown now."""
        lines = Lines(line, line) if line else None
        return FilesQuery(path=path, lines=lines, blame=self.blame)


NOTHING = FilesQuery()


def read_query(parameters: Mapping[str, str]) -> FilesQuery:
    """Read an address; what makes no sense is left out."""
    kind = _KINDS.get(parameters.get("look", ""))
    code = parameters.get("code", "").strip("\r\n")
    find = None
    if kind and code.strip():
        find = Find(
            kind=kind,
            code=code if kind == "text" else code.strip(),
            glob=parameters.get("glob", "").strip()[:500],
            is_regex=parameters.get("regex") == "1",
            matches_case=parameters.get("case") == "1",
            is_word=parameters.get("word") == "1",
        )
    return FilesQuery(
        path=parameters.get("path", "").strip().strip("/"),
        lines=read_lines(parameters.get("line", "")),
        show_all=parameters.get("all") == "1",
        blame=parameters.get("blame") == "1",
        outline=parameters.get("outline") == "1",
        find=find,
    )


def read_lines(text: str) -> Lines | None:
    """Read `17` or `17-25`, in either order; None for anything else."""
    match = _LINES.fullmatch(text)
    if not match:
        return None
    first, last = sorted((int(match[1]), int(match[2] or match[1])))
    return Lines(first, last)
