"""Turn a tool call into lines a person can read: a shell command, a small diff, a file, arguments.

The lines are also what a citation of the call quotes, so they are plain text without signs.
"""

from __future__ import annotations

import difflib
import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from trajectories.classify import line_range, relative
from trajectories.diffs import DiffLine, Hunk, pair_hunk, unified
from trajectories.shell import COMMAND_KEYS, command_of, heredocs
from trajectories.text import clean_text

Mark = Literal["", "add", "del"]
Form = Literal["shell", "code", "edit", "file", "arguments"]
Span = tuple[int, int]
# Longer calls are cut here; the original file has the rest.
MAX_CHARS = 200_000
# Beyond this many lines an edit is drawn as all old, then all new: diffing is quadratic.
_MAX_DIFFED_LINES = 1_500
# A JSON value that is longer than this is written over several lines.
_MAX_ONE_LINE = 80
# edit 10:20, the new lines, end_of_edit: SWE-agent 0.x
EDIT_RANGE = re.compile(r"edit\s+(\d{1,9}):(\d{1,9})\s*\n(.*?)(?:\n?end_of_edit\s*)?\Z", re.DOTALL)
_PATCH = re.compile(r"\s*(?:\*\*\* Begin Patch|diff --git |--- \S+\n\+\+\+ )")
_PATH_KEYS = ("path", "file_path", "filename", "filePath", "target_file", "notebook_path")
_OLD_KEYS = ("old_str", "search", "old_string", "oldString")
_NEW_KEYS = ("new_str", "replace", "new_string", "newString", "insert_text", "new_source")
# The commands of SWE-agent's editor that change the file that is open in it.
_WINDOWED = {"edit", "insert"}
_WHOLE_KEYS = ("file_text", "content")
_CODE_KEYS = ("code", "python_code", "cell")
_SHELL = "command.sh"
_SIGNS: dict[str, Mark] = {"+": "add", "-": "del", " ": ""}


@dataclass(frozen=True, slots=True)
class CallLine:
    """A line; `language` is the name of a file whose language it is coloured as."""

    mark: Mark
    text: str
    changed: tuple[Span, ...] = ()
    language: str = ""
    # What is drawn above the line: the file that begins here.
    caption: str = ""


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


def call_text(call: Mapping[str, Any], open_file: str = "") -> CallText:
    """Read a call of the form that a step keeps: {tool_call_id, function_name, arguments}.

    `open_file` is the file of SWE-agent's editor, which its `edit` does not name.
    """
    name, arguments = str(call.get("function_name", "")), call.get("arguments")
    if not isinstance(arguments, Mapping):
        return _of_text(name, _text(arguments))
    arguments = named_arguments(arguments)
    command = _command(arguments)
    if command is not None and name == "edit" and (ranged := EDIT_RANGE.match(command)):
        first, last, new = ranged.groups()
        return _edit(_title(open_file, _lines(first, last)), [("", new)])
    if name in _WINDOWED and (edit := _read_windowed(arguments, open_file)):
        return edit
    if edit := _read_edit(arguments, open_file if name in _WINDOWED else ""):
        return edit
    if patch := next((v for v in arguments.values() if _is_patch(v)), None):
        return _patch(patch)
    if command is not None and "path" not in arguments:
        return replace(_shell(command), title=_rest(arguments))
    if code := next((arguments[key] for key in _CODE_KEYS if _is_text(arguments, key)), None):
        return _plain("code", code, "cell.py")
    return _arguments(arguments)


def _of_text(name: str, text: str) -> CallText:
    """Read a call whose arguments are text: a command, or an object that is broken."""
    if _is_patch(text):
        return _patch(text)
    return _shell(text) if name in {"bash", "shell"} else _plain("arguments", text)


