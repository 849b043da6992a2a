"""Unpack what an engine hands out of an image: a tar file that nobody vouches for."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO

from validation.sandbox import trees
from validation.sandbox.protocol import GIBIBYTE, SandboxError

MOST_BYTES = 10 * GIBIBYTE
MOST_ENTRIES = 1_000_000


def unpack(chunks: Iterator[bytes], folder: Path, wanted: Callable[[str], bool]) -> None:
    """Write what is wanted below the archive's only folder to a folder that is empty.

    Nothing is written outside of it or through a link, devices and the like are left out. (Not by
    tarfile's filters: Python 3.11 has them from 3.11.4 on, and Debian 12 is older.)
    """
    total = 0
    try:
        with tarfile.open(fileobj=io.BufferedReader(_Chunks(chunks)), mode="r|") as tar:
            for number, member in enumerate(tar):
                total += member.size
                if total > MOST_BYTES or number > MOST_ENTRIES:
                    raise SandboxError(f"what the image has at /{member.name} is too large")
                _write(tar, member, folder, wanted)
    except tarfile.TarError as error:
        raise SandboxError(f"the engine's archive cannot be read: {error}") from error


def _write(
    tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path, wanted: Callable[[str], bool]
) -> None:
    path = _below(member.name)
    if not path or not wanted(path):
        return
    *above, name = path.split("/")
    with ExitStack() as stack, suppress(FileExistsError):
        parent = trees.open_below(stack, folder, above, make=True)
        if parent is None:  # a link stands in the way
            return
        if member.isdir():
            os.mkdir(name, 0o755, dir_fd=parent)
        elif member.issym():
            # Led to something in the image, and does again in a container; nobody follows it here.
            os.symlink(member.linkname, name, dir_fd=parent)
        elif member.isreg():
            _write_file(tar.extractfile(member), parent, name, member.mode)
        elif member.islnk():
            _write_file(_opened(stack, folder, member.linkname), parent, name, member.mode)


def _below(name: str) -> str:
    """Return a path of the archive without the archive's only folder; empty if it leads outside."""
    parts = [part for part in name.split("/") if part not in ("", ".")][1:]
    return "" if ".." in parts or "\0" in name else "/".join(parts)


def _opened(stack: ExitStack, folder: Path, name: str) -> IO[bytes] | None:
    """Open what a hard link of the archive names, if it was written and is a file."""
    path = _below(name)
    *above, last = path.split("/")
    parent = trees.open_below(stack, folder, above, make=False) if path else None
    if parent is None:
        return None
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        return stack.enter_context(os.fdopen(os.open(last, flags, dir_fd=parent), "rb"))
    except OSError:
        return None


def _write_file(content: IO[bytes] | None, parent: int, name: str, mode: int) -> None:
    if content is None:
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    allowed = 0o755 if mode & 0o100 else 0o644
    with os.fdopen(os.open(name, flags, allowed, dir_fd=parent), "wb") as writing:
        shutil.copyfileobj(content, writing)


class _Chunks(io.RawIOBase):
    """A stream of chunks as a file."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = chunk
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
