"""How a diff is asked for: what of it is open, and how it is drawn."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urlencode

from trajectories.diffs.model import DiffLine, Side

View = Literal["unified", "split"]

# n120, o7, n120-130
_PLACE = re.compile(r"(?P<side>[no])(?P<first>[1-9]\d{0,7})(?:-(?P<last>[1-9]\d{0,7}))?")
# 121.0.20: of the gap that begins with line 121 of the new side no line at its top, 20 at its end
_OPENED = re.compile(r"(\d{1,8})\.(\d{1,8})\.(\d{1,8})")
_MAX_OPENED = 50


@dataclass(frozen=True)
class Place:
    """Lines of one side of a file, as an address names them: `n120`."""

    side: Side
    first: int
    last: int

    def holds(self, line: DiffLine) -> bool:
        number = line.old if self.side == "old" else line.new
        return number is not None and self.first <= number <= self.last


@dataclass(frozen=True)
class Opened:
    """How many lines are shown at both ends of a gap between hunks."""

    top: int = 0
    bottom: int = 0


@dataclass(frozen=True)
class Look:
    """`opened` are the gaps of the wanted file by the new line that they begin with."""

    view: View = "unified"
    hides_space: bool = False
    file: str | None = None
    at: Place | None = None
    show_all: bool = False
    opened: Mapping[int, Opened] | None = None

    @property
    def query(self) -> str:
        """Return the parameters that every fragment of the diff is asked for with."""
        parameters: dict[str, str] = {"view": self.view}
        if self.hides_space:
            parameters["ws"] = "hide"
        return urlencode(parameters)

    @property
    def space(self) -> str | None:
        """Return the page's parameter `ws`."""
        return "hide" if self.hides_space else None

    def for_file(self, path: str) -> Look:
        """Return how another file of the diff is shown than the one that is asked for."""
        if path == self.file:
            return self
        return replace(self, at=None, show_all=False, opened=None)


def read_look(query: Mapping[str, str], page: Mapping[str, str] | None = None) -> Look:
    """Read a query string; how it is drawn may be said by that of the page around it."""
    page = page or {}
    return Look(
        view="split" if (query.get("view") or page.get("view")) == "split" else "unified",
        hides_space=(query.get("ws") or page.get("ws")) == "hide",
        file=query.get("file"),
        at=read_place(query.get("at", "")),
        show_all=query.get("all") == "1",
        opened=_read_opened(query.get("opened", "")),
    )


def read_place(text: str) -> Place | None:
    match = _PLACE.fullmatch(text)
    if match is None:
        return None
    first = int(match["first"])
    last = int(match["last"] or first)
    return Place("new" if match["side"] == "n" else "old", min(first, last), max(first, last))


def _read_opened(text: str) -> dict[int, Opened]:
    matches = (_OPENED.fullmatch(part) for part in text.split(",")[:_MAX_OPENED])
    return {int(m[1]): Opened(int(m[2]), int(m[3])) for m in matches if m}


def write_opened(opened: Mapping[int, Opened]) -> str:
    """Return gaps as the page's address names them."""
    return ",".join(f"{gap}.{shown.top}.{shown.bottom}" for gap, shown in opened.items())
