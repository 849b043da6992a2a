"""Say what a step does: its kind, one line about it, the files it touches, whether it failed.

The words of the summaries are for people who skim a hundred steps: the verb, then the object,
paths relative to the repository.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trajectories.claude_tools import describe_claude_code
from trajectories.formats.base import Observation, ParsedStep, ToolCall
from trajectories.formats.swe_agent import COMMANDS as SWE_AGENT_COMMANDS
from trajectories.formats.values import as_text
from trajectories.shell import Command, command_of, split_commands
from trajectories.text import clean_text, shorten

SUMMARY_CHARS = 160
MAX_FILES = 20
# Of several things done in one step, the first in this list names the step.
_WEIGHT = ("submit", "edit", "test", "run", "vcs", "search", "read", "think", "other")
# The same editor under other names.
EDITORS = {"str_replace_based_edit_tool", "file_editor"}
# Tools by which agents say that they are done.
_HAND_INS = {"finish", "mark_task_complete", "complete_task"}
# /testbed/x.py, /workspace/repo/x.py, /django__django/x.py
_ROOT = re.compile(r"^/(?:testbed|workspace|repo|[A-Za-z0-9.-]+__[A-Za-z0-9._-]+)(?:/+|$)")


@dataclass(frozen=True)
class Described:
    """What one call, or one step, does."""

    kind: str
    summary: str
    files: tuple[str, ...] = ()
    is_error: bool = False


def classify_step(step: ParsedStep) -> Described:
    """Describe a step by the weightiest of its calls; without calls it is a thought."""
    if note := as_text(step.extra.get("exit_note")):
        return Described("other", f"stopped: {note.removeprefix('exit_').replace('_', ' ')} limit")
    if not step.tool_calls:
        first_line = next((ln for ln in clean_text(step.thought).splitlines() if ln.strip()), "")
        return Described("think", shorten(first_line, SUMMARY_CHARS) or "no action")
    open_file = _open_file(step)
    calls = [describe_call(call, open_file) for call in step.tool_calls]
    weightiest = _weightiest(calls)
    more = f" (+{len(calls) - 1} more)" if len(calls) > 1 else ""
    files = tuple(dict.fromkeys(name for call in calls for name in call.files))[:MAX_FILES]
    return Described(
        weightiest.kind,
        shorten(clean_text(weightiest.summary), SUMMARY_CHARS) + more,
        files,
        step.extra.get("is_error") is True
        or any(_failed(_exit_kind(step, weightiest), seen) for seen in step.observations),
    )


def describe_call(call: ToolCall, open_file: str = "") -> Described:
    """Describe one call; `open_file` is what SWE-agent's editor shows, which its edits name not."""
    arguments = call.arguments if isinstance(call.arguments, Mapping) else {}
    if call.function_name in _HAND_INS:
        return Described("submit", call.function_name.replace("_", " "))
    if call.function_name in {"think", "thinking"}:
        thought = as_text(arguments.get("thought")) or as_text(call.arguments)
        return Described("think", shorten(thought, SUMMARY_CHARS))
    if call.function_name in SWE_AGENT_COMMANDS:
        return _describe_swe_agent(call, arguments, open_file)
    if call.function_name in EDITORS and "path" in arguments:
        return _describe_editor([], arguments)
    if described := describe_claude_code(call.function_name, arguments, relative):
        return Described(*described)
    command = command_of(arguments)
    if isinstance(command, list):
        command = " ".join(as_text(word) for word in command)
    if isinstance(command, str):
        return describe_command_line(command)
    if isinstance(call.arguments, str) and call.function_name == "bash":
        return describe_command_line(call.arguments)
    return Described("other", f"{call.function_name} {_first_values(arguments)}".strip())


def _first_values(arguments: Mapping[str, Any]) -> str:
    return shorten(" ".join(as_text(value) for value in arguments.values()), 80)


def relative(path: str) -> str:
    """Return a path without the container's folder of the repository."""
    path = _ROOT.sub("", path.strip().strip("'\""))
    return path.removeprefix("./") or "."


def _weightiest(calls: Sequence[Described]) -> Described:
    return min(calls, key=lambda call: _WEIGHT.index(call.kind))


def _open_file(step: ParsedStep) -> str:
    """Return the file SWE-agent's editor had open (0.x keeps its state as JSON text)."""
    state = step.extra.get("state")
    if isinstance(state, str):
        found = re.search(r'"open_file":\s*"([^"]+)"', state)
        name = found.group(1) if found else ""
    else:
        name = as_text(state.get("open_file")) if isinstance(state, Mapping) else ""
    return "" if name == "n/a" else relative(name) if name else ""


