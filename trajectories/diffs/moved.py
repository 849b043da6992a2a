"""Find blocks of lines that a patch removes in one place and adds in another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from trajectories.diffs.model import DiffLine, Patch, Side

# What git's --color-moved asks of a block: fewer letters and digits say nothing.
_MIN_ALPHANUMERIC = 20
# A line that is added more often than this begins no block: the places could not be told apart.
_MAX_PLACES = 20


@dataclass(frozen=True, slots=True)
class Moved:
    """Where a moved line stands on the other side of the patch.

    `n_lines` is the length of its block on the block's first line, else 0.
    """

    path: str
    side: Side
    line: int
    n_lines: int
    is_reindented: bool


@dataclass(frozen=True)
class Moves:
    """The moved lines of a patch by (path of the file's change, side, line number)."""

    lines: dict[tuple[str, Side, int], Moved] = field(default_factory=dict)

    def of(self, path: str, line: DiffLine) -> Moved | None:
        if line.kind == "removed":
            return self.lines.get((path, "old", line.old or 0))
        return self.lines.get((path, "new", line.new or 0)) if line.kind == "added" else None


@dataclass(frozen=True, slots=True)
class _Placed:
    """A removed or added line. Lines with one `block` are changed together, at one place."""

    path: str
    line: DiffLine
    block: int
    key: str

    @property
    def number(self) -> int:
        return self.line.old or self.line.new or 0


@lru_cache(maxsize=16)
def moves_of(patch: Patch) -> Moves:
    """Return what a patch moves, within a file or between files; indentation may change."""
    placed = list(_placed(patch))
    removed = [place for place in placed if place.line.kind == "removed"]
    added = [place for place in placed if place.line.kind == "added"]
    places: dict[str, list[int]] = defaultdict(list)
    for index, place in enumerate(added):
        places[place.key].append(index)
    moves = Moves()
    taken: set[int] = set()
    at = 0
    while at < len(removed):
        start, length = _longest(removed, added, at, places, taken)
        if _says_enough(removed[at : at + length]):
            _mark(moves, removed[at : at + length], added[start : start + length])
            taken.update(range(start, start + length))
            at += length
        else:
            at += 1
    return moves


def _placed(patch: Patch) -> Iterator[_Placed]:
    block = 0
    for change in patch.files:
        for hunk in change.hunks:
            block += 1
            for line in hunk.lines:
                if line.kind == "context":
                    block += 1
                else:
                    yield _Placed(change.path, line, block, line.text.strip())


def _longest(
    removed: list[_Placed],
    added: list[_Placed],
    at: int,
    places: dict[str, list[int]],
    taken: set[int],
) -> tuple[int, int]:
    """Return where among the added lines the block that begins at `at` stands, and its length."""
    candidates = places.get(removed[at].key, []) if removed[at].key else []
    if len(candidates) > _MAX_PLACES:
        return 0, 0
    found = (0, 0)
    for start in candidates:
        length = 0
        while (
            at + length < len(removed)
            and start + length < len(added)
            and start + length not in taken
            and removed[at + length].key == added[start + length].key
            and removed[at + length].block == removed[at].block
            and added[start + length].block == added[start].block != removed[at].block
        ):
            length += 1
        if length > found[1]:
            found = (start, length)
    return found


def _says_enough(block: list[_Placed]) -> bool:
    return sum(char.isalnum() for place in block for char in place.key) >= _MIN_ALPHANUMERIC


def _mark(moves: Moves, removed: list[_Placed], added: list[_Placed]) -> None:
    n_lines = len(removed)
    is_reindented = any(
        old.line.text != new.line.text for old, new in zip(removed, added, strict=True)
    )
    for old, new in zip(removed, added, strict=True):
        moves.lines[old.path, "old", old.number] = Moved(
            new.path, "new", new.number, n_lines, is_reindented
        )
        moves.lines[new.path, "new", new.number] = Moved(
            old.path, "old", old.number, n_lines, is_reindented
        )
        n_lines = 0
