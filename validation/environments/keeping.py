"""Keep what builds leave on the disk within a limit.

What was used longest ago goes first, and nothing goes that somebody uses: a run shares the lock of
its environment for as long as it needs it, and whoever removes an environment must have that lock
alone. So a killed worker keeps nothing from being removed.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import uv

from validation.environments.environment import ABOUT
from validation.environments.locks import NotLocked, at_once, locked
from validation.sandbox import Cancelled, Command, Limits, Mount, Sandbox, remove_tree, trees

BUILDING = ".building-"
CACHE = "/cache"
TOOLS = "/opt/retrace"
SHARED_CACHE = ".wheels"
WHEELS_LOCK = "wheels"
# The part of the limit that wheels may take from environments.
WHEELS_SHARE = 4
CLEAN_LIMITS = Limits(wall_seconds=300.0)

# One empty file for each package in the cache of wheels; its time is that of the last use.
_USED = ".wheels-used"
_KEY = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[-_.]+")


@dataclass(frozen=True)
class Kept:
    """An environment on this machine's disk: when a run last wanted it, and how large it is."""

    key: str
    used_at: float
    size_bytes: int


@contextmanager
def in_use(folder: Path, key: str, cancelled: Cancelled | None = None) -> Iterator[None]:
    """Keep an environment, built already or soon, from being removed. Raises NotLocked."""
    with locked(folder, _use_of(key), cancelled, shared=True):
        yield


def _use_of(key: str) -> str:
    return f"{key}.use"


def kept_environments(folder: Path) -> list[Kept]:
    """Return the environments on this disk, those used longest ago first."""
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        if _KEY.fullmatch(path.name):
            with suppress(FileNotFoundError):  # removed in this moment
                found.append(Kept(path.name, path.stat().st_mtime, size_of(path)))
    return sorted(found, key=lambda kept: (kept.used_at, kept.key))


def size_of(path: Path) -> int:
    """Return how large an environment was when it was built, in bytes; measure it if unknown."""
    try:
        return int(json.loads((path / ABOUT).read_bytes())["size_bytes"])
    except (KeyError, FileNotFoundError):
        return trees.disk_usage(path)


def make_room(folder: Path, limit_bytes: int, sandbox: Sandbox) -> list[str]:
    """Remove wheels, then environments, until what is kept is within the limit.

    Returns the keys of the environments that went. What is in use stays, whatever the limit.
    """
    removed = []
    # One at a time, so that two do not both make the same room.
    with locked(folder, "room"):
        left = limit_bytes - _trim_wheels(folder, limit_bytes // WHEELS_SHARE, sandbox)
        environments = kept_environments(folder)
        size = sum(kept.size_bytes for kept in environments)
        for kept in environments:
            if size <= left:
                break
            if remove_environment(folder, kept.key):
                removed.append(kept.key)
                size -= kept.size_bytes
    return removed


def remove_environment(folder: Path, key: str) -> bool:
    """Remove one environment; return false where it is in use. One that is not there is removed."""
    try:
        with locked(folder, _use_of(key), at_once):
            _remove(folder, key)
    except NotLocked:
        return False
    return True


def _remove(folder: Path, key: str) -> None:
    # Renamed first: nobody may ever find half an environment.
    doomed = Path(tempfile.mkdtemp(prefix=f"{BUILDING}{key}-", dir=folder))
    with suppress(FileNotFoundError):
        (folder / key).rename(doomed / key)
    remove_tree(doomed)


def remove_abandoned_builds(folder: Path) -> None:
    """Remove the folders of builds, and of removals, whose worker was killed."""
    for building in folder.glob(f"{BUILDING}*"):
        key = building.name.removeprefix(BUILDING).rpartition("-")[0]
        # Who cannot have the lock at once finds somebody building, and gives up.
        with suppress(NotLocked), locked(folder, key, at_once):
            remove_tree(building)


def note_wheels(folder: Path, names: list[str]) -> None:
    """Note that packages were taken from the cache of wheels just now. Hold WHEELS_LOCK."""
    used = folder / _USED
    used.mkdir(exist_ok=True)
    for name in names:
        marker = used / _NAME.sub("-", name).lower()
        marker.touch()
        os.utime(marker)


def _trim_wheels(folder: Path, limit_bytes: int, sandbox: Sandbox) -> int:
    """Remove the wheels of packages used longest ago; return how large the cache is then."""
    try:
        with locked(folder, WHEELS_LOCK, at_once):
            return _trimmed(folder, limit_bytes, sandbox)
    except NotLocked:
        # Somebody installs packages, which takes minutes, and makes room when that is done.
        return _cache_size(folder)


def _trimmed(folder: Path, limit_bytes: int, sandbox: Sandbox) -> int:
    cache = folder / SHARED_CACHE
    size = _cache_size(folder)
    by_use = sorted((folder / _USED).glob("*"), key=lambda marker: marker.stat().st_mtime)
    while size > limit_bytes and by_use:
        # A quarter at a time: uv reads its whole cache to remove a package from it.
        some, by_use = by_use[: len(by_use) // 4 + 1], by_use[len(by_use) // 4 + 1 :]
        _clean(cache, [marker.name for marker in some], sandbox)
        for marker in some:
            marker.unlink()
        size = _cache_size(folder)
    if size > limit_bytes:
        remove_tree(cache)
        return 0
    return size


def _cache_size(folder: Path) -> int:
    cache = folder / SHARED_CACHE
    return trees.disk_usage(cache) if cache.is_dir() else 0


def _clean(cache: Path, names: list[str], sandbox: Sandbox) -> None:
    sandbox.run(
        Command(
            argv=(f"{TOOLS}/uv", "cache", "clean", "--no-config", "--", *names),
            mounts=(
                Mount(cache, CACHE, writable=True),
                Mount(Path(uv.find_uv_bin()).resolve(), f"{TOOLS}/uv"),
            ),
            environment={"UV_CACHE_DIR": f"{CACHE}/uv"},
            working_directory="/",
            limits=CLEAN_LIMITS,
        )
    )
