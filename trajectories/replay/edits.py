"""Read from a tool call what it does to files, as far as the call itself says it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trajectories.calls import EDIT_RANGE, named_arguments
from trajectories.classify import describe_shell_edits, relative
from trajectories.replay.by_git import Opaque, Restore, Stash, Unstash, read_git
from trajectories.shell import command_of, split_commands, written_files

_EDITORS = {"str_replace_editor", "str_replace_based_edit_tool", "text_editor", "editor"}
_WINDOWED = {"edit", "insert", "create", "undo_edit"}


@dataclass(frozen=True)
class Write:
    """The file is `text` from now on; `appends` adds it at the end instead."""

    path: str
    text: str
    appends: bool = False


@dataclass(frozen=True)
class Replace:
    """`old` becomes `new`, once, or wherever it stands."""

    path: str
    old: str
    new: str
    everywhere: bool = False


@dataclass(frozen=True)
class ReplaceLines:
    """Lines `first` to `last` (1-based, inclusive) become `text`; `last` before `first` inserts."""

    path: str
    first: int
    last: int
    text: str


@dataclass(frozen=True)
class Delete:
    path: str


@dataclass(frozen=True)
class Undo:
    path: str


Edit = Write | Replace | ReplaceLines | Delete | Undo | Restore | Stash | Unstash | Opaque


def read_edits(call: Mapping[str, Any], open_file: str = "") -> list[Edit]:
    """Return what a call ({function_name, arguments}) does to files, in order.

    `open_file` is the file of SWE-agent's editor, which its `edit` does not name. Paths are
    relative to the repository; one that leads out of it is left out.
    """
    name, arguments = str(call.get("function_name", "")), call.get("arguments")
    if isinstance(arguments, str):
        arguments = {"command": arguments}
    if not isinstance(arguments, Mapping):
        return []
    return [edit for edit in _edits(name, arguments, open_file) if _is_inside(edit.path)]


def is_by_shell(call: Mapping[str, Any]) -> bool:
    """Tell whether a shell does the call's edits: it may have done them before it failed."""
    name, arguments = str(call.get("function_name", "")), call.get("arguments")
    if not isinstance(arguments, Mapping):
        return isinstance(arguments, str)
    return name not in _EDITORS | _WINDOWED and not _path(arguments)


def _edits(name: str, arguments: Mapping[str, Any], open_file: str) -> Iterator[Edit]:
    if name in _EDITORS:
        yield from _editor(named_arguments(arguments))
    elif name in _WINDOWED:
        yield from _windowed(name, arguments, open_file)
    elif path := _path(arguments):
        yield from _by_path(path, arguments)
    elif isinstance(command := command_of(arguments), str):
        yield from _by_shell(command)


def _by_shell(line: str) -> Iterator[Edit]:
    """What git takes back, here-documents write and `rm` removes is said; the rest is not."""
    for command in split_commands(line):
        if command.name == "git":
            yield from read_git(command)
    followed: list[Edit] = [
        Write(relative(file.path), file.text, file.appends) for file in written_files(line)
    ]
    followed += [Delete(relative(path)) for path in _removed(line)]
    paths = {edit.path for edit in followed}
    yield from followed
    for described in describe_shell_edits(line):
        yield from (
            Opaque(path, described.summary) for path in described.files if path not in paths
        )


def _removed(line: str) -> list[str]:
    """Return the files that `rm` names one by one, without patterns and folders."""
    commands = [command for command in split_commands(line) if command.name == "rm"]
    return [
        path
        for command in commands
        if not any(word.startswith("-") and "r" in word.lower() for word in command.arguments)
        for path in command.operands
        if not set(path) & set("*?[{$`")
    ]


def _is_inside(path: str) -> bool:
    return bool(path) and not path.startswith(("/", "~", "$")) and ".." not in path.split("/")


def _path(arguments: Mapping[str, Any]) -> str:
    for key in ("path", "file_path", "filename"):
        if isinstance(arguments.get(key), str):
            return relative(str(arguments[key]))
    return ""


def _editor(arguments: Mapping[str, Any]) -> Iterator[Edit]:
    """`str_replace_editor`: create, str_replace, insert, undo_edit."""
    path, command = _path(arguments), arguments.get("command")
    new = _text(arguments.get("new_str"))
    if command == "create":
        yield Write(path, _text(arguments.get("file_text")))
    elif command == "str_replace":
        yield Replace(path, _text(arguments.get("old_str")), new)
    elif command == "insert" and (line := _number(arguments.get("insert_line"))) is not None:
        yield ReplaceLines(path, line + 1, line, _text(arguments.get("insert_text")) or new)
    elif command == "undo_edit":
        yield Undo(path)


def _windowed(name: str, arguments: Mapping[str, Any], open_file: str) -> Iterator[Edit]:
    """SWE-agent's own editor, which has one file open: edit, insert, create, undo_edit."""
    command = _text(arguments.get("command"))
    if name == "create":
        path = _path(arguments) or relative(command.removeprefix("create").strip())
        # The new file has one empty line, for `edit 1:1`.
        yield Write(path, "\n")
    elif name == "undo_edit":
        yield Undo(open_file)
    elif name == "insert":
        if (line := _number(arguments.get("line"))) is not None:
            yield ReplaceLines(open_file, line + 1, line, _text(arguments.get("text")))
    elif match := EDIT_RANGE.match(command):
        yield ReplaceLines(open_file, int(match[1]), int(match[2]), match[3])
    elif isinstance(arguments.get("search"), str):
        everywhere = bool(arguments.get("replace-all") or arguments.get("replace_all"))
        new = _text(arguments.get("replace"))
        yield Replace(open_file, str(arguments["search"]), new, everywhere)
    elif (first := _number(arguments.get("start_line"))) is not None:
        last = _number(arguments.get("end_line"))
        text = _text(arguments.get("replacement_text"))
        yield ReplaceLines(open_file, first, first if last is None else last, text)
    elif path := _path(arguments):
        yield from _by_path(path, arguments)


def _by_path(path: str, arguments: Mapping[str, Any]) -> Iterator[Edit]:
    """An editor's call that names file and texts, as Edit, MultiEdit and Write do."""
    if isinstance(edits := arguments.get("edits"), list):
        for edit in edits:
            if isinstance(edit, Mapping):
                yield from _by_path(path, edit)
    elif isinstance(arguments.get("old_string"), str):
        everywhere = bool(arguments.get("replace_all"))
        new = _text(arguments.get("new_string"))
        yield Replace(path, str(arguments["old_string"]), new, everywhere)
    elif isinstance(arguments.get("content"), str):
        yield Write(path, str(arguments["content"]))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError, OverflowError):
        return None
