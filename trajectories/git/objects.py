"""Read objects through GitPython's persistent `cat-file`."""

from __future__ import annotations

import os
import threading
import weakref
from collections import OrderedDict
from pathlib import Path
from typing import NamedTuple

from git import Git

from trajectories.git.errors import ObjectMissing
from trajectories.git.names import check_object_id, check_path, check_ref
from trajectories.git.process import git_environment

# Mirrors whose `cat-file` a process keeps open: each costs two processes and six pipes.
MOST_OPEN = 16


class GitObject(NamedTuple):
    id: str
    kind: str
    data: bytes


class ObjectReader:
    """Reads objects of one mirror; safe with threads and after a fork.

    GitPython's `cat-file` is one pipe, which two threads or two processes must not share.
    """

    def __init__(self, git_dir: Path) -> None:
        self._git_dir = git_dir
        self._lock = threading.Lock()
        self._git: Git | None = None
        self._pid = 0

    def read(self, name: str) -> GitObject:
        """Return the object with the full id `name`; raise ObjectMissing."""
        check_object_id(name)
        with self._lock:
            try:
                found = self._process().get_object_data(name)
            except ValueError as error:
                raise ObjectMissing(f"{name} is not in the repository.") from error
        return GitObject(_text(found[0]), _text(found[1]), found[3])

    def header(self, name: str) -> tuple[str, str, int]:
        """Return (id, kind, size in bytes) without the content; raise ObjectMissing."""
        check_object_id(name)
        return self._header(name)

    def header_at(self, tree: str, path: str) -> tuple[str, str, int]:
        """Return the header of what stands at a path of a tree; raise ObjectMissing.

        The path must be one line of UTF-8: `is_plain` tells.
        """
        check_object_id(tree)
        return self._header(f"{tree}:{check_path(path)}")

    def header_of_ref(self, ref: str) -> tuple[str, str, int]:
        """Return the header of what a full ref points at; raise ObjectMissing."""
        return self._header(check_ref(ref))

    def _header(self, name: str) -> tuple[str, str, int]:
        with self._lock:
            try:
                object_id, kind, size = self._process().get_object_header(name)
            except ValueError as error:
                raise ObjectMissing(f"{name} is not in the repository.") from error
        return _text(object_id), _text(kind), size

    def _process(self) -> Git:
        """Return the open `cat-file`; `_lock` is held."""
        if self._git is None or self._pid != os.getpid():
            self._git = Git(str(self._git_dir))
            self._git.update_environment(**git_environment(), GIT_DIR=str(self._git_dir))
            self._pid = os.getpid()
        _keep_open(self)
        return self._git

    def close_if_idle(self) -> bool:
        """End the `cat-file` until it is needed again; False where a thread just uses it."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            # After a fork the processes are the parent's, and stay with it.
            if self._git is not None and self._pid == os.getpid():
                self._git.clear_cache()
                self._git = None
        finally:
            self._lock.release()
        return True


_open: OrderedDict[int, weakref.ref[ObjectReader]] = OrderedDict()
_open_lock = threading.Lock()


def _keep_open(reader: ObjectReader) -> None:
    """Count a reader as the one used last; of too many, the one unused longest closes."""
    with _open_lock:
        _open[id(reader)] = weakref.ref(reader)
        _open.move_to_end(id(reader))
        for key, kept in list(_open.items())[:-MOST_OPEN]:
            oldest = kept()
            if oldest is None or oldest.close_if_idle():
                del _open[key]


def is_plain(path: str) -> bool:
    """Tell whether the line-by-line `cat-file` can be asked for this path."""
    return "\n" not in path and not any("\ud800" <= char <= "\udfff" for char in path)


def _text(value: str | bytes) -> str:
    return value.decode("ascii") if isinstance(value, bytes) else value
