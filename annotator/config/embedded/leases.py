"""Count the processes that use the embedded servers: the first starts them, the last stops them."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil

from annotator.config.embedded.folder import DataFolder
from annotator.config.embedded.server import Server, is_alive


@contextmanager
def hold(folder: DataFolder, servers: Sequence[Server]) -> Iterator[None]:
    """Keep `servers` running while the body runs.

    A lease is a file named after the process and its start time, so that one left behind by a
    killed process, or by another process that now has its id, is recognised and pruned.
    """
    with _locked(folder):
        _prune(folder)
        for server in servers:
            if not server.is_running():
                server.start()
        lease = folder.leases / _lease_name()
        count = _count(lease)
        lease.write_text(str(count + 1))
    try:
        yield
    finally:
        with _locked(folder):
            count = _count(lease) - 1
            if count:
                lease.write_text(str(count))
            else:
                lease.unlink(missing_ok=True)
            _prune(folder)
            if not any(folder.leases.iterdir()):
                for server in reversed(servers):
                    server.stop()


@contextmanager
def _locked(folder: DataFolder) -> Iterator[None]:
    with (folder.run / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _lease_name() -> str:
    process = psutil.Process(os.getpid())
    return f"{process.pid}-{process.create_time()}"


def _count(lease: Path) -> int:
    """Return how often this process holds the servers: a command may call another one."""
    return int(lease.read_text()) if lease.exists() else 0


def _prune(folder: DataFolder) -> None:
    for lease in folder.leases.iterdir():
        if not _is_held(lease.name):
            lease.unlink(missing_ok=True)


def _is_held(name: str) -> bool:
    pid, _, created = name.partition("-")
    try:
        process = psutil.Process(int(pid))
        return f"{process.create_time()}" == created and is_alive(process)
    except (psutil.Error, ValueError):
        return False
