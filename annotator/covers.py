"""The trajectory steps that a reasoning step covers, as people write them. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterable

# "3", "5-8", "5–8" (with a dash of any length), "5..8"
_RANGE = re.compile(r"(\d{1,6})(?:\s*(?:[-‐-―]|\.\.)\s*(\d{1,6}))?")


class BadCovers(Exception):
    """The text names no steps; the message says which part and how to write it."""


def parse_covers(text: str, n_steps: int) -> list[int]:
    """Return the step numbers of `1-3, 5`, sorted, each once; raise BadCovers."""
    numbers: set[int] = set()
    for part in re.split(r"[,;\s]+(?![-‐-―.])", _closed_up(text)):
        if not part:
            continue
        match = _RANGE.fullmatch(part)
        if match is None:
            raise BadCovers(f"“{part[:30]}” names no step. Write numbers and ranges: 1-3, 5.")
        first, last = int(match[1]), int(match[2] or match[1])
        if first > last:
            raise BadCovers(f"“{part}” ends before it begins.")
        if first < 1 or last > n_steps:
            raise BadCovers(f"“{part}”: the trajectory has the steps 1 to {n_steps}.")
        numbers.update(range(first, last + 1))
    return sorted(numbers)


def _closed_up(text: str) -> str:
    """Take the white space out of `1 - 3`."""
    return re.sub(r"\s*([-‐-―]|\.\.)\s*", r"\1", text.strip())


def format_covers(numbers: Iterable[int]) -> str:
    """Write step numbers as a person would: `1-3, 5`."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
