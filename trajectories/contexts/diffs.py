"""Build what the diff fragments show."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urlencode

from django.http import Http404
from django.urls import reverse
from django.utils.safestring import SafeString

from trajectories.access import Sight
from trajectories.code import (
    GOLD_DIFFS,
    DiffName,
    DiffSource,
    diff_source,
    is_diff_name,
    mirror_of,
    step_of,
    text_lines,
)
from trajectories.contexts.notices import Notice, notice_for
from trajectories.contexts.related import step_notes
from trajectories.diffs import Cell, FileChange, Hunk, Row, pair_hunk, unified
from trajectories.diffs.model import Side
from trajectories.git import GitError, PatchDoesNotApply
from trajectories.highlighting import ColouredLine, colour_lines, markup
from trajectories.models import Trajectory
from trajectories.touching import Touch, steps_touching

View = Literal["unified", "split"]

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
# Lines of diff that a page shows at once; files beyond load when they come into view.
_OPEN_LINES = 250
# A longer file is cut here, with a link that shows all of it.
_MAX_LINES = 600
_MARKS = {"": "no newline at end", "\r\n": "CR LF"}


@dataclass(frozen=True)
class ShownLine:
    """A line of a diff as markup. `old` and `new` are its numbers, None where it is not."""

    kind: Literal["context", "removed", "added"]
    old: int | None
    new: int | None
    html: SafeString
    mark: str = ""

    @property
    def sign(self) -> str:
        return {"context": " ", "removed": "−", "added": "+"}[self.kind]

    @property
    def side(self) -> Side:
        return "old" if self.kind == "removed" else "new"

    @property
    def number(self) -> int | None:
        return self.old if self.kind == "removed" else self.new


@dataclass(frozen=True)
class ShownHunk:
    """`lines` are of the one-column view, `pairs` of the two-column view; one of them is empty."""

    header: str
    section: str
    failure: str
    # The steps that wrote or removed its lines.
    touches: tuple[Touch, ...] = ()
    lines: tuple[ShownLine, ...] = ()
    pairs: tuple[tuple[ShownLine | None, ShownLine | None], ...] = ()


@dataclass(frozen=True)
class FileBody:
    hunks: tuple[ShownHunk, ...]
    n_lines: int
    n_hidden: int


@dataclass(frozen=True)
class DiffFile:
    """A file of a diff; `body` is None until it is looked at."""

    trajectory: Trajectory
    which: DiffName
    view: View
    change: FileChange
    url: str
    number: int
    failure: str = ""
    body: FileBody | None = None
    # The one that the page's address asks for; the pane scrolls to it.
    is_wanted: bool = False

    @property
    def element_id(self) -> str:
        digest = hashlib.sha256(self.change.path.encode()).hexdigest()
        return f"diff-{self.which}-{digest[:12]}"

    @property
    def status_label(self) -> str:
        """What happened to the file, where it is not plainly modified."""
        change = self.change
        if change.status == "modified":
            return ""
        if change.status == "mode":
            return f"mode {change.old_mode} → {change.new_mode}"
        return change.status

    @property
    def reason_not_shown(self) -> str:
        """Why there are no lines to show, or ""."""
        change = self.change
        if change.is_binary:
            return "Binary file: its content is not shown."
        if change.hunks or change.problem:
            return ""
        return {
            "added": "An empty file is added.",
            "deleted": "An empty file is deleted.",
            "renamed": "The file is renamed without a change.",
            "copied": "The file is copied without a change.",
            "mode": "Only the file's mode changes.",
            "modified": "The patch names the file but changes no line.",
        }[change.status]


@dataclass(frozen=True)
class Diff:
    trajectory: Trajectory
    which: DiffName
    label: str
    view: View
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
    def is_split(self) -> bool:
        return self.view == "split"

    @property
    def other_view(self) -> View:
        return "unified" if self.is_split else "split"


def diff_label(which: DiffName) -> str:
    step = step_of(which)
    return _LABELS[which] if step is None else f"Edit of step {step}"


def diff_context(
    trajectory: Trajectory,
    sight: Sight,
    which: str,
    open_file: str | None = None,
    *,
    view: str = "unified",
    show_all: bool = False,
) -> Diff:
    """Return a diff: its list of files, the first ones and `open_file` with their lines.

    Raises Http404 for an unknown diff and for one that `sight` does not cover.
    """
    name = _allowed(sight, which)
    source = diff_source(trajectory, name)
    files = [
        replace(
            _diff_file(trajectory, name, source, change, _view(view), number),
            is_wanted=change.path == open_file,
        )
        for number, change in enumerate(source.patch.files, start=1)
    ]
    opened = _files_to_open(files)
    return Diff(
        trajectory=trajectory,
        which=name,
        label=diff_label(name),
        view=_view(view),
        files=tuple(
            _with_body(file, source, show_all=show_all and file.is_wanted)
            if file.number in opened
            else file
            for file in files
        ),
        notice=notice_for(source.trouble, trajectory) if source.trouble else None,
        empty="" if files else _empty_text(name, source),
        strays=source.patch.strays,
        notes=step_notes(trajectory, name),
    )


def diff_file_context(
    trajectory: Trajectory,
    sight: Sight,
    which: str,
    path: str,
    *,
    view: str = "unified",
    show_all: bool = False,
) -> DiffFile:
    """Return one file of a diff with its lines; raises Http404 where there is none."""
    name = _allowed(sight, which)
    source = diff_source(trajectory, name)
    for number, change in enumerate(source.patch.files, start=1):
        if change.path == path:
            file = _diff_file(trajectory, name, source, change, _view(view), number)
            return _with_body(file, source, show_all=show_all)
    raise Http404(f"{path} is not in this diff.")


def diff_digest(trajectory: Trajectory, sight: Sight, which: str) -> str:
    """Return a digest of everything of a diff that its fragments are made of."""
    return diff_source(trajectory, _allowed(sight, which)).digest


def _allowed(sight: Sight, which: str) -> DiffName:
    if not is_diff_name(which) or (which in GOLD_DIFFS and not sight.sees_gold):
        raise Http404("There is no such diff.")
    return which


def _view(view: str) -> View:
    return "split" if view == "split" else "unified"


def _empty_text(which: DiffName, source: DiffSource) -> str:
    step = step_of(which)
    if source.trouble and (step is not None or which == "model-gold"):
        return "Both sides are needed to compare them."
    if step is not None:
        return f"Step {step} changes no file, as far as its edits can be followed."
    return _EMPTY[which]


def _diff_file(
    trajectory: Trajectory,
    which: DiffName,
    source: DiffSource,
    change: FileChange,
    view: View,
    number: int,
) -> DiffFile:
    query = urlencode({"path": change.path, "view": view})
    return DiffFile(
        trajectory=trajectory,
        which=which,
        view=view,
        change=change,
        url=f"{reverse('trajectories:diff-file', args=[trajectory.pk, which])}?{query}",
        number=number,
        failure=_failures(source, change).get(None, ""),
    )


def _files_to_open(files: list[DiffFile]) -> set[int]:
    """Return the numbers of the files to show at once: as many as fit, and the wanted one."""
    opened: set[int] = set()
    lines = 0
    for file in files:
        lines += min(file.change.n_lines, _MAX_LINES)
        if opened and lines > _OPEN_LINES:
            break
        opened.add(file.number)
    return opened | {file.number for file in files if file.is_wanted}


def _failures(source: DiffSource, change: FileChange) -> dict[int | None, str]:
    """Return why hunks of a file do not apply, by their first old line (None: the file)."""
    if not isinstance(source.trouble, PatchDoesNotApply):
        return {}
    return {
        failure.line: failure.message
        for failure in source.trouble.failures
        if failure.path in (change.path, change.old_path)
    }


def _with_body(file: DiffFile, source: DiffSource, *, show_all: bool) -> DiffFile:
    change = file.change
    hunks = change.hunks if show_all else tuple(_first_lines(change.hunks, _MAX_LINES))
    n_shown = sum(len(hunk.lines) for hunk in hunks)
    colours = _Colours(file, source, hunks)
    failures = _failures(source, change)
    touches = steps_touching(file.trajectory, file.which, change)
    body = FileBody(
        hunks=tuple(
            replace(
                _shown_hunk(hunk, colours, failures.get(hunk.old_start, ""), file.view),
                touches=touched,
            )
            for hunk, touched in zip(hunks, touches, strict=False)
        ),
        n_lines=change.n_lines,
        n_hidden=change.n_lines - n_shown,
    )
    return replace(file, body=body)


def _first_lines(hunks: tuple[Hunk, ...], limit: int) -> Iterator[Hunk]:
    for hunk in hunks:
        if limit <= 0:
            return
        yield hunk if len(hunk.lines) <= limit else replace(hunk, lines=hunk.lines[:limit])
        limit -= len(hunk.lines)


class _Colours:
    """Shows the lines of a file in colour, from whole blobs where they can be had."""

    def __init__(self, file: DiffFile, source: DiffSource, hunks: tuple[Hunk, ...]) -> None:
        change = file.change
        self._blobs = {
            "old": self._of_blob(file, source.old_tree, change.old_path),
            "new": self._of_blob(file, source.new_tree, change.new_path),
        }
        endings = {line.ending for hunk in change.hunks for line in hunk.lines}
        # In a file where every line ends in CRLF, saying so on each is noise.
        self._marks = _MARKS if "\n" in endings else {"": _MARKS[""]}
        self._snippets = {
            side: self._of_snippets(hunks, side, change.path)
            for side, lines in self._blobs.items()
            if not lines
        }

    def show(self, cell: Cell, side: str) -> ShownLine:
        line = cell.line
        html = markup(self._of(cell, side), cell.changed)
        return ShownLine(line.kind, line.old, line.new, html, self._marks.get(line.ending, ""))

    def _of(self, cell: Cell, side: str) -> ColouredLine:
        """Return a line's colours; a patch that applies with an offset is coloured plain."""
        if side in self._snippets:
            return self._snippets[side].get(cell.number, (("", cell.line.text),))
        lines = self._blobs[side]
        parts = lines[cell.number - 1] if 0 < cell.number <= len(lines) else ()
        if "".join(text for _, text in parts) == cell.line.text:
            return parts
        return (("", cell.line.text),)

    @staticmethod
    def _of_blob(file: DiffFile, tree: str | None, path: str | None) -> list[ColouredLine]:
        if tree is None or path is None or not file.change.hunks:
            return []
        mirror = mirror_of(file.trajectory.task.repository)
        try:
            blob = mirror.blob_id(tree, path)
            return colour_lines(text_lines(mirror, blob), path) if blob else []
        except GitError:
            return []

    @staticmethod
    def _of_snippets(hunks: tuple[Hunk, ...], side: str, path: str) -> dict[int, ColouredLine]:
        coloured: dict[int, ColouredLine] = {}
        for hunk in hunks:
            numbered = [
                (number, line.text)
                for line in hunk.lines
                if (number := line.old if side == "old" else line.new) is not None
            ]
            parts = colour_lines([text for _, text in numbered], path)
            coloured |= {number: line for (number, _), line in zip(numbered, parts, strict=True)}
        return coloured


def _shown_hunk(hunk: Hunk, colours: _Colours, failure: str, view: View) -> ShownHunk:
    rows = pair_hunk(hunk)
    shown = ShownHunk(hunk.header, hunk.section, failure)
    if view == "split":
        return replace(shown, pairs=tuple(_pair(row, colours) for row in rows))
    return replace(shown, lines=tuple(_line(row, colours) for row in unified(rows)))


def _pair(row: Row, colours: _Colours) -> tuple[ShownLine | None, ShownLine | None]:
    return (
        colours.show(row.old, "old") if row.old else None,
        colours.show(row.new, "new") if row.new else None,
    )


def _line(row: Row, colours: _Colours) -> ShownLine:
    if row.new is not None:
        return colours.show(row.new, "new")
    assert row.old is not None
    return colours.show(row.old, "old")
