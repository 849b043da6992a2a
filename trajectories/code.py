"""Which state of the code is meant: the tree of a task revision or of an agent's patch on it."""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from django.db import transaction
from django.utils import timezone

from accounts.events import record
from accounts.models import User
from trajectories.diffs import Patch, parse_patch
from trajectories.git import (
    FetchFailed,
    GitError,
    Mirror,
    ObjectMissing,
    PatchDoesNotApply,
    apply_patch,
    with_files,
)
from trajectories.git.text import file_lines, without_credentials
from trajectories.models import Repository, Step, TaskRevision, Trajectory
from trajectories.replay import EditStep, Replay, replay

logger = logging.getLogger(__name__)

# base; base + test_patch; base + gold patch; base + the agent's patch. Besides these, `step-8` is
# the tree after the edits of the trajectory's eighth step, and the diff of that step's edits;
# `beside-12` is the diff from the agent's code to that of trajectory 12, another attempt at the
# same task, and `model-12` the latter's tree.
TreeName = str
DiffName = str
TREE_NAMES: tuple[TreeName, ...] = ("base", "tests", "gold", "model")
DIFF_NAMES: tuple[DiffName, ...] = ("model", "gold", "model-gold", "test")
_STEP_NAME = re.compile(r"step-([1-9]\d{0,5})")
_BESIDE_NAME = re.compile(r"(?:beside|model)-([1-9]\d{0,9})")
_SIDES: dict[DiffName, tuple[TreeName, TreeName]] = {
    "model": ("base", "model"),
    "gold": ("base", "gold"),
    "model-gold": ("model", "gold"),
    "test": ("base", "tests"),
}
# What only those see who may see the gold patch.
GOLD_TREES = frozenset({"gold"})
GOLD_DIFFS = frozenset({"gold", "model-gold"})


def step_of(name: str) -> int | None:
    """Return the step that a tree or diff is named after (`step-8`), or None."""
    match = _STEP_NAME.fullmatch(name)
    return int(match[1]) if match else None


def has_step_of(trajectory: Trajectory, name: str) -> bool:
    """Tell whether a tree or diff, where it is named after a step, is one of the trajectory's."""
    return (step_of(name) or 0) <= trajectory.n_steps


def step_name(step: int) -> str:
    """Return what the tree after a step, and the diff of its edits, are called."""
    return f"step-{step}"


def other_of(name: str) -> int | None:
    """Return the trajectory that a name sets beside the own one, or None for every other name."""
    found = _BESIDE_NAME.fullmatch(name)
    return int(found[1]) if found else None


def beside_name(pk: int) -> DiffName:
    return f"beside-{pk}"


def is_tree_name(name: str) -> bool:
    return name in TREE_NAMES or step_of(name) is not None


def is_diff_name(name: str) -> bool:
    is_beside = name.startswith("beside-") and other_of(name) is not None
    return name in DIFF_NAMES or step_of(name) is not None or is_beside


def sides_of(which: DiffName) -> tuple[TreeName, TreeName]:
    """Return the trees on the old and the new side of a diff."""
    if (step := step_of(which)) is not None:
        return (step_name(step - 1) if step > 1 else "base"), which
    if (other := other_of(which)) is not None:
        return "model", f"model-{other}"
    return _SIDES[which]


def mirror_of(repository: Repository) -> Mirror:
    """Return the repository's mirror, the same one within a process for its open `cat-file`."""
    path = repository.mirror_path
    # A mirror that was deleted and fetched anew has another inode.
    return _mirror(path, path.stat().st_ino if path.exists() else 0)


@lru_cache(maxsize=32)
def _mirror(path: Path, inode: int) -> Mirror:
    return Mirror(path)


def tree_id(revision: TaskRevision, name: TreeName, trajectory: Trajectory | None = None) -> str:
    """Return the tree of a state of the code; `trajectory` is needed for "model" only.

    Raises NotFetched, ObjectMissing (no such commit in the mirror) or PatchDoesNotApply.
    """
    # A trajectory that a page has loaded brings its repository along.
    mirror = mirror_of((trajectory or revision).task.repository)
    mirror.require()
    if (step := step_of(name)) is not None:
        if trajectory is None:
            raise ValueError("The tree after a step needs a trajectory.")
        return _tree_after(trajectory, step)
    if (other := other_of(name)) is not None:
        beside = Trajectory.objects.select_related("task__repository", "task_revision").get(
            pk=other
        )
        return tree_id(beside.task_revision, "model", beside)
    patch = _patch_of_tree(revision, name, trajectory)
    tree = _tree(mirror, revision.base_commit, patch.encode("utf-8", "surrogatepass"))
    if isinstance(tree, PatchDoesNotApply):
        raise tree.with_traceback(None)
    return tree


@lru_cache(maxsize=256)
def _tree(mirror: Mirror, base_commit: str, patch: bytes) -> str | PatchDoesNotApply:
    """Return the tree, or why there is none: finding that out takes longest."""
    try:
        return apply_patch(mirror, mirror.tree_of(base_commit), patch)
    except PatchDoesNotApply as error:
        return error


def replay_of(trajectory: Trajectory) -> Replay:
    """Follow the trajectory's edits from its base commit on (one query, then remembered).

    Raises NotFetched or ObjectMissing.
    """
    mirror = mirror_of(trajectory.task.repository)
    mirror.require()
    return _replay(mirror, mirror.tree_of(trajectory.task_revision.base_commit), trajectory.pk)


