"""Unpack what an engine hands out of an image: a tar file that nobody vouches for."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

from validation.sandbox.protocol import GIBIBYTE, SandboxError

MOST_BYTES = 10 * GIBIBYTE
MOST_ENTRIES = 1_000_000


def unpack(chunks: Iterator[bytes], folder: Path, wanted: Callable[[str], bool]) -> None:
    """Write what is wanted below the archive's only folder to a folder that is empty.

    Nothing is written outside of it: links that lead there, devices and the like are left out.
    """
    total = 0
    try:
        with tarfile.open(fileobj=io.BufferedReader(_Chunks(chunks)), mode="r|") as tar:
            for number, member in enumerate(tar):
                total += member.size
                if total > MOST_BYTES or number > MOST_ENTRIES:
                    raise SandboxError(f"what the image has at /{member.name} is too large")
                _write(tar, member, folder, wanted)
    except tarfile.ReadError as error:
        raise SandboxError(f"the engine's archive cannot be read: {error}") from error


def _write(
    tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path, wanted: Callable[[str], bool]
) -> None:
    _, _, path = member.name.removeprefix("./").partition("/")
    if not path or not wanted(path):
        return
    if member.islnk():
        _, _, target = member.linkname.removeprefix("./").partition("/")
        member = member.replace(name=path, linkname=target, deep=False)
    else:
        member = member.replace(name=path, deep=False)
    try:
        tar.extract(member, folder, set_attrs=True, filter="data")
    except (tarfile.FilterError, tarfile.ExtractError, KeyError, OSError):
        # Devices, links to elsewhere, a link to what was not wanted, a file below a file.
        return


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
