"""Build what the diff fragments show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from django.http import Http404

from accounts.models import User
from trajectories.access import Sight
from trajectories.code import (
    GOLD_DIFFS,
    DiffName,
    DiffSource,
    diff_source,
    has_step_of,
    is_diff_name,
    other_of,
    step_of,
)
from trajectories.contexts.diff_files import (
    FILE_LINES,
    OPEN_LINES,
    DiffFile,
    ShownHunk,
    diff_files,
    opened_hunk,
    with_body,
)
from trajectories.contexts.diff_look import Look
from trajectories.contexts.notices import Notice, notice_for
from trajectories.contexts.related import step_notes
from trajectories.models import StepKind, Trajectory
from trajectories.seen import mark_seen, seen_digests

_LABELS: dict[DiffName, str] = {
    "model": "Model",
    "gold": "Gold",
    "model-gold": "Model ⇄ Gold",
    "test": "Test patch",
}
_EMPTY: dict[DiffName, str] = {
    "model": "The agent left no patch.",
    "gold": "This task has no gold patch.",
    "model-gold": "The model's patch and the gold patch lead to the same code.",
    "test": "This task has no test patch.",
}
# Of these kinds, no call may change a file.
_ONLY_READS = {StepKind.THINK, StepKind.SEARCH, StepKind.READ}


@dataclass(frozen=True)
class Folder:
    """The changed files of one folder that follow each other in the diff."""

    path: str
    files: tuple[DiffFile, ...]


@dataclass(frozen=True)
class Diff:
    trajectory: Trajectory
    which: DiffName
    label: str
    look: Look
    files: tuple[DiffFile, ...]
    notice: Notice | None
    empty: str
    strays: tuple[str, ...]
    # What is not known of it.
    notes: tuple[str, ...] = ()

    @property
    def n_added(self) -> int:
        return sum(file.change.n_added for file in self.files)

    @property
    def n_removed(self) -> int:
        return sum(file.change.n_removed for file in self.files)

    @property
    def n_seen(self) -> int:
        return sum(file.is_seen for file in self.files)

    @property
    def view(self) -> str:
        return self.look.view

    @property
    def is_split(self) -> bool:
        return self.look.view == "split"

    @property
    def other_view(self) -> Look:
        return replace(self.look, view="unified" if self.is_split else "split")

    @property
    def other_space(self) -> Look:
        return replace(self.look, hides_space=not self.look.hides_space)

    def unseen_after(self, file: DiffFile) -> DiffFile | None:
        """Return the next file that is not seen, or else the first such file."""
        unseen = [other for other in self.files if not other.is_seen]
        later = (other for other in unseen if other.number > file.number)
        return next(later, unseen[0] if unseen else None)

    @property
    def folders(self) -> tuple[Folder, ...]:
        """The files as a tree of one level: a folder's whole path, then the names in it."""
        grouped = groupby(self.files, key=lambda file: file.change.path.rpartition("/")[0])
        return tuple(Folder(path, tuple(files)) for path, files in grouped)


def diff_label(which: DiffName) -> str:
    if (step := step_of(which)) is not None:
        return f"Edit of step {step}"
    return _LABELS.get(which, "The other attempt")


def diff_context(
    trajectory: Trajectory,
    sight: Sight,
    which: str,
    look: Look,
    reader: User,
    *,
    n_open: int = OPEN_LINES,
) -> Diff:
    """Return a diff: its list of files, and the first ones or the wanted one with their lines.

    The first ones together have at most `n_open` lines, the rest is for later requests.
    Raises Http404 for an unknown diff and for one that `sight` does not cover.
    """
    name = allowed_diff(trajectory, sight, which)
    source = diff_source(trajectory, name)
    files = _marked_seen(diff_files(trajectory, name, source, look), trajectory, name, reader)
    limits = dict(_files_to_open(files, n_open)) if n_open else {}
    return Diff(
        trajectory=trajectory,
        which=name,
        label=diff_label(name),
        look=look,
        files=tuple(
            with_body(file, source, limit=limits[file.number]) if file.number in limits else file
            for file in files
        ),
        notice=notice_for(source.trouble, trajectory) if source.trouble else None,
        empty="" if files else _empty_text(trajectory, name, source),
        strays=source.patch.strays,
        notes=step_notes(trajectory, name),
    )


