"""Build what the files fragment shows: a folder or a file of a state of the code."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.http import Http404
from django.urls import reverse
from django.utils.safestring import SafeString

from trajectories.access import Sight
from trajectories.code import (
    GOLD_TREES,
    TreeName,
    is_tree_name,
    mirror_of,
    step_of,
    tree_id,
)
from trajectories.contexts.notices import Notice, notice_for
from trajectories.git import Entry, GitError, Mirror, ObjectMissing, UnsafeName
from trajectories.git.text import decode, file_lines, is_binary, visible
from trajectories.highlighting import colour_lines, markup
from trajectories.models import TaskRevision, Trajectory

LABELS: dict[TreeName, str] = {
    "base": "base",
    "tests": "base + test patch",
    "model": "model",
    "gold": "gold",
}
# A file is shown in windows of this many lines, unless all of it is asked for.
WINDOW_LINES = 500
_MAX_BYTES = 1_500_000
_MAX_MATCHES = 40


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
class FileLine:
    number: int
    html: SafeString
    is_target: bool


@dataclass(frozen=True)
class ShownFile:
    """A window of a file's lines, or why there are none (`reason`)."""

    size_bytes: int
    blob_id: str
    lines: tuple[FileLine, ...] = ()
    n_lines: int = 0
    reason: str = ""

    @property
    def is_cut(self) -> bool:
        return bool(self.lines) and len(self.lines) < self.n_lines

    @property
    def first(self) -> int:
        return self.lines[0].number if self.lines else 0

    @property
    def last(self) -> int:
        return self.lines[-1].number if self.lines else 0

    @property
    def before(self) -> int | None:
        """A line of the window before this one, or None."""
        return max(1, self.first - WINDOW_LINES) if self.first > 1 else None

    @property
    def after(self) -> int | None:
        return self.last + 1 if self.last < self.n_lines else None


@dataclass(frozen=True)
class Files:
    """Exactly one of `notice`, `missing`, `entries` (a folder) and `file` is there.

    With `missing` (a path that is not in the tree) come the files that may have been meant.
    """

    trajectory: Trajectory
    tree: TreeName
    label: str
    path: str
    url: str
    trees: tuple[TreeChoice, ...]
    crumbs: tuple[Crumb, ...]
    tree_id: str = ""
    notice: Notice | None = None
    missing: str = ""
    matches: tuple[str, ...] = ()
    entries: tuple[FolderEntry, ...] | None = None
    file: ShownFile | None = None


@dataclass(frozen=True)
class Window:
    """Which lines of a file to show: all, or those around `line` (1-based)."""

    line: int | None = None
    show_all: bool = False


def tree_label(revision: TaskRevision, tree: TreeName) -> str:
    """Name a tree, base with its commit: `base · cffd4e0`."""
    if tree == "base":
        return f"{LABELS[tree]} · {revision.base_commit[:7]}"
    step = step_of(tree)
    return LABELS[tree] if step is None else f"after step {step}"


def files_context(
    trajectory: Trajectory, sight: Sight, tree: str, path: str = "", window: Window | None = None
) -> Files:
    """Return a folder or file at `path` of a tree; raise Http404 for a tree not to be seen."""
    if not is_tree_name(tree) or (tree in GOLD_TREES and not sight.sees_gold):
        raise Http404("There is no such tree.")
    path = path.strip().strip("/")
    nowhere = Files(
        trajectory=trajectory,
        tree=tree,
        label=tree_label(trajectory.task_revision, tree),
        path=path,
        url=_url(trajectory, tree),
        trees=tuple(_choices(trajectory, sight, tree)),
        crumbs=_crumbs(path),
    )
    try:
        tree_object = tree_id(trajectory.task_revision, tree, trajectory)
    except GitError as error:
        return replace(nowhere, notice=notice_for(error, trajectory))
    return _at_path(replace(nowhere, tree_id=tree_object), window or Window())


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


def _crumbs(path: str) -> tuple[Crumb, ...]:
    parts = path.split("/") if path else []
    return tuple(Crumb(part, "/".join(parts[: i + 1])) for i, part in enumerate(parts))


def _at_path(files: Files, window: Window) -> Files:
    """Add what stands at the path."""
    mirror, tree, path = mirror_of(files.trajectory.task.repository), files.tree_id, files.path
    try:
        entry = mirror.entry(tree, path) if path else None
        if entry is None or entry.is_folder:
            return replace(
                files, entries=tuple(_folder_entry(e) for e in mirror.list_folder(tree, path))
            )
        return replace(files, file=_shown_file(mirror, entry, window))
    except (ObjectMissing, UnsafeName):
        return replace(files, missing=path, matches=_matches(mirror, tree, path))


def _matches(mirror: Mirror, tree: str, typed: str) -> tuple[str, ...]:
    """Return files whose path holds what was typed, those that end with it first."""
    wanted = typed.lower()
    paths = [
        entry.path
        for entry in mirror.list_files(tree)
        if wanted in entry.path.lower() and entry.path.isprintable()
    ]
    paths.sort(key=lambda path: (not path.lower().endswith(wanted), len(path)))
    return tuple(paths[:_MAX_MATCHES])


def _folder_entry(entry: Entry) -> FolderEntry:
    name = visible(decode(entry.name.encode("utf-8", "surrogateescape")))
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


def _shown_file(mirror: Mirror, entry: Entry, window: Window) -> ShownFile:
    size = entry.size_bytes or 0
    if entry.is_submodule:
        return ShownFile(0, entry.id, reason=f"A submodule, at commit {entry.id}.")
    if size > _MAX_BYTES:
        return ShownFile(size, entry.id, reason="Too large to be shown here.")
    data = mirror.read_blob(entry.id)
    if entry.is_symlink:
        return ShownFile(size, entry.id, reason=f"A link to {visible(decode(data))}")
    if is_binary(data):
        return ShownFile(size, entry.id, reason="Binary file: its content is not shown.")
    if not data:
        return ShownFile(size, entry.id, reason="The file is empty.")
    return _window(entry, file_lines(data), window)


def _window(entry: Entry, lines: list[str], window: Window) -> ShownFile:
    target = min(max(window.line or 1, 1), len(lines))
    start = (target - 1) // WINDOW_LINES * WINDOW_LINES
    end = start + WINDOW_LINES
    if window.show_all:
        start, end = 0, len(lines)
    # Lexed from the top, so that the window's first line is coloured as what it is.
    coloured = colour_lines(lines[:end], entry.path)
    return ShownFile(
        size_bytes=entry.size_bytes or 0,
        blob_id=entry.id,
        lines=tuple(
            FileLine(number, markup(parts), number == window.line)
            for number, parts in enumerate(coloured[start:], start=start + 1)
        ),
        n_lines=len(lines),
    )
