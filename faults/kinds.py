"""The faults: each is done once and says in a few words what it did."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from annotator.config.embedded import PostgresServer, RedisServer
from faults.workers import Workers, kill_group

DISK_MEGABYTES = 96
_FULL_SECONDS = 1.5
# How long a fault waits for something that it can break.
_WAIT_SECONDS = 10.0


@dataclass(frozen=True)
class Ground:
    """What there is to break. `disk` is the small file system of working trees, if there is one."""

    rng: random.Random
    workers: Workers
    postgres: PostgresServer
    redis: RedisServer
    disk: Path | None


def kill_worker(ground: Ground) -> str:
    """Kill a worker and all that it runs."""
    pids = ground.workers.pids()
    if not pids:
        return "no worker was alive"
    pid = ground.rng.choice(pids)
    kill_group(pid)
    return f"worker {pid} and its session"


def kill_run_process(ground: Ground) -> str:
    """Kill the process of a worker in which runs are executed."""
    return _kill(ground, lambda process: "celery" in " ".join(process.cmdline()))


def kill_sandbox(ground: Ground) -> str:
    """Kill what holds a sandbox, or something within."""
    return _kill(ground, _is_of_sandbox)


def kill_grading(ground: Ground) -> str:
    """Kill the process that reads logs."""
    return _kill(ground, lambda process: "validation.grading" in " ".join(process.cmdline()))


def restart_redis(ground: Ground) -> str:
    ground.redis.stop()
    ground.redis.start()
    return "restarted"


def restart_postgres(ground: Ground) -> str:
    ground.postgres.stop()
    ground.postgres.start()
    return "restarted"


def fill_disk(ground: Ground) -> str:
    """Leave no room where working trees are, for a moment."""
    if ground.disk is None:
        return "left out: mounting a small file system needs root"
    filler = ground.disk / "filler"
    with suppress(OSError), filler.open("wb") as file:
        while True:
            file.write(bytes(1 << 20))
    time.sleep(_FULL_SECONDS)
    filler.unlink(missing_ok=True)
    return f"full for {_FULL_SECONDS} s"


KINDS: dict[str, Callable[[Ground], str]] = {
    "worker killed": kill_worker,
    "run process killed": kill_run_process,
    "sandbox killed": kill_sandbox,
    "grading process killed": kill_grading,
    "Redis restarted": restart_redis,
    "PostgreSQL restarted": restart_postgres,
    "disk full": fill_disk,
}


def mount_disk(folder: Path) -> Path | None:
    """Mount a small file system of its own at a folder; None where that is not allowed."""
    folder.mkdir(parents=True, exist_ok=True)
    size = f"size={DISK_MEGABYTES}m,mode=0755"
    command = ["mount", "-t", "tmpfs", "-o", size, "retrace-faults", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, check=False).returncode != 0:
        return None
    return folder


def unmount_disk(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _kill(ground: Ground, wanted: Callable[[psutil.Process], bool]) -> str:
    """Kill one of the processes that are wanted, as soon as there is one."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        chosen = [process for process in ground.workers.below() if _is(process, wanted)]
        if chosen:
            victim = ground.rng.choice(chosen)
            with suppress(psutil.Error):
                name = victim.name()
                victim.kill()
                return f"{name} {victim.pid}"
        time.sleep(0.02)
    return f"there was none for {_WAIT_SECONDS} s"


def _is(process: psutil.Process, wanted: Callable[[psutil.Process], bool]) -> bool:
    try:
        return wanted(process)
    except psutil.Error:
        return False


def _is_of_sandbox(process: psutil.Process) -> bool:
    return "bwrap" in {process.name(), *(parent.name() for parent in process.parents())}