# --- SWE-agent's commands ----------------------------------------------------------------------


def _describe_swe_agent(call: ToolCall, arguments: Mapping[str, Any], open_file: str) -> Described:
    """Describe one of SWE-agent's commands, given as text or with named arguments."""
    line, _, _body = as_text(arguments.get("command")).partition("\n")
    is_text = line.split(maxsplit=1)[:1] == [call.function_name]
    words = _words(line)[1:] if is_text else []
    if call.function_name == "str_replace_editor":
        return _describe_editor(words, {} if is_text else arguments)
    named = [as_text(value) for key, value in arguments.items() if key != "command"]
    return _SWE_AGENT[call.function_name](words if is_text else named, open_file)


def _words(line: str) -> list[str]:
    commands = split_commands(line)
    return list(commands[0].words) if commands else line.split()


def _describe_editor(words: list[str], arguments: Mapping[str, Any]) -> Described:
    """Describe `str_replace_editor view PATH [--view_range 1 20]` in either form."""
    command = as_text(arguments.get("command")) or (words[0] if words else "")
    path = relative(as_text(arguments.get("path")) or (words[1] if len(words) > 1 else ""))
    if command == "view":
        view_range = arguments.get("view_range") or _option_range(words)
        return Described("read", f"open {path}{_lines(view_range)}", (path,))
    if command == "create":
        return Described("edit", f"create {path}", (path,))
    if command == "undo_edit":
        return Described("edit", f"undo edit of {path}", (path,))
    return Described("edit", f"edit {path}", (path,))


def _option_range(words: list[str]) -> list[str]:
    if "--view_range" not in words:
        return []
    start = words.index("--view_range") + 1
    return words[start : start + 2]


def _lines(view_range: Any) -> str:
    """Return `:1–120` for a range of lines; -1 is the end of the file."""
    if not isinstance(view_range, list) or len(view_range) != 2:
        return ""
    first, last = (as_text(number) for number in view_range)
    return f":{first}–" if last == "-1" else f":{line_range(first, last)}"


def line_range(first: str, last: str) -> str:
    """Write lines of a file for people: `1–120`, or `7` for one line."""
    return first if first == last else f"{first}–{last}"


def _open(words: list[str], _open_file: str) -> Described:
    path = relative(words[0]) if words else "?"
    at = f":{words[1]}" if len(words) > 1 else ""
    return Described("read", f"open {path}{at}", (path,))


def _goto(words: list[str], open_file: str) -> Described:
    line = words[0] if words else "?"
    return Described("read", f"open {open_file or 'the file'}:{line}", _known(open_file))


def _scroll(direction: str) -> Callable[[list[str], str], Described]:
    return lambda _words, open_file: Described(
        "read", f"scroll {direction} {open_file}".strip(), _known(open_file)
    )


def _edit(words: list[str], open_file: str) -> Described:
    span = re.fullmatch(r"(\d+):(\d+)", words[0]) if words else None
    lines = line_range(span[1], span[2]) if span else ""
    return Described(
        "edit", f"edit {open_file or 'the open file'}{lines and ':' + lines}", _known(open_file)
    )


def _create(words: list[str], _open_file: str) -> Described:
    path = relative(words[0]) if words else "?"
    return Described("edit", f"create {path}", (path,))


def _search(words: list[str], open_file: str) -> Described:
    term = words[0] if words else ""
    place = relative(words[1]) if len(words) > 1 else open_file
    return Described("search", _finding(term, place), ())


def _find_file(words: list[str], _open_file: str) -> Described:
    place = relative(words[1]) if len(words) > 1 else ""
    return Described("search", f"find file “{words[0] if words else ''}”{_within(place)}")


def _finding(term: str, place: str = "") -> str:
    return f"find “{shorten(term, 60)}”{_within(place)}"


def _within(place: str) -> str:
    return f" in {place}" if place and place != "." else ""


def _known(path: str) -> tuple[str, ...]:
    return (path,) if path else ()


