"""Take a command line apart, just far enough to say what it does. Nothing here is executed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# <<EOF, <<'EOF', <<-"EOF"
_HEREDOC = re.compile(r"<<-?\s*(?P<quote>['\"]?)(?P<word>\w+)(?P=quote)")
# What separates commands, outside quotes. A pipeline stays together: its first command decides.
_SEPARATORS = ("&&", "||", ";", "\n", "&")
# The names of the argument that holds a shell's command line.
COMMAND_KEYS = ("command", "cmd", "keystrokes")
# What a shell replaces in a here-document whose word is not quoted.
_EXPANDS = re.compile(r"[$`\\]")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
# Words before the command that say nothing of what it does, with the arguments they take.
_PREFIXES = {"sudo": 0, "time": 0, "exec": 0, "nohup": 0, "command": 0, "env": 0, "timeout": 1}
# > file, >> file, 2> file, &> file; `2>&1` has no file
_REDIRECT = re.compile(r"(?:^|\s)(?P<fd>[12&]?)>{1,2}\s*(?P<file>[^\s&|;<>]+)")
_TEE = re.compile(r"\|\s*tee\s+(?:-a\s+)?(?P<file>[^\s&|;<>]+)")


@dataclass(frozen=True)
class Command:
    """One simple command or pipeline of a command line."""

    text: str
    words: tuple[str, ...]
    writes: tuple[str, ...]

    @property
    def name(self) -> str:
        """The program's name without its folder; empty for an empty command."""
        return self.words[0].rsplit("/", 1)[-1] if self.words else ""

    @property
    def arguments(self) -> tuple[str, ...]:
        return self.words[1:]

    @property
    def operands(self) -> tuple[str, ...]:
        """The arguments that are no options."""
        return tuple(word for word in self.words[1:] if not word.startswith("-"))


@dataclass(frozen=True)
class HereDocument:
    """Lines `first` up to `last`, exclusive, counted from 0, that `program` reads.

    `path` is the file that they are written to, empty where they are not.
    """

    first: int
    last: int
    program: str
    path: str
    is_quoted: bool


def command_of(arguments: Mapping[str, Any]) -> Any:
    """Return what named arguments give a shell, whatever agents call it; None if nothing."""
    return next((arguments[key] for key in COMMAND_KEYS if key in arguments), None)


@dataclass(frozen=True)
class WrittenFile:
    """A here-document that a command line writes to a file as it stands."""

    path: str
    text: str
    appends: bool = False


def written_files(line: str) -> list[WrittenFile]:
    """Return the files that `cat > FILE <<'EOF'` and `tee FILE <<EOF` write, in order.

    A document in which the shell would replace variables is left out: what it writes is not said.
    """
    lines = line.split("\n")
    found: list[WrittenFile] = []
    for document in heredocs(line):
        text = "".join(f"{body}\n" for body in lines[document.first : document.last])
        target = _heredoc_target(lines[document.first - 1])
        if target and (document.is_quoted or not _EXPANDS.search(text)):
            path, appends = target
            found.append(WrittenFile(path, text, appends))
    return found


def heredocs(line: str) -> list[HereDocument]:
    """Return the here-documents of a command line in order, one per line that begins any."""
    lines = line.split("\n")
    found: list[HereDocument] = []
    at = 0
    while at < len(lines):
        head, match = lines[at], _HEREDOC.search(lines[at])
        at += 1
        if match is None:
            continue
        end = next((i for i in range(at, len(lines)) if lines[i].strip() == match["word"]), None)
        if end is None:
            break
        commands = split_commands(_HEREDOC.sub("", head))
        last = commands[-1] if commands else None
        target = _heredoc_target(head)
        path = target[0] if target else ""
        found.append(HereDocument(at, end, last.name if last else "", path, bool(match["quote"])))
        at = end + 1
    return found


def _heredoc_target(head: str) -> tuple[str, bool] | None:
    """Return the file that a line's `cat` or `tee` writes to, and whether it appends."""
    commands = split_commands(_HEREDOC.sub("", head))
    if not commands or commands[-1].name not in {"cat", "tee"} or "|" in commands[-1].text:
        return None
    last = commands[-1]
    if last.name == "tee":
        return (last.operands[0], "-a" in last.arguments) if last.operands else None
    if last.operands or len(last.writes) != 1:
        return None
    return last.writes[0], ">>" in last.text


def split_commands(line: str) -> list[Command]:
    """Return the commands of a command line in order, without the bodies of here-documents."""
    return [
        command
        for part in _split(_without_heredocs(line))
        if (command := _read_command(part)).words or command.writes
    ]


def _without_heredocs(line: str) -> str:
    kept: list[str] = []
    waiting: list[str] = []
    for text in line.split("\n"):
        if waiting:
            if text.strip() == waiting[0]:
                waiting.pop(0)
            continue
        waiting = [match["word"] for match in _HEREDOC.finditer(text)]
        kept.append(_HEREDOC.sub("", text))
    return "\n".join(kept)


def _split(line: str) -> Iterator[str]:
    """Split at separators outside quotes and brackets."""
    start = position = 0
    quote = ""
    while position < len(line):
        character = line[position]
        if character == "\\" and quote != "'":
            position += 2
            continue
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif separator := _separator_at(line, position):
            yield line[start:position]
            position += len(separator)
            start = position
            continue
        position += 1
    yield line[start:]


def _separator_at(line: str, position: int) -> str:
    for separator in _SEPARATORS:
        if line.startswith(separator, position):
            # `2>&1` and `&>file` are redirections.
            beside = line[max(0, position - 1) : position] + line[position + 1 : position + 2]
            return "" if separator == "&" and ">" in beside else separator
    return ""


def _read_command(part: str) -> Command:
    text = part.strip().lstrip("(").strip()
    bare = _with_quoted_signs_hidden(text)
    head = bare.split("|", 1)[0]
    writes = [match["file"] for match in _REDIRECT.finditer(head) if match["fd"] != "2"]
    writes += [match["file"] for match in _TEE.finditer(bare)]
    files = tuple(
        name.strip("'\"").translate(_SHOWN) for name in writes if not name.startswith("/dev/")
    )
    words = tuple(word.translate(_SHOWN) for word in _program_words(_REDIRECT.sub(" ", head)))
    return Command(text=text, words=words, writes=files)


# Signs that mean nothing to the shell inside quotes, and what stands for them meanwhile.
_HIDDEN = {"|": "\ue000", ">": "\ue001"}
_SHOWN = str.maketrans({hidden: sign for sign, hidden in _HIDDEN.items()})


def _with_quoted_signs_hidden(text: str) -> str:
    """Return a text, of the same length, whose `|` and `>` are the shell's own."""
    found: list[str] = []
    quote, is_escaped = "", False
    for character in text:
        if is_escaped or quote:
            found.append(_HIDDEN.get(character, character))
        else:
            found.append(character)
        if is_escaped:
            is_escaped = False
        elif character == "\\" and quote != "'":
            is_escaped = True
        elif quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
    return "".join(found)


def _program_words(text: str) -> tuple[str, ...]:
    try:
        words = shlex.split(text.replace("2>&1", " "))
    except ValueError:
        words = text.split()
    while words:
        if _ASSIGNMENT.fullmatch(words[0]):
            words = words[1:]
        elif words[0] in _PREFIXES and len(words) > 1:
            words = words[1 + _PREFIXES[words[0]] :]
        else:
            break
    return tuple(words)
