"""What a run printed beyond what its row keeps: files of the data folder, named by their content.

A file that no run names is removed by the workers, once it is an hour old.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import time
from collections.abc import Container
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from validation.sandbox.protocol import MEBIBYTE

FOLDER = "run-logs"
LIMIT_BYTES = 64 * MEBIBYTE
PAGE_BYTES = 256 * 1024
# A page ends with a line, unless lines are longer than this.
LINE_BYTES = 8 * 1024
YOUNG_SECONDS = 3600.0
CUT = b"\n[... the output goes on, but only its first %d bytes are kept ...]\n"
_NAME = re.compile(r"[0-9a-f]{64}\.log")


class WholeLog:
    """Writes an output down as it comes. A disk that is full costs the file, never the run."""

    def __init__(self, path: Path, limit: int = LIMIT_BYTES) -> None:
        self._path = path
        self._room = self._limit = limit
        self._digest = hashlib.sha256()
        self._file: BinaryIO | None = None
        self.printed = 0

    def __enter__(self) -> Self:
        with suppress(OSError):
            self._file = self._path.open("xb")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def add(self, chunk: bytes) -> None:
        """Take the next bytes of the output."""
        self.printed += len(chunk)
        kept = chunk[: self._room]
        if kept:
            self._write(kept)
            self._room -= len(kept)
            if not self._room:
                self._write(CUT % self._limit)

    def keep(self, data: Path) -> str:
        """Move what was written to its place in the data folder; return its name, or nothing."""
        if self._file is None:
            return ""
        folder, name = data / FOLDER, f"{self._digest.hexdigest()}.log"
        try:
            self._file.flush()
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Replacing one of the same content makes it young again, so that nobody removes it.
            _move(self._path, folder / name)
        except OSError:
            return ""
        finally:
            self._close()
        return name

    def _write(self, content: bytes) -> None:
        if self._file is not None:
            try:
                self._file.write(content)
                self._digest.update(content)
            except OSError:
                self._close()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                file.close()


def _move(source: Path, target: Path) -> None:
    """Move a file in one step, also from a working folder that is a file system of its own."""
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # Should the copy break off, it is an old file that nobody names some time.
        copy = target.with_suffix(f".copy-{os.getpid()}")
        shutil.copyfile(source, copy)
        copy.replace(target)
        source.unlink()


@dataclass(frozen=True)
class LogPage:
    """A part of a whole output: its text, and the bytes it takes, first included, last not."""

    number: int
    n_pages: int
    text: str
    first: int
    last: int
    size: int


def path_of(data: Path, name: str) -> Path | None:
    """Return where a whole output lies, or None where it is not on this machine."""
    path = data / FOLDER / name
    return path if _NAME.fullmatch(name) and path.is_file() else None


def read_page(path: Path, number: int) -> LogPage:
    """Return a page, 1-based, the last one where there are fewer. Together pages are the file."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        n_pages = max(1, -(-size // PAGE_BYTES))
        chosen = min(max(1, number), n_pages)
        first = _boundary(file, (chosen - 1) * PAGE_BYTES)
        last = size if chosen == n_pages else _boundary(file, chosen * PAGE_BYTES)
        file.seek(first)
        text = file.read(last - first).decode("utf-8", "replace")
    return LogPage(chosen, n_pages, text, first, last, size)


def _boundary(file: BinaryIO, offset: int) -> int:
    """Return where the first line begins at or after an offset, or the offset in a long line."""
    if offset == 0:
        return 0
    file.seek(offset - 1)
    found = file.read(LINE_BYTES).find(b"\n")
    return offset + found if found >= 0 else offset


def remove_unnamed(data: Path, named: Container[str], *, older: float = YOUNG_SECONDS) -> int:
    """Remove the files that no run names and that are not young; return how many.

    A file is renamed before it is looked at: one that a run has just put in its place is young.
    """
    folder, n_removed = data / FOLDER, 0
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name in named or not _is_old(path, older):
            continue
        doomed = path.with_suffix(f".removed-{os.getpid()}")
        with suppress(FileNotFoundError):
            path.rename(doomed)
            if _NAME.fullmatch(path.name) and not _is_old(doomed, older):
                doomed.rename(path)
            else:
                doomed.unlink()
                n_removed += 1
    return n_removed


def _is_old(path: Path, seconds: float) -> bool:
    try:
        return time.time() - path.stat().st_mtime > seconds
    except FileNotFoundError:
        return False
