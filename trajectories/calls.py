"""Turn a tool call into lines a person can read: a shell command, a small diff, or its arguments.

The lines are also what a citation of the call quotes, so they are plain text without signs.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from trajectories.classify import relative
from trajectories.text import clean_text

Mark = Literal["", "add", "del"]
Form = Literal["shell", "edit", "arguments"]
# Longer calls are cut here; the original file has the rest.
MAX_CHARS = 200_000
# Beyond this many lines an edit is drawn as all old, then all new: diffing is quadratic.
_MAX_DIFFED_LINES = 1_500
_EDIT_RANGE = re.compile(r"edit\s+(\d+):(\d+)\s*\n(.*?)\n?(?:end_of_edit\s*)?\Z", re.DOTALL)
_OLD_KEYS = ("old_str", "search", "old_string")
_NEW_KEYS = ("new_str", "replace", "new_string", "file_text", "text", "content")


@dataclass(frozen=True)
class CallLine:
    mark: Mark
    text: str


@dataclass(frozen=True)
class CallText:
    """A call as it is shown: `title` is what it is about (a path), beside the tool's name."""

    form: Form
    title: str
    lines: tuple[CallLine, ...]
    chars_cut: int = 0

    @property
    def text(self) -> str:
        """What a citation of this call quotes from."""
        return "\n".join(line.text for line in self.lines)


def call_text(call: Mapping[str, Any]) -> CallText:
    """Read a call of the form that a step keeps: {tool_call_id, function_name, arguments}."""
    name, arguments = str(call.get("function_name", "")), call.get("arguments")
    if not isinstance(arguments, Mapping):
        return _plain("shell" if name == "bash" else "arguments", _text(arguments))
    command = arguments.get("command")
    if isinstance(command, str) and (ranged := _EDIT_RANGE.match(command)) and name == "edit":
        first, last, new = ranged.groups()
        return _edit(f"lines {first}–{last}", "", new)
    if edit := _read_edit(arguments):
        return edit
    if isinstance(command, str) and len(arguments) == 1:
        return _plain("shell", command)
    return _plain("arguments", "\n".join(_argument_lines(arguments)))


def _read_edit(arguments: Mapping[str, Any]) -> CallText | None:
    """Read the arguments of an editor's create, replace and insert, whatever they are called."""
    path = arguments.get("path", arguments.get("file_path", arguments.get("filename")))
    old = next((arguments[key] for key in _OLD_KEYS if arguments.get(key) is not None), None)
    new = next((arguments[key] for key in _NEW_KEYS if arguments.get(key) is not None), None)
    if old is None and new is None:
        return None
    title = relative(clean_text(path)) if isinstance(path, str) else ""
    if arguments.get("insert_line") is not None:
        title += f", after line {arguments['insert_line']}"
    return _edit(title, _text(old), _text(new))


def _edit(title: str, old: str, new: str) -> CallText:
    old, cut_old = _cut(clean_text(old))
    new, cut_new = _cut(clean_text(new))
    lines = tuple(_diff(_split(old), _split(new)))
    return CallText("edit", title, lines, cut_old + cut_new)


def _diff(old: list[str], new: list[str]) -> Iterator[CallLine]:
    if len(old) + len(new) > _MAX_DIFFED_LINES:
        yield from (CallLine("del", line) for line in old)
        yield from (CallLine("add", line) for line in new)
        return
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for operation, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if operation == "equal":
            yield from (CallLine("", line) for line in old[old_start:old_end])
        else:
            yield from (CallLine("del", line) for line in old[old_start:old_end])
            yield from (CallLine("add", line) for line in new[new_start:new_end])


def _plain(form: Form, text: str) -> CallText:
    text, cut = _cut(clean_text(text).rstrip("\n"))
    return CallText(form, "", tuple(CallLine("", line) for line in text.split("\n")), cut)


def _split(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _cut(text: str) -> tuple[str, int]:
    return text[:MAX_CHARS], max(0, len(text) - MAX_CHARS)


def _argument_lines(arguments: Mapping[str, Any]) -> Iterator[str]:
    """Write one argument per line; a text of several lines begins below its name."""
    for key, value in arguments.items():
        text = _text(value)
        yield f"{key}:\n{text}" if "\n" in text else f"{key}: {text}"


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