_SWE_AGENT: dict[str, Callable[[list[str], str], Described]] = {
    "open": _open,
    "goto": _goto,
    "scroll_down": _scroll("down"),
    "scroll_up": _scroll("up"),
    "view_image": _open,
    "close": lambda _words, open_file: Described("read", f"close {open_file}".strip()),
    "edit": _edit,
    "insert": _edit,
    "undo_edit": lambda _words, open_file: Described("edit", "undo edit", _known(open_file)),
    "create": _create,
    "find_file": _find_file,
    "search_dir": _search,
    "search_file": _search,
    "submit": lambda _words, _file: Described("submit", "submit"),
    "exit_forfeit": lambda _words, _file: Described("submit", "give up"),
}


# --- the shell ---------------------------------------------------------------------------------

_TEST_PROGRAMS = {
    "ctest", "jest", "mocha", "nose2", "nosetests", "nox", "phpunit", "py.test", "pytest",
    "rspec", "runtests.py", "tox", "vitest",
}  # fmt: skip
_TEST_PHRASES = re.compile(
    r"(?<!\w)(?:manage\.py test|setup\.py test|bin/test|runtests\.py|(?:make|npm|yarn|go|"
    r"cargo|mvn|gradle|gradlew|rake|dotnet|bundle exec rake) (?:run )?test\w*|"
    r"-m (?:pytest|unittest|nose|tox))\b"
)
_SEARCH_PROGRAMS = {"ack", "ag", "egrep", "fgrep", "grep", "rg"}
_READ_PROGRAMS = {
    "awk", "cat", "diff", "file", "head", "less", "ls", "more", "nl", "od", "pwd", "stat",
    "strings", "tail", "tree", "wc", "xxd",
}  # fmt: skip
_EDIT_PROGRAMS = {"cp": "copy", "mv": "move", "patch": "patch", "rm": "remove", "touch": "touch"}
_QUIET_PROGRAMS = {
    ".", "cd", "chmod", "echo", "export", "mkdir", "printf", "set", "source", "true", "which",
}  # fmt: skip
# … | grep -i fits | head
_PIPED_SEARCH = re.compile(r"\|\s*((?:grep|egrep|rg)\b[^|]*)")
# A line whose last word on success or failure is a filter's: … | grep numpy
_ENDS_IN_FILTER = re.compile(r"\|\s*(?:grep|egrep|rg|diff)\b[^|&;\n]*\Z")
_FINAL_MARKERS = ("COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT", "MINI_SWE_AGENT_FINAL_OUTPUT")


def describe_command_line(line: str) -> Described:
    """Describe a shell command line by the weightiest of its commands."""
    if any(marker in line for marker in _FINAL_MARKERS):
        return Described("submit", "submit")
    commands = [_describe_command(command) for command in split_commands(line)]
    if not commands:
        return Described("other", shorten(line, SUMMARY_CHARS) or "empty command")
    files = tuple(dict.fromkeys(name for command in commands for name in command.files))
    return replace(_weightiest(commands), files=files[:MAX_FILES])


def describe_shell_edits(line: str) -> list[Described]:
    """Describe those commands of a command line that change files."""
    commands = (_describe_command(command) for command in split_commands(line))
    return [described for described in commands if described.kind == "edit"]


def _describe_command(command: Command) -> Described:
    name = command.name
    if name in _TEST_PROGRAMS or _TEST_PHRASES.search(command.text):
        return Described("test", _plain(command), _paths(command.operands))
    if name == "git":
        return _describe_git(command)
    if name == "sed":
        return _describe_sed(command)
    if command.writes and (name in _READ_PROGRAMS or name in _QUIET_PROGRAMS or not name):
        files = tuple(relative(path) for path in command.writes)
        return Described("edit", f"write {', '.join(files)}", files)
    if name in _SEARCH_PROGRAMS:
        return _describe_grep(command)
    if name == "find":
        return _describe_find(command)
    if name in _READ_PROGRAMS:
        return _describe_read(command)
    if name in _EDIT_PROGRAMS:
        files = tuple(relative(path) for path in command.operands)
        return Described("edit", f"{_EDIT_PROGRAMS[name]} {' '.join(files)}", files)
    if name in _QUIET_PROGRAMS:
        return Described("other", _plain(command))
    return Described("run", _plain(command), _paths(command.operands))


def _plain(command: Command) -> str:
    """Return the command as it was typed, without redirections and with short paths."""
    words = [relative(w) if w.startswith("/") else w for w in command.words]
    return " ".join(_quoted(word) for word in words)


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word or not word else word


def _paths(words: Sequence[str]) -> tuple[str, ...]:
    """Keep the words that look like files: with a slash or an extension, no pattern, no URL."""
    return tuple(
        relative(word.split("::", 1)[0])
        for word in words
        if re.fullmatch(r"[\w./@+-]*(?:/[\w.@+-]+|\.[A-Za-z]{1,5})(?:::\S*)?", word)
        and "://" not in word
    )


