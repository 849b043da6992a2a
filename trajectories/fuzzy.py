"""Rank paths by what a person typed, as editors do. Knows nothing of Django or git."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from heapq import nlargest

_BOUNDARY = "/._- "
_MAX_TYPED = 100


def best_paths(paths: Iterable[str], typed: str, n: int) -> list[str]:
    """Return the `n` paths that fit best what was typed: its characters in order, case ignored.

    Best is what has them in the file's name, one after the other, and where words begin; of
    equals the shorter path. Blanks in what was typed are ignored.
    """
    wanted = "".join(typed.lower().split())[:_MAX_TYPED]
    if not wanted:
        return sorted(paths, key=lambda path: (path.count("/"), path))[:n]
    # Looks for each character before the next one, so that it never tries twice.
    in_order = re.compile("".join(f"[^{re.escape(c)}]*{re.escape(c)}" for c in wanted)).match
    found = (path for path in paths if in_order(path.lower()))
    return nlargest(n, found, key=lambda path: (_score(path, wanted), -len(path), path))


def _score(path: str, wanted: str) -> int:
    lower = path.lower()
    name_at = path.rfind("/") + 1
    name = lower[name_at:]
    if lower == wanted:
        return 10_000
    if name == wanted:
        return 5_000
    score = 0
    if name.startswith(wanted):
        score = 2_000
    elif lower.endswith(wanted) and lower[-len(wanted) - 1] == "/":
        score = 1_900
    elif wanted in name:
        score = 1_000
    elif wanted in lower:
        score = 500
    best = max(
        _walk(path, lower, wanted, 0),
        _walk(path, lower, wanted, name_at) + 200,
    )
    return score + best


def _walk(path: str, lower: str, wanted: Sequence[str], start: int) -> int:
    """Score the characters where they first fit from `start` on, preferring where words begin."""
    score, at, previous = 0, start, -2
    for character in wanted:
        position = _next(path, lower, character, at, previous)
        if position < 0:
            return -1_000
        if position == previous + 1:
            score += 15
        if _is_boundary(path, position):
            score += 12
        score += 1
        at, previous = position + 1, position
    return score


def _next(path: str, lower: str, character: str, at: int, previous: int) -> int:
    first = lower.find(character, at)
    if first < 0 or first == previous + 1 or _is_boundary(path, first):
        return first
    position = first
    while position >= 0 and not _is_boundary(path, position):
        position = lower.find(character, position + 1)
    # A word further on is worth a short way only: what follows must fit too.
    return position if 0 <= position <= first + 24 else first


def _is_boundary(path: str, position: int) -> bool:
    if position == 0 or path[position - 1] in _BOUNDARY:
        return True
    return path[position].isupper() and path[position - 1].islower()
