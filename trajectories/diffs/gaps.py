"""What stands unchanged between the hunks of a file, before the first and after the last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from trajectories.diffs.model import DiffLine, Hunk


@dataclass(frozen=True, slots=True)
class Gap:
    """Unchanged lines that a diff leaves out: the same on both sides, from these lines on."""

    old_start: int
    new_start: int
    n_lines: int

    @property
    def delta(self) -> int:
        """Return what is added to a new line number to get the old one."""
        return self.old_start - self.new_start


def gaps_around(hunks: Sequence[Hunk], n_old: int, n_new: int) -> tuple[Gap, ...] | None:
    """Return the gap before each hunk and the one after the last, or None if they do not fit.

    `n_old` and `n_new` are the numbers of lines of the whole files.
    """
    starts = [(1, 1), *((_old_end(hunk), _new_end(hunk)) for hunk in hunks)]
    ends = [*((_old_first(hunk), _new_first(hunk)) for hunk in hunks), (n_old + 1, n_new + 1)]
    gaps = []
    for (old, new), (old_end, new_end) in zip(starts, ends, strict=True):
        if old_end - old != new_end - new or old_end < old:
            return None
        gaps.append(Gap(old, new, old_end - old))
    return tuple(gaps)


def fits(hunks: Sequence[Hunk], old: Sequence[str], new: Sequence[str]) -> bool:
    """Tell whether every line of the hunks stands where it says, in files with these lines.

    A patch that git applies with an offset names other lines than those it changes.
    """
    return all(
        _is_at(old, line.old, line.text) and _is_at(new, line.new, line.text)
        for hunk in hunks
        for line in hunk.lines
    ) and not any(_new_first(b) < _new_end(a) for a, b in pairwise(hunks))


def window(gap: Gap, lines: Sequence[DiffLine], first: int, last: int) -> Hunk:
    """Return lines `first` to `last` (of the new side) of a gap as a hunk without changes."""
    n_lines = last - first + 1
    return Hunk(first + gap.delta, n_lines, first, n_lines, "", tuple(lines))


def _is_at(lines: Sequence[str], number: int | None, text: str) -> bool:
    return number is None or (0 < number <= len(lines) and lines[number - 1] == text)


# A side without lines is numbered by the line before it: `@@ -0,0 +1,5 @@`.
def _old_first(hunk: Hunk) -> int:
    return hunk.old_start if hunk.old_count else hunk.old_start + 1


def _new_first(hunk: Hunk) -> int:
    return hunk.new_start if hunk.new_count else hunk.new_start + 1


def _old_end(hunk: Hunk) -> int:
    return _old_first(hunk) + hunk.old_count


def _new_end(hunk: Hunk) -> int:
    return _new_first(hunk) + hunk.new_count
