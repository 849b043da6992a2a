"""Locks among all workers of a machine; each dies with the process that holds it."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from validation.sandbox import Cancelled

LOCKS = ".locks"
LOCK_SECONDS = 0.2


class NotLocked(Exception):
    """Tell that a lock was not to be had before whoever wanted it gave up."""


@contextmanager
def locked(
    folder: Path, name: str, cancelled: Cancelled | None = None, *, shared: bool = False
) -> Iterator[None]:
    """Hold a lock, alone or with others who share it; wait for it until cancelled."""
    (folder / LOCKS).mkdir(parents=True, exist_ok=True)
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    with open(folder / LOCKS / name, "ab") as file:
        while True:
            try:
                fcntl.flock(file, kind | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if cancelled is not None and cancelled():
                    raise NotLocked(name) from None
                time.sleep(LOCK_SECONDS)
        yield


def at_once() -> bool:
    """Give up instead of waiting."""
    return True
