"""Carry out the edits of a trajectory, step by step, on the files of its base commit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from trajectories.replay.by_git import Opaque, Restore, Stash, Unstash
from trajectories.replay.edits import (
    Delete,
    Edit,
    Replace,
    ReplaceLines,
    Undo,
    Write,
    is_by_shell,
    read_edits,
)
from trajectories.replay.lines import Line, base_lines, rewrite, split, text_of

# An editor accepts a text only where it is unique.
_NOT_UNIQUE = "the text that it replaces stands there {} times"
_MAX_CHARS = 2_000_000
# The lines of a file, None where there is none.
Content = tuple[Line, ...] | None


@dataclass(frozen=True)
class Change:
    """What a step made of a file. None: the file is not there."""

    step: int
    path: str
    before: Content
    after: Content


@dataclass(frozen=True)
class NotFollowed:
    """An edit whose effect is not known; from then on the file may differ from ours."""

    step: int
    path: str
    reason: str


@dataclass(frozen=True)
class EditStep:
    """What is needed of a step: `open_file` is the file of SWE-agent's editor."""

    number: int
    tool_calls: list[Mapping[str, Any]]
    open_file: str = ""
    # The tool refused it.
    is_error: bool = False


@dataclass(frozen=True)
class Replay:
    changes: tuple[Change, ...]
    not_followed: tuple[NotFollowed, ...]

    def of_step(self, step: int) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.step == step)

    def files_after(self, step: int) -> dict[str, str | None]:
        """Return the text of every file changed up to and with a step."""
        return {
            change.path: None if change.after is None else text_of(change.after)
            for change in self.changes
            if change.step <= step
        }

    def final(self, path: str) -> tuple[Line, ...] | None:
        """Return the lines of a file after the last change that was followed."""
        lines = None
        for change in self.changes:
            if change.path == path:
                lines = change.after
        return lines

    def removals(self, path: str) -> dict[int, int]:
        """Return which step took away each line of the base commit's file that is gone."""
        gone: dict[int, int] = {}
        for change in self.changes:
            if change.path == path:
                before, after = _base_numbers(change.before), _base_numbers(change.after)
                gone |= dict.fromkeys(before - after, change.step)
                for back in after - before:
                    gone.pop(back, None)
        return gone


def _base_numbers(lines: tuple[Line, ...] | None) -> set[int]:
    return {line.base for line in lines or () if line.base is not None}


class _CannotFollow(Exception):
    pass


@dataclass
class _Files:
    """The files as they are at the moment, and as they were before each edit."""

    read_base: Callable[[str], str | None]
    now: dict[str, Content] = field(default_factory=dict)
    undo: dict[str, list[Content]] = field(default_factory=dict)
    aside: list[dict[str, Content]] = field(default_factory=list)

    def get(self, path: str) -> Content:
        if path not in self.now:
            self.now[path] = self.base(path)
        return self.now[path]

    def base(self, path: str) -> Content:
        text = self.read_base(path)
        return None if text is None else base_lines(text)

    def changed(self, folder: str, *, untracked: bool) -> dict[str, Content]:
        """Return the changed files at or below a path; new ones, which git does not know, too."""
        found = {}
        for path, lines in self.now.items():
            if folder in (".", path) or path.startswith(f"{folder}/"):
                base = self.base(path)
                if lines != base and (untracked or base is not None):
                    found[path] = lines
        return found

    def put(self, path: str, lines: Content) -> None:
        self.undo.setdefault(path, []).append(self.get(path))
        self.now[path] = lines


def replay(steps: Iterable[EditStep], read_base: Callable[[str], str | None]) -> Replay:
    """Follow the edits of `steps`, in order; `read_base` returns a file's text, or None."""
    files = _Files(read_base)
    changes: list[Change] = []
    not_followed: list[NotFollowed] = []
    for step in steps:
        # A shell may have written before it failed; an editor that refused has not.
        calls = [call for call in step.tool_calls if not step.is_error or is_by_shell(call)]
        edits = [edit for call in calls for edit in read_edits(call, step.open_file)]
        before = dict(files.now)
        for edit in edits:
            try:
                _carry_out(edit, files, step.number)
            except _CannotFollow as error:
                not_followed.append(NotFollowed(step.number, edit.path, str(error)))
        changes += _changes(step.number, before, files)
    return Replay(tuple(changes), tuple(not_followed))


def _changes(step: int, before: Mapping[str, Content], files: _Files) -> Iterator[Change]:
    for path, lines in files.now.items():
        old = before[path] if path in before else files.base(path)
        if old != lines:
            yield Change(step, path, old, lines)


def _carry_out(edit: Edit, files: _Files, step: int) -> None:
    if isinstance(edit, Opaque):
        raise _CannotFollow(f"“{edit.how}” is done by a program, which is not run here")
    if isinstance(edit, Restore | Stash | Unstash):
        _by_git(edit, files)
        return
    lines = files.get(edit.path)
    if isinstance(edit, Undo):
        _undo(edit, files)
        return
    if isinstance(edit, Delete):
        files.put(edit.path, None)
        return
    if isinstance(edit, Write):
        text = text_of(lines or ()) + edit.text if edit.appends else edit.text
    elif lines is None:
        raise _CannotFollow("the file is not there")
    elif isinstance(edit, Replace):
        text = _replaced(text_of(lines), edit)
    else:
        text = _with_lines(lines, edit)
    if len(text) > _MAX_CHARS:
        raise _CannotFollow("the file is too large")
    files.put(edit.path, rewrite(lines or (), text, step))


def _by_git(edit: Restore | Stash | Unstash, files: _Files) -> None:
    if isinstance(edit, Unstash):
        if not files.aside:
            raise _CannotFollow("nothing was set aside")
        for path, lines in (files.aside[-1] if edit.is_kept else files.aside.pop()).items():
            files.put(path, lines)
        return
    whole = isinstance(edit, Stash) and edit.is_whole
    changed = files.changed(edit.path, untracked=whole)
    if isinstance(edit, Stash):
        files.aside.append(changed)
    for path in changed:
        files.put(path, files.base(path))


def _undo(edit: Undo, files: _Files) -> None:
    if not files.undo.get(edit.path):
        raise _CannotFollow("there is no edit to take back")
    files.now[edit.path] = files.undo[edit.path].pop()


def _replaced(text: str, edit: Replace) -> str:
    count = text.count(edit.old) if edit.old else 0
    if edit.everywhere and count:
        return text.replace(edit.old, edit.new)
    if count != 1:
        raise _CannotFollow(
            _NOT_UNIQUE.format(count) if count else "the text that it replaces is not there"
        )
    return text.replace(edit.old, edit.new)


def _with_lines(lines: tuple[Line, ...], edit: ReplaceLines) -> str:
    if not 1 <= edit.first <= len(lines) + 1:
        raise _CannotFollow(f"the file has no line {edit.first}")
    texts = [line.text for line in lines]
    if texts and not texts[-1].endswith("\n"):
        texts[-1] += "\n"
    new = edit.text if not edit.text or edit.text.endswith("\n") else f"{edit.text}\n"
    last = max(edit.last, edit.first - 1)
    return "".join(texts[: edit.first - 1] + split(new) + texts[last:])
