"""Find the files that a load is asked to read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """A file to read, and the name it is reported by."""

    path: Path
    label: str
    refusal: str = ""


def find_sources(paths: Iterable[Path]) -> Iterator[Source]:
    """Return each file that is named and each file below a folder that is named, in order."""
    for path in paths:
        if path.is_dir():
            yield from _walk(path)
        else:
            yield Source(path, str(path))


def _walk(folder: Path) -> Iterator[Source]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        yield Source(folder, str(folder), f"Cannot be read: {error.strerror}.")
        return
    for entry in entries:
        if entry.name.startswith("."):
            yield Source(entry, str(entry), "Hidden; name it directly if it is meant.")
        elif entry.is_dir() and not entry.is_symlink():
            yield from _walk(entry)
        elif not entry.is_dir():
            yield Source(entry, str(entry))