def _describe_git(command: Command) -> Described:
    action = command.operands[0] if command.operands else ""
    if action == "grep":
        return _describe_grep(replace(command, words=command.words[1:]))
    kind = "edit" if action == "apply" else "vcs"
    return Described(kind, _plain(command), _paths(command.operands[1:]))


def _describe_sed(command: Command) -> Described:
    """`sed -n '1,120p' FILE` reads lines, `sed -i` edits in place."""
    files = _paths(command.operands[1:]) or _paths(command.operands)
    if any(word.startswith(("-i", "--in-place")) for word in command.arguments):
        return Described("edit", f"edit {', '.join(files) or 'in place'}", files)
    span = next((m for w in command.words if (m := re.fullmatch(r"(\d+),(\d+)p;?", w))), None)
    at = f":{line_range(span[1], span[2])}" if span else ""
    return Described("read", f"open {files[0]}{at}" if files else _plain(command), files)


def _describe_grep(command: Command) -> Described:
    # `-A 5` takes a number; a term that is a number is rare enough to lose.
    operands = [word for word in command.operands if not word.isdigit()]
    term = operands.pop(0) if operands else ""
    place = ", ".join(relative(path) for path in operands[:2])
    return Described("search", _finding(term, place), _paths(operands))


def _describe_find(command: Command) -> Described:
    words = command.words
    for option in ("-name", "-iname", "-path", "-regex"):
        if option in words[:-1]:
            place = relative(words[1]) if not words[1].startswith("-") else ""
            term = words[words.index(option) + 1]
            filtered = _PIPED_SEARCH.search(command.text)
            more = f" | {shorten(filtered[1], 40)}" if filtered else ""
            return Described("search", f"find file “{term}”{_within(place)}{more}")
    return Described("search", _plain(command))


def _describe_read(command: Command) -> Described:
    files = _paths(command.operands)
    if command.name in {"ls", "pwd", "tree"} or not files:
        return Described("read", _plain(command), files)
    count = re.search(r"-n?\s*(\d+)", command.text) if command.name == "head" else None
    at = f":1–{count[1]}" if count else ""
    return Described("read", f"open {', '.join(files[:3])}{at}", files)


# --- failure -----------------------------------------------------------------------------------

# How the output of a program without a recorded exit code shows that it failed.
_FAILED_RUN = re.compile(
    r"^Traceback \(most recent call last\)|^=+ .*\b\d+ (?:failed|errors?)\b|^FAILED \(|"
    r"^(?:\w+\.)*\w*(?:Error|Exception): |^tests finished: .*\b[1-9]\d* failed|"
    r"^error(?:\[\w+\])?: ",
    re.MULTILINE,
)
_FAILED_ANY = re.compile(
    # What OpenHands' and Anthropic's editors answer to a call that they refuse.
    r"\A(?:ERROR:\n|No replacement was performed|Invalid `\w+` parameter)|"
    r"\A(?:bash|/bin/(?:ba)?sh|sh): .*|.*: command not found|EXECUTION TIMED OUT|"
    r"Your (?:proposed edit|last command) (?:has introduced|failed|took too long)|"
    r"(?:cat|ls|cd|grep|sed|rm|mv|python\d?): .*(?:No such file|cannot|can't open)",
)
# Of a long output only both ends are looked at.
_END_CHARS = 20_000


def _exit_kind(step: ParsedStep, described: Described) -> str:
    """Return the kind that the exit code speaks of: behind a filter it is the filter's."""
    last = step.tool_calls[-1].arguments
    command = last.get("command") if isinstance(last, Mapping) else last
    ends_in_filter = isinstance(command, str) and _ENDS_IN_FILTER.search(command.rstrip())
    return "search" if ends_in_filter else described.kind


def _failed(kind: str, observation: Observation) -> bool:
    code = observation.exit_code
    if code is not None:
        # grep and diff say "nothing found" and "they differ" with exit code 1.
        return code > 1 or code < 0 or (code == 1 and kind in {"run", "test", "edit", "vcs"})
    text = observation.content
    if _FAILED_ANY.search(text[:2_000].lstrip()):
        return True
    ends = text if len(text) < 2 * _END_CHARS else text[:_END_CHARS] + text[-_END_CHARS:]
    return kind in {"run", "test"} and _FAILED_RUN.search(ends) is not None
