"""Links from what one pane shows to what belongs to it in the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from trajectories.access import Sight
from trajectories.code import GOLD_DIFFS, DiffName, replay_of, step_name, step_of
from trajectories.git import GitError
from trajectories.models import Step, StepKind, Trajectory
from trajectories.touching import HunkPlace, hunk_near, hunks_touched_by

# A step that rewrites half the repository has more hunks than anybody follows from its head.
_MAX_LINKS = 6
_LABELS: dict[DiffName, str] = {"model": "model", "gold": "gold", "test": "test patch"}


@dataclass(frozen=True)
class HunkLink:
    """A hunk that can be opened on the right."""

    place: HunkPlace
    label: str
    url: str


@dataclass(frozen=True)
class StepChanges:
    """What a step did to files: its own diff, what was not followed, and where it shows later."""

    paths: tuple[str, ...]
    not_followed: tuple[str, ...]
    which: DiffName
    url: str
    hunks: tuple[HunkLink, ...]
    n_more: int


def step_changes(trajectory: Trajectory, sight: Sight, step: Step) -> StepChanges | None:
    """Return what a step changed, or None where it changed no file or the code is not there."""
    if step.kind not in {StepKind.EDIT, StepKind.SUBMIT}:
        return None
    try:
        replay = replay_of(trajectory)
    except GitError:
        return None
    paths = tuple(dict.fromkeys(change.path for change in replay.of_step(step.number)))
    missed = [missed for missed in replay.not_followed if missed.step == step.number]
    if not paths and not missed:
        return None
    touched = [*paths, *(miss.path for miss in missed)]
    hunks = [
        _link(trajectory, place)
        for which in _allowed(sight, ("model", "gold"))
        for place in hunks_touched_by(trajectory, which, step.number, touched)
    ]
    which = step_name(step.number)
    return StepChanges(
        paths=paths,
        not_followed=tuple(f"{_named(miss.path)}: {miss.reason}." for miss in missed),
        which=which,
        url=reverse("trajectories:diff", args=[trajectory.pk, which]),
        hunks=tuple(hunks[:_MAX_LINKS]),
        n_more=max(0, len(hunks) - _MAX_LINKS),
    )


def hunks_about_lines(
    trajectory: Trajectory, sight: Sight, tree: str, path: str, line: int | None
) -> tuple[HunkLink, ...]:
    """Return, for each diff that changes a file, its hunk nearest to a line of it at `tree`."""
    found = []
    for which in _allowed(sight, ("model", "gold", "test")):
        side = "new" if tree == {"test": "tests"}.get(which, which) else "old"
        if place := hunk_near(trajectory, which, path, line, side=side):
            found.append(_link(trajectory, place))
    return tuple(found)


def step_notes(trajectory: Trajectory, which: DiffName) -> tuple[str, ...]:
    """Return what to say above the diff of a step: edits whose effect is not known."""
    step = step_of(which)
    if step is None:
        return ()
    try:
        missed = replay_of(trajectory).not_followed
    except GitError:
        return ()
    return tuple(
        f"Step {miss.step} is not followed in {_named(miss.path)}: {miss.reason}."
        for miss in missed
        if miss.step <= step
    )


def _allowed(sight: Sight, names: Iterable[DiffName]) -> list[DiffName]:
    return [name for name in names if sight.sees_gold or name not in GOLD_DIFFS]


def _link(trajectory: Trajectory, place: HunkPlace) -> HunkLink:
    query = urlencode({"file": place.path, "at": place.at})
    url = f"{reverse('trajectories:diff', args=[trajectory.pk, place.which])}?{query}"
    name = place.path.rpartition("/")[2]
    return HunkLink(place, f"{_LABELS[place.which]} {name}:{place.line}", url)


def _named(path: str) -> str:
    return "every file" if path == "." else path
