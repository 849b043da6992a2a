"""Describe the calls of Claude Code's own tools, and of those that iFlow CLI has instead.

Its Bash is a shell like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from trajectories.formats.values import as_number, as_text
from trajectories.text import shorten

# Kind, one line, files
Description = tuple[str, str, tuple[str, ...]]
_PATH_KEYS = ("file_path", "absolute_path", "notebook_path", "path")
# What iFlow CLI, which comes from Gemini CLI, calls the same tools.
_ALIASES = {
    "read_file": "Read",
    "write_file": "Write",
    "replace": "Edit",
    "list_directory": "LS",
    "search_file_content": "Grep",
    "glob": "Glob",
    "task": "Task",
    "todo_write": "TodoWrite",
}
_EDITS = {"Edit": "edit", "MultiEdit": "edit", "NotebookEdit": "edit", "Write": "write"}
_SEARCHES = {"Grep": "find", "Glob": "find file"}
_TERM_CHARS = 60


def describe_claude_code(
    name: str, arguments: Mapping[str, Any], relative: Callable[[str], str]
) -> Description | None:
    """Return the kind, the summary and the files of a call, None for a tool not known here."""
    name = _ALIASES.get(name, name)
    path = next((relative(as_text(arguments[key])) for key in _PATH_KEYS if arguments.get(key)), "")
    files = (path,) if path else ()
    if name in _EDITS:
        return ("edit", f"{_EDITS[name]} {path or '?'}", files)
    if name == "Read":
        return ("read", f"open {path or '?'}{_lines(arguments)}", files)
    if name == "LS":
        return ("read", f"ls {path}".strip(), files)
    if name in _SEARCHES:
        place = f" in {path}" if path and path != "." else ""
        term = shorten(as_text(arguments.get("pattern")), _TERM_CHARS)
        return ("search", f"{_SEARCHES[name]} “{term}”{place}", ())
    if name == "Task":
        agent = as_text(arguments.get("subagent_type")) or "a sub-agent"
        return ("other", f"ask {agent}: {as_text(arguments.get('description'))}", ())
    if name == "TodoWrite":
        return ("think", "write the to-do list", ())
    return None


def _lines(arguments: Mapping[str, Any]) -> str:
    """Return `:17–25` for the lines that a Read asks for; it begins at 1 unless told."""
    offset, limit = as_number(arguments.get("offset")), as_number(arguments.get("limit"))
    if offset is None and limit is None:
        return ""
    first = max(1, int(offset or 1))
    return f":{first}–" if limit is None else f":{first}–{first + int(limit) - 1}"
