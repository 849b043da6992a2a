"""Join the agent's steps and the hunks of a diff: which step wrote or removed which lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from trajectories.code import DiffName, diff_source, other_of, replay_of, step_of
from trajectories.diffs import FileChange, Hunk
from trajectories.git import GitError
from trajectories.git.text import visible
from trajectories.models import Trajectory
from trajectories.replay import Line, Replay


@dataclass(frozen=True)
class Touch:
    """A step that touched a hunk; not certain where a program changed the file, unfollowed."""

    step: int
    is_certain: bool


@dataclass(frozen=True)
class HunkPlace:
    """A hunk in a diff, by its first changed line: what an address calls `at=n120`."""

    which: DiffName
    path: str
    at: str
    line: int


def first_changed(hunk: Hunk) -> tuple[str, int]:
    """Return ("n" or "o", number) of the first line that a hunk adds or removes."""
    for line in hunk.lines:
        if line.kind != "context":
            side = "n" if line.kind == "added" else "o"
            return side, line.new or line.old or 0
    return "n", hunk.new_start


def place_of(which: DiffName, change: FileChange, hunk: Hunk) -> HunkPlace:
    side, line = first_changed(hunk)
    return HunkPlace(which, change.path, f"{side}{line}", line)


def steps_touching(
    trajectory: Trajectory, which: DiffName, change: FileChange
) -> tuple[tuple[Touch, ...], ...]:
    """Return for each hunk of a file the steps that touched its lines, in order.

    In the model's patch those are the steps that wrote its added and removed its removed lines; in
    a diff against base that the agent did not make, the steps that changed the same lines of base.
    """
    nothing: tuple[tuple[Touch, ...], ...] = ((),) * len(change.hunks)
    if step_of(which) is not None or other_of(which) is not None:
        return nothing
    try:
        replay = replay_of(trajectory)
    except GitError:
        return nothing
    path = change.old_path or change.path
    reader = _Authors(replay, change.path if which == "model" else path)
    of_hunk = {"model": reader.of_model_hunk, "model-gold": reader.of_model_side}.get(
        which, reader.of_base_lines
    )
    return tuple(_touches(of_hunk(hunk), reader.unsure) for hunk in change.hunks)


def _touches(certain: set[int], unsure: set[int]) -> tuple[Touch, ...]:
    return tuple(Touch(step, step in certain) for step in sorted(certain | unsure))


class _Authors:
    """Who wrote and who removed the lines of one file."""

    def __init__(self, replay: Replay, path: str) -> None:
        self._lines = replay.final(path) or ()
        self._removals = replay.removals(path)
        self._path = path
        self.unsure = {missed.step for missed in replay.not_followed if missed.path in (path, ".")}

    def of_model_hunk(self, hunk: Hunk) -> set[int]:
        added = self._written((line.new, line.text) for line in hunk.lines if line.kind == "added")
        return added | self._removed(line.old for line in hunk.lines if line.kind == "removed")

    def of_model_side(self, hunk: Hunk) -> set[int]:
        """Of the diff from the model's code to gold: the model's lines that gold does not have."""
        return self._written((line.old, line.text) for line in hunk.lines if line.kind == "removed")

    def of_base_lines(self, hunk: Hunk) -> set[int]:
        numbers = {line.old for line in hunk.lines if line.kind == "removed" and line.old}
        numbers |= _neighbours_of_additions(hunk)
        return self._removed(numbers) | self._inserted_beside(numbers)

    def _written(self, lines: Iterable[tuple[int | None, str]]) -> set[int]:
        found = {self._author(number, text) for number, text in lines if number}
        return found - {0}

    def _author(self, number: int, text: str) -> int:
        """Return the step that wrote a line, if what we followed has that very line there."""
        if number > len(self._lines):
            return 0
        line = self._lines[number - 1]
        return line.step if _shown(line) == text else 0

    def _removed(self, numbers: Iterable[int | None]) -> set[int]:
        return {self._removals[number] for number in numbers if number in self._removals}

    def _inserted_beside(self, numbers: set[int]) -> set[int]:
        """Return who wrote lines that stand right after one of these lines of base."""
        found: set[int] = set()
        base: int | None = 0
        for line in self._lines:
            if line.base is not None:
                base = line.base
            elif base in numbers or (base is not None and base + 1 in numbers):
                found.add(line.step)
        return found


def _shown(line: Line) -> str:
    """Return a line as a parsed diff has it."""
    return visible(line.text.removesuffix("\n").removesuffix("\r"))


def _neighbours_of_additions(hunk: Hunk) -> set[int]:
    """Return the old lines that added lines stand between."""
    found: set[int] = set()
    last = hunk.old_start - 1
    for line in hunk.lines:
        if line.kind == "added":
            found |= {last, last + 1}
        elif line.old is not None:
            last = line.old
    return found


def hunks_touched_by(
    trajectory: Trajectory, which: DiffName, step: int, paths: Iterable[str]
) -> list[HunkPlace]:
    """Return the hunks of a diff, in files at `paths`, that a step touched."""
    wanted = set(paths)
    return [
        place_of(which, change, hunk)
        for change in diff_source(trajectory, which).patch.files
        if wanted & {change.path, change.old_path}
        for hunk, touches in zip(
            change.hunks, steps_touching(trajectory, which, change), strict=True
        )
        if any(touch.step == step for touch in touches)
    ]


def hunk_near(
    trajectory: Trajectory, which: DiffName, path: str, line: int | None, *, side: str = "old"
) -> HunkPlace | None:
    """Return the hunk of a file that is nearest to a line of the old or new side, if any."""
    change = diff_source(trajectory, which).patch.file(path)
    if change is None or not change.hunks:
        return None

    def distance(hunk: Hunk) -> int:
        start, count = (
            (hunk.old_start, hunk.old_count) if side == "old" else (hunk.new_start, hunk.new_count)
        )
        at = line or 1
        return max(start - at, at - (start + count - 1), 0)

    return place_of(which, change, min(change.hunks, key=distance))