def diff_file_context(
    trajectory: Trajectory,
    sight: Sight,
    which: str,
    look: Look,
    reader: User,
    *,
    nth: int = 1,
    first: int = 0,
) -> DiffFile:
    """Return the file of a diff that `look` names with its lines, from number `first` on.

    Raises Http404 where there is none.
    """
    file, source = _found(trajectory, sight, which, look, nth)
    (file,) = _marked_seen([file], trajectory, file.which, reader)
    return with_body(file, source, first=first)


def diff_hunk_context(
    trajectory: Trajectory,
    sight: Sight,
    which: str,
    look: Look,
    *,
    nth: int,
    gap: int,
    n_lines: int | None,
) -> tuple[DiffFile, ShownHunk]:
    """Return a file and its hunk after a gap, of which `look` opens lines; raises Http404."""
    file, source = _found(trajectory, sight, which, look, nth)
    hunk = opened_hunk(file, source, gap, n_lines)
    if hunk is None:
        raise Http404("There is nothing to open.")
    return file, hunk


def _found(
    trajectory: Trajectory, sight: Sight, which: str, look: Look, nth: int
) -> tuple[DiffFile, DiffSource]:
    name = allowed_diff(trajectory, sight, which)
    source = diff_source(trajectory, name)
    for file in diff_files(trajectory, name, source, look):
        if file.change.path == look.file and file.nth == nth:
            return replace(file, is_wanted=False), source
    raise Http404(f"{look.file} is not in this diff.")


def change_seen(
    trajectory: Trajectory,
    sight: Sight,
    which: str,
    look: Look,
    reader: User,
    *,
    nth: int,
    is_seen: bool,
) -> tuple[Diff, DiffFile]:
    """Note that a person has seen a file, or not; return the diff without lines, and the file.

    A file that is not seen comes with its lines. Raises Http404 where there is no such file.
    """
    file, source = _found(trajectory, sight, which, look, nth)
    mark_seen(reader, trajectory, file.which, file.change, is_seen=is_seen)
    diff = diff_context(trajectory, sight, which, look, reader, n_open=0)
    (file,) = _marked_seen([file], trajectory, file.which, reader)
    return diff, file if is_seen else with_body(file, source)


def diff_digest(trajectory: Trajectory, sight: Sight, which: str) -> str:
    """Return a digest of everything of a diff that its fragments are made of."""
    return diff_source(trajectory, allowed_diff(trajectory, sight, which)).digest


def allowed_diff(trajectory: Trajectory, sight: Sight, which: str) -> DiffName:
    """Return the name of a diff that a person may see; raises Http404."""
    is_hidden = which in GOLD_DIFFS and not sight.sees_gold
    if is_hidden or not is_diff_name(which) or not has_step_of(trajectory, which):
        raise Http404("There is no such diff.")
    if (other := other_of(which)) is not None and other != sight.beside:
        raise Http404("There is no such diff.")
    return which


def _empty_text(trajectory: Trajectory, which: DiffName, source: DiffSource) -> str:
    step = step_of(which)
    if source.trouble and (step is not None or which not in _EMPTY or which == "model-gold"):
        return "Both sides are needed to compare them."
    if step is not None:
        found = trajectory.steps.filter(number=step).values_list("kind", flat=True)
        if _ONLY_READS.issuperset(found):
            return f"Step {step} changes no file."
        return (
            f"Step {step} spells out no edit that can be followed. What a program that it ran did"
            " to files is not known here."
        )
    return _EMPTY.get(which, "Both attempts lead to the same code.")


def _marked_seen(
    files: list[DiffFile], trajectory: Trajectory, which: DiffName, reader: User
) -> list[DiffFile]:
    """Say of each file whether a person has seen it as it is now."""
    seen = seen_digests(reader, trajectory, which)
    return [replace(file, is_seen=file.change.digest in seen) for file in files]


def _files_to_open(files: list[DiffFile], room: int) -> Iterator[tuple[int, int]]:
    """Yield the files to show at once with the number of their lines to show.

    The wanted file alone, for the page scrolls to it; else as many as fit that are not seen.
    """
    wanted = [file for file in files if file.is_wanted]
    if wanted:
        yield from ((file.number, FILE_LINES) for file in wanted)
        return
    whole = room
    for file in files:
        if file.is_seen:
            continue
        n_lines = file.change.n_lines
        if room < whole and n_lines > room:
            return
        yield file.number, min(n_lines, room) or 1
        room -= n_lines
