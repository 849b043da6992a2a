"""Build what the files fragment shows: a folder, a file or a search of a state of the code."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace

from django.http import Http404
from django.urls import reverse

from trajectories.access import Sight
from trajectories.code import (
    GOLD_TREES,
    TreeName,
    has_step_of,
    is_tree_name,
    mirror_of,
    step_of,
    tree_id,
)
from trajectories.contexts.blame import Trees, with_history
from trajectories.contexts.file_lines import ShownFile, shown_file
from trajectories.contexts.files_query import NOTHING, FilesQuery, Find
from trajectories.contexts.names import name_results
from trajectories.contexts.notices import Notice, notice_for
from trajectories.contexts.related import HunkLink, hunks_about_lines
from trajectories.contexts.search import Results, paths_of, text_results
from trajectories.fuzzy import best_paths
from trajectories.git import Entry, GitError, Mirror, ObjectMissing, UnsafeName
from trajectories.git.text import visible_path
from trajectories.models import TaskRevision, Trajectory
from trajectories.symbols import Symbol, symbols_of

LABELS: dict[TreeName, str] = {
    "base": "base",
    "tests": "base + test patch",
    "model": "model",
    "gold": "gold",
}
_MAX_MATCHES = 40
_MAX_OUTLINE = 1_000
_MAX_TYPE_AHEAD = 12


@dataclass(frozen=True)
class TreeChoice:
    key: TreeName
    label: str
    url: str
    is_current: bool
    is_hidden: bool


@dataclass(frozen=True)
class Crumb:
    name: str
    path: str


@dataclass(frozen=True)
class FolderEntry:
    """`path` is None for what cannot be opened: a submodule, a name that is not UTF-8."""

    name: str
    path: str | None
    is_folder: bool
    note: str
    size_bytes: int | None


@dataclass(frozen=True)
class Files:
    """Exactly one of `notice`, `missing`, `entries` (a folder), `file` and `results` is there.

    With `missing` (a path that is not in the tree) come the files that may have been meant.
    `query` is what is shown, which is another than what was asked for where a search led on to
    the one place that it found.
    """

    trajectory: Trajectory
    tree: TreeName
    label: str
    query: FilesQuery
    url: str
    trees: tuple[TreeChoice, ...]
    tree_id: str = ""
    notice: Notice | None = None
    missing: str = ""
    matches: tuple[str, ...] = ()
    entries: tuple[FolderEntry, ...] | None = None
    file: ShownFile | None = None
    results: Results | None = None
    # The hunks, one of each diff, that change the file nearest to the lines that are marked.
    hunks: tuple[HunkLink, ...] = ()

    @property
    def path(self) -> str:
        return self.query.path

    @property
    def crumbs(self) -> tuple[Crumb, ...]:
        parts = self.path.split("/") if self.path else []
        return tuple(Crumb(part, "/".join(parts[: i + 1])) for i, part in enumerate(parts))


def tree_label(revision: TaskRevision, tree: TreeName) -> str:
    """Name a tree, base with its commit: `base · cffd4e0`."""
    if tree == "base":
        return f"{LABELS[tree]} · {revision.base_commit[:7]}"
    step = step_of(tree)
    return LABELS[tree] if step is None else f"after step {step}"


def files_context(
    trajectory: Trajectory, sight: Sight, tree: str, query: FilesQuery = NOTHING
) -> Files:
    """Return what a query asks for of a tree; raise Http404 for a tree not to be seen."""
    files = _begun(trajectory, sight, tree, query)
    if files.notice:
        return files
    try:
        shown = _found(files, query.find) if query.find else _at_path(files)
        return replace(shown, hunks=_hunks(shown, sight)) if shown.file else shown
    except GitError as error:
        return replace(files, notice=notice_for(error, trajectory))


def _begun(trajectory: Trajectory, sight: Sight, tree: str, query: FilesQuery) -> Files:
    """Return the tree, or a notice of why it cannot be had, with nothing of it yet."""
    check_sight(trajectory, tree, sight)
    nowhere = Files(
        trajectory=trajectory,
        tree=tree,
        label=tree_label(trajectory.task_revision, tree),
        query=query,
        url=_url(trajectory, tree),
        trees=tuple(_choices(trajectory, sight, tree)),
    )
    try:
        return replace(nowhere, tree_id=tree_id(trajectory.task_revision, tree, trajectory))
    except GitError as error:
        return replace(nowhere, notice=notice_for(error, trajectory))


def _hunks(files: Files, sight: Sight) -> tuple[HunkLink, ...]:
    lines = files.query.lines
    line = lines.first if lines else None
    return hunks_about_lines(files.trajectory, sight, files.tree, files.path, line)


def check_sight(trajectory: Trajectory, tree: str, sight: Sight) -> None:
    """Raise Http404 for a tree that there is not, or that may not be seen."""
    is_hidden = tree in GOLD_TREES and not sight.sees_gold
    if is_hidden or not is_tree_name(tree) or not has_step_of(trajectory, tree):
        raise Http404("There is no such tree.")


def paths_context(trajectory: Trajectory, sight: Sight, tree: str, typed: str) -> tuple[str, ...]:
    """Return the paths of a tree that fit what was typed, the best first; raises Http404."""
    check_sight(trajectory, tree, sight)
    try:
        tree_object = tree_id(trajectory.task_revision, tree, trajectory)
        mirror = mirror_of(trajectory.task.repository)
        return tuple(best_paths(paths_of(mirror, tree_object), typed, _MAX_TYPE_AHEAD))
    except GitError:
        return ()


@dataclass(frozen=True)
class Outline:
    """What a file defines; `n_more` symbols are left out."""

    files: Files
    symbols: tuple[Symbol, ...]
    n_more: int


def outline_context(trajectory: Trajectory, sight: Sight, tree: str, query: FilesQuery) -> Outline:
    """Return what the file at the query's path defines; raise Http404 for a hidden tree."""
    return outline_of(_begun(trajectory, sight, tree, query))


