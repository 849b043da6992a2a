"""Find out what a file's bytes are, before asking which format they hold."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from trajectories.formats.base import JsonLines, UnreadableTrajectory

Shape = Literal["object", "array", "lines", "text", "zip"]
# Enough lines to tell one JSON Lines format from another.
_LINES_LOOKED_AT = 20
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"


@dataclass(frozen=True)
class Content:
    """A file's parsed content: an object, an array, the first objects of JSON Lines, or text.

    `text` is the whole text of JSON Lines, for `parse_lines`.
    """

    shape: Shape
    value: Any
    text: str = ""


def parse_content(content: bytes) -> Content:
    """Parse the bytes, or raise UnreadableTrajectory for what is nothing to read at all."""
    if content.startswith(b"PK\x03\x04"):
        return Content("zip", None)
    _refuse_containers(content)
    # The original is kept byte for byte: a stray byte must not cost the rest of the run.
    text = content.decode("utf-8-sig", errors="replace")
    if not text.strip():
        raise UnreadableTrajectory("The file is empty.")
    try:
        value = json.loads(text)
    except RecursionError:
        raise UnreadableTrajectory("The JSON in this file is nested too deeply.") from None
    except ValueError as error:
        return _lines_or_text(text, error)
    if isinstance(value, dict):
        return Content("object", value)
    if isinstance(value, list):
        return Content("array", value)
    raise UnreadableTrajectory("The file holds a single JSON value, not a trajectory.")


def _refuse_containers(content: bytes) -> None:
    if content.startswith(b"\x1f\x8b"):
        raise UnreadableTrajectory("The file is gzip-compressed: unpack it first.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableTrajectory("The file is UTF-16: convert it to UTF-8 first.")
    if content.startswith(_LFS_POINTER):
        raise UnreadableTrajectory(
            "The file is a Git LFS pointer, not the file itself: run `git lfs pull` first."
        )


def _lines_or_text(text: str, error: ValueError) -> Content:
    objects = []
    for line in text.split("\n", _LINES_LOOKED_AT * 5)[: _LINES_LOOKED_AT * 5]:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            objects.append(value)
    if objects:
        return Content("lines", objects[:_LINES_LOOKED_AT], text)
    if text.lstrip()[:1] in "{[":
        raise UnreadableTrajectory(f"The file begins like JSON but is broken: {error}.")
    return Content("text", text)


def parse_lines(text: str) -> JsonLines:
    """Parse every line, or raise UnreadableTrajectory with the number of the first broken one."""
    numbered = []
    # Not splitlines: U+2028 and its like may stand inside a JSON string.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            numbered.append((number, json.loads(line)))
        except ValueError as error:
            raise UnreadableTrajectory(f"Line {number} is broken JSON: {error}.") from None
    return JsonLines(tuple(numbered))
