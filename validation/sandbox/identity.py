"""The id a sandboxed command runs as.

An ordinary worker's commands run as the worker's own user, in a user namespace without rights.
A worker that is root gives each of its commands an id that no account of the host has, one for
each command at a time: the kernel counts processes, keys and watches by user, and two commands
must not use up each other's.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534
# Above every id that accounts, systemd and subordinate ranges use, below 2**31.
FIRST = 0x70000000
SLOTS = 16
# One more than the largest process id Linux has (PID_MAX_LIMIT).
LAST = FIRST + 2**22 * SLOTS - 1

_free_slots = set(range(SLOTS))
_slot_freed = threading.Condition()


def is_root() -> bool:
    """Tell whether this worker runs as root."""
    return os.geteuid() == 0


@contextmanager
def borrowed_id() -> Iterator[int]:
    """Lend the id that the next command runs as."""
    if not is_root():
        yield os.geteuid()
        return
    with _slot_freed:
        _slot_freed.wait_for(lambda: _free_slots)
        slot = _free_slots.pop()
    try:
        # A container may have few ids (rootless engines map 65536): then all share nobody's.
        yield FIRST + os.getpid() * SLOTS + slot if _is_mapped(LAST) else NOBODY
    finally:
        with _slot_freed:
            _free_slots.add(slot)
            _slot_freed.notify()


def _is_mapped(uid: int) -> bool:
    ranges = (line.split() for line in Path("/proc/self/uid_map").read_text().splitlines())
    return any(int(first) <= uid < int(first) + int(count) for first, _, count in ranges)
