"""The lines of a file while it is edited, each with where it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

# Beyond this many lines on both sides together, a change is taken whole: aligning is quadratic.
_MAX_ALIGNED = 2_000


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its line feed. `step` wrote it; 0: it is line `base` of the base commit."""

    text: str
    step: int = 0
    base: int | None = None


def base_lines(text: str) -> tuple[Line, ...]:
    """Return the lines of a file of the base commit."""
    return tuple(Line(line, base=number) for number, line in enumerate(split(text), start=1))


def split(text: str) -> list[str]:
    """Split after line feeds only, as git does; the line feeds stay."""
    lines = text.split("\n")
    return [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def text_of(lines: Sequence[Line]) -> str:
    return "".join(line.text for line in lines)


def rewrite(lines: tuple[Line, ...], text: str, step: int) -> tuple[Line, ...]:
    """Return the lines of `text`; those that stood there before keep where they came from."""
    new = split(text)
    head = _n_common(lines, new)
    tail = _n_common(lines[head:][::-1], new[head:][::-1])
    old_end, new_end = len(lines) - tail, len(new) - tail
    middle = _align(lines[head:old_end], new[head:new_end], step)
    return (*lines[:head], *middle, *lines[old_end:])


def _n_common(old: Sequence[Line], new: Sequence[str]) -> int:
    for count, (line, text) in enumerate(zip(old, new, strict=False)):
        if line.text != text:
            return count
    return min(len(old), len(new))


def _align(old: Sequence[Line], new: Sequence[str], step: int) -> list[Line]:
    if not old or len(old) + len(new) > _MAX_ALIGNED:
        return [Line(text, step) for text in new]
    matcher = SequenceMatcher(None, [line.text for line in old], new, autojunk=False)
    lines: list[Line] = []
    for operation, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if operation == "equal":
            lines += old[old_start:old_end]
        else:
            lines += [Line(text, step) for text in new[new_start:new_end]]
    return lines
