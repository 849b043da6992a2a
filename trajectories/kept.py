"""Keep on disk what is computed from immutable content, under a size limit, by content.

    kept("symbols-1", (language, blob_id), make, dump=..., load=...)

returns what `make()` returned when it was first asked for these parts. The parts must name all
that the result depends on; what the code itself adds is in the number at the end of the kind,
which is raised when the code's results change.

Entries are files below `kept/` of the data folder: a checksum and compressed JSON. They are
written aside and renamed, so that processes never see half of one; one that cannot be read is
made again. Each of the folder's shards holds its share of the limit: a process that has written
a sixteenth of a share since it last looked removes what has not been used for longest. Nothing
here is truth: the folder may be deleted at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import time
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import orjson
from django.conf import settings

logger = logging.getLogger(__name__)

T = TypeVar("T")

N_SHARDS = 64
_CHECKSUM_BYTES = 16
# A use is noted in the file's time, though not every time: reading should not write.
_NOTED_SECONDS = 600
# What a killed process left behind is older than this.
_ABANDONED_SECONDS = 3600
# What a damaged or foreign entry makes a loader raise.
_UNREADABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, zlib.error)

# Bytes written to each shard by this process since it last looked at the shard's size.
_written: dict[Path, int] = {}


def kept(
    kind: str,
    parts: Iterable[str],
    make: Callable[[], T],
    *,
    dump: Callable[[T], object] = lambda value: value,
    load: Callable[[Any], T] = lambda value: value,
) -> T:
    """Return what `make()` returns, from disk if it was made before.

    `dump` turns it into what JSON can hold (tuples become lists, dataclasses objects); `load`
    turns that back, and raises any of the usual errors for what it cannot read. Raises what
    `make` raises, and keeps nothing then.
    """
    path = _path(kind, parts)
    with contextlib.suppress(OSError, *_UNREADABLE):
        return load(_read(path))
    value = make()
    try:
        _write(path, orjson.dumps(dump(value)))
    except OSError as error:
        logger.warning("%s could not be kept: %s", kind, error)
    return value


def _path(kind: str, parts: Iterable[str]) -> Path:
    name = "\0".join((kind, *parts)).encode("utf-8", "surrogatepass")
    digest = hashlib.sha256(name).hexdigest()
    return folder() / f"{int(digest[:2], 16) % N_SHARDS:02x}" / f"{kind}-{digest[:40]}"


def folder() -> Path:
    return Path(settings.RETRACE_DATA) / "kept"


def _read(path: Path) -> object:
    data = path.read_bytes()
    checksum, body = data[:_CHECKSUM_BYTES], data[_CHECKSUM_BYTES:]
    if _checksum(body) != checksum:
        raise ValueError("The entry is damaged.")
    _note_use(path)
    return orjson.loads(zlib.decompress(body))


def _checksum(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_CHECKSUM_BYTES).digest()


def _note_use(path: Path) -> None:
    # Another process may have removed it meanwhile.
    with contextlib.suppress(OSError):
        if time.time() - path.stat().st_mtime > _NOTED_SECONDS:
            os.utime(path)


def _write(path: Path, content: bytes) -> None:
    body = zlib.compress(content, 1)
    share = settings.RETRACE_KEPT_BYTES // N_SHARDS
    # One entry must not drive out all others.
    if len(body) > share // 4:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{os.getpid()}-{os.urandom(6).hex()}")
    try:
        aside.write_bytes(_checksum(body) + body)
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    _account(path.parent, len(body), share)


def _account(shard: Path, n_bytes: int, share: int) -> None:
    """Hold the shard's share, looking at it only when much was written."""
    _written[shard] = _written.get(shard, share) + n_bytes
    if _written[shard] > share // 16:
        _written[shard] = 0
        _make_room(shard, share)


def _make_room(shard: Path, share: int) -> None:
    """Remove what was not used for longest until nine tenths of the share are left."""
    now = time.time()
    entries = []
    for entry in os.scandir(shard):
        # Other processes remove too.
        with contextlib.suppress(FileNotFoundError):
            status = entry.stat(follow_symlinks=False)
            if not entry.name.startswith("."):
                entries.append((status.st_mtime, status.st_size, entry.path))
            elif now - status.st_mtime > _ABANDONED_SECONDS:
                os.unlink(entry.path)
    n_bytes = sum(size for _, size, _ in entries)
    if n_bytes <= share:
        return
    for _, size, path in sorted(entries):
        if n_bytes <= share * 0.9:
            return
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        n_bytes -= size
