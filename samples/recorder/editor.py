"""SWE-agent's `str_replace_editor`, as far as the recordings use it.

What each command prints is what that tool prints.
https://github.com/SWE-agent/SWE-agent/tree/main/tools/edit_anthropic
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

_CONTEXT_LINES = 4


def edit(tree: Path, arguments: Mapping[str, object]) -> str:
    """Execute one command on the tree that is shown as /testbed; return the observation."""
    path = str(arguments["path"])
    target = tree / path.removeprefix("/testbed").lstrip("/")
    if arguments["command"] == "create":
        return _create(path, target, str(arguments["file_text"]))
    if not target.exists():
        return f"The path {path} does not exist. Please provide a valid path."
    if arguments["command"] == "view":
        return _view(path, target, arguments.get("view_range"))
    if arguments["command"] == "str_replace":
        return _replace(path, target, str(arguments["old_str"]), str(arguments["new_str"]))
    raise ValueError(f"str_replace_editor {arguments['command']} is not recorded here")


def _create(path: str, target: Path, text: str) -> str:
    if target.exists():
        return f"File already exists at: {path}. Cannot overwrite files using command `create`."
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, "utf-8")
    return f"File created successfully at: {path}"


def _view(path: str, target: Path, view_range: object) -> str:
    if target.is_dir():
        return _list(path, target)
    lines = target.read_text("utf-8").split("\n")
    if not isinstance(view_range, list):
        return _numbered(path, lines, 1)
    first, last = view_range
    end = len(lines) if last == -1 else last
    return _numbered(path, lines[first - 1 : end], first)


def _list(path: str, folder: Path) -> str:
    entries = []
    for entry in sorted(folder.rglob("*")):
        parts = entry.relative_to(folder).parts
        if len(parts) <= 2 and not any(part.startswith(".") for part in parts):
            entries.append("/".join((path.rstrip("/"), *parts)))
    heading = f"Here's the files and directories up to 2 levels deep in {path}, excluding hidden"
    return "\n".join([f"{heading} items:", path, *entries])


def _replace(path: str, target: Path, old: str, new: str) -> str:
    text = target.read_text("utf-8")
    count = text.count(old)
    if count == 0:
        return f"No replacement was performed, old_str `{old}` did not appear verbatim in {path}."
    if count > 1:
        lines = [number for number, line in enumerate(text.split("\n"), 1) if old in line]
        return (
            f"No replacement was performed. Multiple occurrences of old_str `{old}` in lines "
            f"{lines}. Please ensure it is unique"
        )
    changed = text.replace(old, new)
    target.write_text(changed, "utf-8")
    line = text[: text.index(old)].count("\n")
    first = max(0, line - _CONTEXT_LINES)
    snippet = changed.split("\n")[first : line + new.count("\n") + _CONTEXT_LINES + 1]
    return (
        f"The file {path} has been edited. "
        + _numbered(f"a snippet of {path}", snippet, first + 1)
        + "\nReview the changes and make sure they are as expected. "
        "Edit the file again if necessary."
    )


def _numbered(what: str, lines: list[str], first: int) -> str:
    body = "\n".join(f"{number:6}\t{line}" for number, line in enumerate(lines, first))
    return f"Here's the result of running `cat -n` on {what}:\n{body}\n"