@lru_cache(maxsize=16)
def _replay(mirror: Mirror, base_tree: str, trajectory_pk: int) -> Replay:
    def read_base(path: str) -> str | None:
        blob = mirror.blob_id(base_tree, path)
        return mirror.read_blob(blob).decode("utf-8", "surrogateescape") if blob else None

    steps = Step.objects.filter(trajectory=trajectory_pk).editing()
    return replay((_edit_step(step) for step in steps), read_base)


def _edit_step(step: Step) -> EditStep:
    # An editor that has a file open changes that one, which the step knows.
    open_file = step.files[0] if len(step.files) == 1 else ""
    return EditStep(step.number, step.tool_calls, open_file, step.is_error)


def _tree_after(trajectory: Trajectory, step: int) -> str:
    mirror = mirror_of(trajectory.task.repository)
    base = mirror.tree_of(trajectory.task_revision.base_commit)
    files = {
        path: None if text is None else text.encode("utf-8", "surrogateescape")
        for path, text in replay_of(trajectory).files_after(step).items()
    }
    return with_files(mirror, base, files)


def _patch_of_tree(revision: TaskRevision, name: TreeName, trajectory: Trajectory | None) -> str:
    if name == "base":
        return ""
    if name == "tests":
        return revision.test_patch
    if name == "gold":
        return revision.patch
    if trajectory is None:
        raise ValueError("The model's tree needs a trajectory.")
    return trajectory.model_patch or ""


@dataclass(frozen=True)
class DiffSource:
    """A parsed diff with the trees of its sides, as far as they can be had.

    `trouble` says why a tree is missing. The patch is then shown all the same, except for the
    diff of two patched trees, which has no text of its own.
    """

    patch: Patch
    old_tree: str | None
    new_tree: str | None
    trouble: GitError | None
    # The patch as it came; empty for the diff of two patched trees.
    text: str = ""

    @property
    def digest(self) -> str:
        """Return what is equal for equal content."""
        parts = (self.text, self.old_tree or "", self.new_tree or "", str(self.trouble))
        content = "\0".join(parts).encode("utf-8", "surrogatepass")
        return hashlib.sha256(content).hexdigest()


def diff_source(trajectory: Trajectory, which: DiffName) -> DiffSource:
    """Return what to show for a diff of a trajectory."""
    old_name, new_name = sides_of(which)
    old_tree, old_trouble = _tree_or_trouble(trajectory, old_name)
    new_tree, new_trouble = _tree_or_trouble(trajectory, new_name)
    trouble = old_trouble or new_trouble
    if which in _SIDES and which != "model-gold":
        text = _patch_of_tree(trajectory.task_revision, new_name, trajectory)
        return DiffSource(_parsed(text), old_tree, new_tree, trouble, text)
    if old_tree is None or new_tree is None:
        return DiffSource(Patch(()), old_tree, new_tree, trouble)
    mirror = mirror_of(trajectory.task.repository)
    return DiffSource(_diff_of_trees(mirror, old_tree, new_tree), old_tree, new_tree, None)


def _tree_or_trouble(trajectory: Trajectory, name: TreeName) -> tuple[str | None, GitError | None]:
    try:
        return tree_id(trajectory.task_revision, name, trajectory), None
    except GitError as error:
        return None, error


def patch_of(trajectory: Trajectory, which: DiffName) -> Patch:
    """Return the gold, model or test patch as it was written; this needs no repository."""
    new_name = sides_of(which)[1]
    return _parsed(_patch_of_tree(trajectory.task_revision, new_name, trajectory))


@lru_cache(maxsize=64)
def _parsed(text: str) -> Patch:
    return parse_patch(text)


@lru_cache(maxsize=32)
def _diff_of_trees(mirror: Mirror, old: str, new: str) -> Patch:
    return parse_patch(mirror.diff_trees(old, new))


def text_lines(mirror: Mirror, blob: str) -> list[str]:
    """Return the lines of a blob as they are shown, and as citations of a file are checked."""
    return file_lines(mirror.read_blob(blob))


def cited_file_lines(revision: TaskRevision, tree: str, path: str) -> list[str]:
    """Return the lines of a file in the tree with this id. Raises GitError."""
    mirror = mirror_of(revision.task.repository)
    mirror.require()
    blob = mirror.blob_id(tree, path)
    if blob is None:
        raise ObjectMissing(f"There is no file {path} in this tree.")
    return text_lines(mirror, blob)


def cited_diff_lines(
    trajectory: Trajectory, which: DiffName, path: str, side: Literal["old", "new"]
) -> dict[int, str]:
    """Return the lines that a diff shows of one side of a file, by line number."""
    change = diff_source(trajectory, which).patch.file(path)
    return change.lines_of(side) if change else {}


def fetch_repository(repository: Repository, actor: User | None = None) -> None:
    """Fetch the mirror, with every base commit of its tasks; raise FetchFailed.

    How it went is kept in the repository's row, where pages find it.
    """
    commits = TaskRevision.objects.filter(task__repository=repository).values_list(
        "base_commit", flat=True
    )
    try:
        mirror_of(repository).fetch(repository.source, commits=tuple(sorted(set(commits))))
    except FetchFailed as error:
        logger.warning("Fetching %s failed: %s", repository.name, error.reason)
        Repository.objects.filter(pk=repository.pk).update(fetch_error=error.reason)
        raise
    with transaction.atomic():
        repository.fetched_at = timezone.now()
        repository.fetch_error = ""
        repository.save(update_fields=["fetched_at", "fetch_error"])
        record(
            actor, "repository fetched", repository, source=without_credentials(repository.source)
        )