def named_arguments(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an editor's arguments by name, also where they came as one command line."""
    command = arguments.get("command")
    if not isinstance(command, str) or not command.startswith("str_replace_editor "):
        return arguments
    try:
        words = shlex.split(command)
    except ValueError:
        return arguments
    options = words[3:]
    if len(words) < 3 or len(options) % 2 or words[1] == "view":
        return arguments
    named = {key.lstrip("-"): value for key, value in zip(options[::2], options[1::2], strict=True)}
    return {"command": words[1], "path": words[2], **named}


def _command(arguments: Mapping[str, Any]) -> str | None:
    command = command_of(arguments)
    if isinstance(command, list) and all(isinstance(word, str) for word in command):
        # ["bash", "-lc", "pytest -q"]
        is_wrapped = len(command) == 3 and command[1] in {"-c", "-lc"}
        return str(command[2]) if is_wrapped else shlex.join(command)
    return command if isinstance(command, str) else None


def _rest(arguments: Mapping[str, Any]) -> str:
    """Name the arguments beside a command: `timeout 120, workdir /repo`."""
    rest = {k: v for k, v in arguments.items() if k not in COMMAND_KEYS}
    words = (f"{key} {_text(value)}" for key, value in rest.items() if value not in (None, ""))
    return clean_text(", ".join(words)).replace("\n", " ")[:200]


# --- edits and files ---------------------------------------------------------------------------


def _read_windowed(arguments: Mapping[str, Any], open_file: str) -> CallText | None:
    """Read the arguments by which SWE-agent 1.x replaces or adds lines of the file it has open."""
    if _is_text(arguments, "replacement_text") and arguments.get("start_line") is not None:
        first, last = (_text(arguments.get(key)) for key in ("start_line", "end_line"))
        title = _title(open_file, _lines(first, last or first))
        return _edit(clean_text(title), [("", _text(arguments["replacement_text"]))])
    if not _is_text(arguments, "text"):
        return None
    line = arguments.get("line")
    title = _title(open_file, "" if line is None else f"after line {_text(line)}")
    return _edit(clean_text(title), [("", _text(arguments["text"]))])


def _read_edit(arguments: Mapping[str, Any], open_file: str) -> CallText | None:
    """Read the arguments of an editor's create, replace and insert, whatever they are called."""
    path = next((arguments[key] for key in _PATH_KEYS if _is_text(arguments, key)), None)
    title = relative(clean_text(path)) if path is not None else open_file
    if isinstance(edits := arguments.get("edits"), list):
        pairs = [_old_and_new(edit) for edit in edits if isinstance(edit, Mapping)]
        return _edit(title, [(old or "", new or "") for old, new in pairs])
    old, new = _old_and_new(arguments)
    whole = next((arguments[key] for key in _WHOLE_KEYS if _is_text(arguments, key)), None)
    if whole is not None and old is None and new is None and path is not None:
        return replace(_plain("file", whole, title), title=title)
    if old is None and new is None:
        return None
    if arguments.get("insert_line") is not None:
        title = _title(title, f"after line {arguments['insert_line']}")
    return _edit(title, [(old or "", new or "")])


def _old_and_new(arguments: Mapping[str, Any]) -> tuple[str | None, str | None]:
    old = next((arguments[key] for key in _OLD_KEYS if arguments.get(key) is not None), None)
    new = next((arguments[key] for key in _NEW_KEYS if arguments.get(key) is not None), None)
    return (None if old is None else _text(old)), (None if new is None else _text(new))


def _lines(first: str, last: str) -> str:
    return f"line{'' if first == last else 's'} {line_range(first, last)}"


def _title(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _edit(title: str, pairs: list[tuple[str, str]]) -> CallText:
    """Draw replacements as small diffs, one below the other."""
    # An edit without a known path is nearly always of Python here.
    name = title.split(", ", 1)[0]
    language = name if "." in name else "edit.py"
    lines: list[CallLine] = []
    n_cut = 0
    for number, (old, new) in enumerate(pairs, start=1):
        (old, cut_old), (new, cut_new) = _cut(clean_text(old)), _cut(clean_text(new))
        drawn = list(_diff(_split(old), _split(new)))
        if len(pairs) > 1 and drawn:
            drawn[0] = replace(drawn[0], caption=f"edit {number} of {len(pairs)}")
        lines += (replace(line, language=language) for line in drawn)
        n_cut += cut_old + cut_new
    return CallText("edit", title, tuple(lines), n_cut)


def _diff(old: list[str], new: list[str]) -> Iterator[CallLine]:
    if len(old) + len(new) > _MAX_DIFFED_LINES:
        yield from (CallLine("del", line) for line in old)
        yield from (CallLine("add", line) for line in new)
        return
    lines = tuple(_diff_lines(old, new))
    hunk = Hunk(1, len(old), 1, len(new), "", lines)
    for row in unified(pair_hunk(hunk)):
        if row.is_context and row.old:
            yield CallLine("", row.old.line.text)
        elif row.old:
            yield CallLine("del", row.old.line.text, row.old.changed)
        elif row.new:
            yield CallLine("add", row.new.line.text, row.new.changed)


def _diff_lines(old: list[str], new: list[str]) -> Iterator[DiffLine]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for operation, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if operation == "equal":
            for i, j in zip(range(old_start, old_end), range(new_start, new_end), strict=True):
                yield DiffLine("context", old[i], i + 1, j + 1, "\n")
            continue
        yield from (
            DiffLine("removed", old[i], i + 1, None, "\n") for i in range(old_start, old_end)
        )
        yield from (DiffLine("added", new[j], None, j + 1, "\n") for j in range(new_start, new_end))


def _is_patch(value: Any) -> bool:
    return isinstance(value, str) and _PATCH.match(value) is not None


def _patch(text: str) -> CallText:
    """Draw a patch, git's or that of the tool `apply_patch`, with its signs drawn."""
    text, cut = _cut(clean_text(text).strip("\n"))
    return CallText("edit", "", tuple(_patch_lines(text.split("\n"))), cut)


def _patch_lines(lines: Iterable[str]) -> Iterator[CallLine]:
    language = ""
    is_head = True
    for line in lines:
        if line.startswith(("diff --git ", "*** ")):
            is_head = True
        if (is_head and not line.startswith("@@")) or line[:1] not in _SIGNS:
            # *** Update File: pkg/core.py, +++ b/pkg/core.py
            if named := re.match(r"(?:\*\*\* (?:Add|Update) File: |\+\+\+ b/)(.+)", line):
                language = named[1]
            is_head = is_head and not line.startswith(("@@", "*** Add File", "*** Update File"))
            yield CallLine("", line)
        else:
            yield CallLine(_SIGNS[line[0]], line[1:], language=language)


# --- commands and arguments --------------------------------------------------------------------


def _shell(command: str) -> CallText:
    """Show a command line; a here-document in it is coloured as what it is written to."""
    shown = _plain("shell", command, _SHELL)
    lines = list(shown.lines)
    for document in heredocs(shown.text):
        language = document.path or _LANGUAGES.get(document.program, "")
        for index in range(document.first, min(document.last, len(lines))):
            is_first = index == document.first
            caption = relative(document.path) if is_first and document.path else ""
            lines[index] = replace(lines[index], language=language, caption=caption)
    return replace(shown, lines=tuple(lines))


# What a program reads from a here-document.
_LANGUAGES = {
    "python": "stdin.py",
    "python3": "stdin.py",
    "bash": _SHELL,
    "sh": _SHELL,
    "node": "stdin.js",
    "sqlite3": "stdin.sql",
    "psql": "stdin.sql",
}


def _arguments(arguments: Mapping[str, Any]) -> CallText:
    return _plain("arguments", "\n".join(_argument_lines(arguments)))


def _argument_lines(arguments: Mapping[str, Any]) -> Iterator[str]:
    """Write one argument per line; a text of several lines begins below its name."""
    for key, value in arguments.items():
        text = _text(value)
        if not isinstance(value, str) and len(text) > _MAX_ONE_LINE:
            text = json.dumps(value, ensure_ascii=False, indent=2)
        yield f"{key}:\n{text}" if "\n" in text else f"{key}: {text}"


def _plain(form: Form, text: str, language: str = "") -> CallText:
    text, cut = _cut(clean_text(text).rstrip("\n"))
    lines = tuple(CallLine("", line, language=language) for line in text.split("\n"))
    return CallText(form, "", lines, cut)


def _split(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _cut(text: str) -> tuple[str, int]:
    return text[:MAX_CHARS], max(0, len(text) - MAX_CHARS)


def _is_text(arguments: Mapping[str, Any], key: str) -> bool:
    return isinstance(arguments.get(key), str)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
