"""What the gold, model and test patches change: files and hunks. This needs no repository."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from annotator.hunks import HunkRef
from trajectories.code import patch_of
from trajectories.diffs import FileChange, Hunk
from trajectories.models import Trajectory


@dataclass(frozen=True)
class HunkFact:
    """A hunk, and the lines that it removes (numbered as before it) and adds (as after it).

    A hunk that only adds, or only removes, has the whole of its range on the other side.
    """

    ref: HunkRef
    old_path: str
    old_lines: frozenset[int]
    new_lines: frozenset[int]

    @property
    def key(self) -> str:
        return self.ref.key

    def touches(self, side: str, path: str, first: int, last: int) -> bool:
        """Tell whether lines of one side of a file are among those that it changes."""
        own_path, lines = (
            (self.old_path, self.old_lines) if side == "old" else (self.ref.path, self.new_lines)
        )
        if path != own_path:
            return False
        return not lines or any(first <= number <= last for number in lines)


@dataclass(frozen=True, eq=False)
class PatchFacts:
    """The patches of one trajectory and its task; no gold while a person is blind."""

    trajectory: Trajectory
    is_blind: bool = False

    def hunks(self, which: str) -> tuple[HunkFact, ...]:
        """Return the hunks of the gold or the model patch in their order."""
        return self._hunks.get(which, ())

    def paths(self, which: str) -> frozenset[str]:
        """Return the files that a patch touches, by their names before and after."""
        return frozenset(
            path for hunk in self.hunks(which) for path in (hunk.ref.path, hunk.old_path) if path
        )

    @cached_property
    def _hunks(self) -> dict[str, tuple[HunkFact, ...]]:
        names = ("model",) if self.is_blind else ("gold", "model")
        return {name: tuple(self._read(name)) for name in names}

    def _read(self, which: str) -> list[HunkFact]:
        return [
            fact_of(which, change, hunk)
            for change in patch_of(self.trajectory, which).files
            for hunk in (change.hunks or (None,))
        ]


def fact_of(which: str, change: FileChange, hunk: Hunk | None) -> HunkFact:
    """Return a hunk's fact; a file without hunks (binary, renamed) counts as one of no lines."""
    old_path = change.old_path or ""
    if hunk is None:
        ref = HunkRef(which, change.path, 0, 0, 0, 0)
        return HunkFact(ref, old_path, frozenset(), frozenset())
    counts = (hunk.old_start, hunk.old_count, hunk.new_start, hunk.new_count)
    old = {line.old for line in hunk.lines if line.kind == "removed" and line.old is not None}
    new = {line.new for line in hunk.lines if line.kind == "added" and line.new is not None}
    return HunkFact(
        ref=HunkRef(which, change.path, *counts),
        old_path=old_path,
        old_lines=frozenset(old or range(counts[0], counts[0] + counts[1])),
        new_lines=frozenset(new or range(counts[2], counts[2] + counts[3])),
    )