def outline_of(files: Files) -> Outline:
    """Return what the file at the path defines: nothing where there is no such file."""
    symbols: tuple[Symbol, ...] = ()
    if not files.notice:
        mirror = mirror_of(files.trajectory.task.repository)
        with contextlib.suppress(GitError):
            blob = mirror.blob_id(files.tree_id, files.path) if files.path else None
            symbols = symbols_of(mirror, blob, files.path) if blob else ()
    return Outline(files, symbols[:_MAX_OUTLINE], max(0, len(symbols) - _MAX_OUTLINE))


def _url(trajectory: Trajectory, tree: TreeName) -> str:
    return reverse("trajectories:files", args=[trajectory.pk, tree])


def _choices(trajectory: Trajectory, sight: Sight, current: TreeName) -> list[TreeChoice]:
    names = [name for name in LABELS if name != "model" or trajectory.model_patch]
    if step_of(current) is not None:
        names.append(current)
    return [
        TreeChoice(
            key=name,
            label=LABELS.get(name) or tree_label(trajectory.task_revision, name),
            url=_url(trajectory, name),
            is_current=name == current,
            is_hidden=name in GOLD_TREES and not sight.sees_gold,
        )
        for name in names
    ]


def _found(files: Files, find: Find) -> Files:
    """Add what a search found; the one definition of a name is shown at once."""
    mirror = mirror_of(files.trajectory.task.repository)
    if find.is_text:
        return replace(files, results=text_results(mirror, files.tree_id, find))
    results = name_results(mirror, files.tree_id, find, files.path)
    if place := results.only_place:
        return _at_path(replace(files, query=files.query.at(*place)))
    return replace(files, results=results)


def _at_path(files: Files) -> Files:
    """Add what stands at the path."""
    mirror, tree, path = mirror_of(files.trajectory.task.repository), files.tree_id, files.path
    try:
        entry = mirror.entry(tree, path) if path else None
        if entry is None or entry.is_folder:
            return replace(
                files, entries=tuple(_folder_entry(e) for e in mirror.list_folder(tree, path))
            )
        return replace(files, file=_file(files, mirror, entry))
    except (ObjectMissing, UnsafeName):
        matches = tuple(best_paths(paths_of(mirror, tree), path, _MAX_MATCHES))
        return replace(files, missing=path, matches=matches)


def _file(files: Files, mirror: Mirror, entry: Entry) -> ShownFile:
    file = shown_file(mirror, entry, files.query)
    if not (files.query.blame and file.lines):
        return file
    made_by = tree_label(files.trajectory.task_revision, files.tree)
    base = tree_id(files.trajectory.task_revision, "base", files.trajectory)
    trees = Trees(files.trajectory.task_revision.base_commit, base, files.tree_id, made_by)
    return with_history(mirror, trees, entry, file)


def _folder_entry(entry: Entry) -> FolderEntry:
    name = visible_path(entry.name)
    is_nameable = entry.path.isprintable()
    note = ""
    if entry.is_submodule:
        note = f"submodule at {entry.id[:7]}"
    elif entry.is_symlink:
        note = "link"
    elif not is_nameable:
        note = "its name cannot be opened"
    path = entry.path if is_nameable and not entry.is_submodule else None
    return FolderEntry(name, path, entry.is_folder, note, entry.size_bytes)
