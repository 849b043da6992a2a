"""Patches that apply: lines of known files replaced, and written as git writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from random import Random

_CONTEXT = 3
_NAME = re.compile(r"[a-z_]{3,}")


def rewritten(line: str, mark: int) -> str:
    """Return the line with its first name changed, unlike any other line."""
    changed, count = _NAME.subn(lambda name: f"{name[0]}_{mark}", line, count=1)
    return changed if count else f"{line}  # {mark}"


def replacements(
    rng: Random, lines: Sequence[str], n_lines: int, run: int
) -> dict[int, tuple[str, ...]]:
    """Choose `n_lines` lines in runs of up to `run`; return index → what stands there instead."""
    wanted = min(n_lines, len(lines))
    chosen: set[int] = set()
    while len(chosen) < wanted:
        start = rng.randrange(len(lines))
        length = min(run, wanted - len(chosen))
        chosen.update(range(start, min(start + length, len(lines))))
    return {index: (rewritten(lines[index], index + 1),) for index in sorted(chosen)}


def file_patch(path: str, lines: Sequence[str], changes: Mapping[int, Sequence[str]]) -> str:
    """Return the patch of one file; `changes` says by index which lines others replace."""
    parts = [f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n"]
    shift = 0
    for first, last in _hunks(sorted(changes), len(lines)):
        body = list(_body(lines, changes, first, last))
        n_old = last - first
        n_new = sum(line[0] != "-" for line in body)
        parts.append(f"@@ -{first + 1},{n_old} +{first + 1 + shift},{n_new} @@\n")
        parts += body
        shift += n_new - n_old
    return "".join(parts)


def _hunks(changed: Sequence[int], n_lines: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of lines with context; changes whose contexts touch share one."""
    first = last = -1
    for index in changed:
        if last >= 0 and index - _CONTEXT <= last:
            last = min(n_lines, index + 1 + _CONTEXT)
            continue
        if last >= 0:
            yield first, last
        first, last = max(0, index - _CONTEXT), min(n_lines, index + 1 + _CONTEXT)
    if last >= 0:
        yield first, last


def _body(
    lines: Sequence[str], changes: Mapping[int, Sequence[str]], first: int, last: int
) -> Iterator[str]:
    added: list[str] = []
    for index in range(first, last):
        if index in changes:
            yield f"-{lines[index]}\n"
            added += changes[index]
            continue
        yield from (f"+{line}\n" for line in added)
        added = []
        yield f" {lines[index]}\n"
    yield from (f"+{line}\n" for line in added)
