"""Find a text in the parts of a step: what a person reads and cites, line by line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from trajectories.marking import Needle
from trajectories.models import Step
from trajectories.step_text import step_call, thought_text
from trajectories.text import clean_text, end_lines, has_escapes

# Of a line, what is shown around the first match.
_BEFORE_CHARS, _AFTER_CHARS = 40, 100
# So far the ends of a line are looked for.
_REACH = 400
# Of each part so many lines are counted.
_MOST_LINES = 100
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Hit:
    """A line (1-based) of a part that holds the text, and an excerpt around its first match."""

    part: str
    line: int
    before: str
    match: str
    after: str

    @property
    def address(self) -> str:
        return f"{self.part}.{self.line}"

    @property
    def part_label(self) -> str:
        return {"thought": "thought", "call": "call", "output": "output"}[self.part.split("-")[0]]


@dataclass(frozen=True)
class Found:
    """What was found in a step: the first hits, and how many lines there are."""

    hits: tuple[Hit, ...]
    n_lines: int


def find_in_step(step: Step, needle: Needle, most: int = 3) -> Found | None:
    """Return which lines of a step's thought, calls and outputs hold the text, or None.

    `most` are written as hits. Of each part _MOST_LINES are counted.
    """
    hits: list[Hit] = []
    n_lines = 0
    for part, text in _texts(step, needle) if needle else ():
        found = lines_with(text, needle)
        hits += _hits(part, text, found[: max(0, most - len(hits))])
        n_lines += len(found)
    return Found(tuple(hits), n_lines) if n_lines else None


def _texts(step: Step, needle: Needle) -> Iterator[tuple[str, str]]:
    """Yield the texts that may hold the needle; to write a call out costs more than to look."""
    if step.thought:
        yield "thought", thought_text(step)
    words = _WORD.findall(needle.text.lower())
    for index, call in enumerate(step.tool_calls):
        arguments = json.dumps(call.get("arguments"), ensure_ascii=False).lower()
        if all(word in arguments for word in words):
            yield f"call-{index}", step_call(step, index).text
    for index, observation in enumerate(step.observations):
        raw = observation["content"]
        # What cleaning does beside this changes neither lines nor letters.
        yield f"output-{index}", clean_text(raw) if has_escapes(raw) else end_lines(raw)


def lines_with(text: str, needle: Needle) -> list[tuple[int, int]]:
    """Return the first match of each line that holds the needle, _MOST_LINES at most."""
    found: list[tuple[int, int]] = []
    folded = needle.folded(text)
    match = needle.first(folded, 0)
    while match and len(found) < _MOST_LINES:
        found.append(match)
        end_of_line = text.find("\n", match[1])
        match = needle.first(folded, end_of_line) if end_of_line >= 0 else None
    return found


def _hits(part: str, text: str, matches: list[tuple[int, int]]) -> Iterator[Hit]:
    line, counted = 1, 0
    for start, end in matches:
        line += text.count("\n", counted, start)
        counted = start
        first = max(text.rfind("\n", 0, start) + 1, start - _REACH)
        last = text.find("\n", end, end + _REACH)
        after = text[end : last if last >= 0 else end + _REACH]
        yield _hit(part, line, text[first:start], text[start:end], after)


def _hit(part: str, line: int, before: str, match: str, after: str) -> Hit:
    before, after = clean_text(before).lstrip(), clean_text(after).rstrip()
    if len(before) > _BEFORE_CHARS:
        before = "…" + before[-_BEFORE_CHARS:]
    if len(after) > _AFTER_CHARS:
        after = after[:_AFTER_CHARS] + "…"
    return Hit(part, line, before, match, after)
