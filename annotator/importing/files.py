"""Files of annotations: a zip or the lines of an export, one line of it, or bare content."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trajectories.text import storable_json

# What export calls the file within its zip.
LINES = "annotations.jsonl"
# A line of a very long annotation has some hundred kilobytes.
MOST_LINE_BYTES = 64 * 1024 * 1024


class BadFile(Exception):
    """A file, or an item of it, cannot be read; the message says what, where and what to do."""


@dataclass(frozen=True)
class Item:
    """One annotation of a file. `place` names file and line for messages.

    `line` is what stands around the content in an export; empty for bare content.
    """

    place: str
    content: Mapping[str, Any]
    line: Mapping[str, Any] = field(default_factory=dict)


def read_items(path: Path) -> Iterator[Item | BadFile]:
    """Yield the annotations of a file in its order, and for each that is none what is wrong.

    Raise BadFile where the file itself cannot be read, or holds none.
    """
    is_empty = True
    for item in _read(path):
        is_empty = False
        yield item
    if is_empty:
        raise BadFile(f"{path} holds no annotation.")


def _read(path: Path) -> Iterator[Item | BadFile]:
    try:
        if zipfile.is_zipfile(path):
            yield from _of_zip(path)
        elif path.suffix == ".json":
            yield from _of_document(path.name, path.read_bytes())
        else:
            with path.open("rb") as lines:
                yield from _of_lines(path.name, lines)
    except (OSError, zipfile.BadZipFile) as error:
        raise BadFile(f"{path} cannot be read: {error}.") from error


def _of_zip(path: Path) -> Iterator[Item | BadFile]:
    with zipfile.ZipFile(path) as packed:
        names = [name for name in packed.namelist() if name.rpartition("/")[2] == LINES]
        if len(names) != 1:
            raise BadFile(f"{path} holds no {LINES}; give the zip that export wrote.")
        with packed.open(names[0]) as lines:
            yield from _of_lines(f"{path.name}/{LINES}", lines)


def _of_lines(name: str, lines: Any) -> Iterator[Item | BadFile]:
    for number, raw in enumerate(iter(lambda: lines.readline(MOST_LINE_BYTES + 1), b""), start=1):
        place = f"{name}, line {number}"
        if len(raw) > MOST_LINE_BYTES:
            yield BadFile(f"{place}, is longer than {MOST_LINE_BYTES >> 20} MB.")
            return
        if raw.strip():
            yield from _items(place, raw)


def _of_document(name: str, raw: bytes) -> Iterator[Item | BadFile]:
    """Read a JSON document: a line, a list of lines, content; or lines after all."""
    try:
        json.loads(raw)
    except (ValueError, RecursionError):
        yield from _of_lines(name, io.BytesIO(raw))
    else:
        yield from _items(name, raw)


def _items(place: str, raw: bytes) -> Iterator[Item | BadFile]:
    try:
        found = storable_json(json.loads(raw))
    except (ValueError, RecursionError) as error:
        yield BadFile(f"{place}, is no JSON: {error}.")
        return
    rows = found if isinstance(found, list) else [found]
    for number, row in enumerate(rows, start=1):
        yield _item(f"{place}, item {number}" if isinstance(found, list) else place, row)


def _item(place: str, row: Any) -> Item | BadFile:
    if not isinstance(row, dict):
        return BadFile(f"{place}, is no annotation: an object is expected.")
    if "annotation" not in row:
        return Item(place, row)
    around = row["annotation"]
    content = around.get("content") if isinstance(around, dict) else None
    if not isinstance(content, dict):
        return BadFile(f"{place}, has no annotation.content; give what export wrote.")
    return Item(place, content, row)
