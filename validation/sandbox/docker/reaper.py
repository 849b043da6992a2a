"""Find and remove what a killed worker left: containers live on without whoever started them."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from validation.sandbox.docker.engine import ASKING_SECONDS, connected, speaking
from validation.sandbox.protocol import SandboxError, SandboxUnavailable

logger = logging.getLogger(__name__)

SANDBOX = "retrace.sandbox"
OWNER = "retrace.owner"
EXPIRES = "retrace.expires"
ACCOUNTS = "retrace-accounts-"


def owner() -> str:
    """Name this process so that others of this machine can tell whether it still lives."""
    return f"{_place()}:{os.getpid()}:{_started(os.getpid())}"


def accounts_prefix() -> str:
    """Return how the name of this process's folders of made-up accounts begins."""
    return f"{ACCOUNTS}{os.getpid()}-"


def reap() -> int:
    """Remove the containers and folders that nobody looks after; return how many containers."""
    _remove_folders()
    try:
        with connected(ASKING_SECONDS) as client:
            found = client.containers(all=True, filters={"label": f"{SANDBOX}=1"})
            gone = [item["Id"] for item in found if _abandoned(item.get("Labels") or {})]
            for container in gone:
                remove(client, container)
    except SandboxUnavailable:
        return 0
    except SandboxError as error:
        logger.warning("Abandoned containers could not be looked for: %s", error)
        return 0
    return len(gone)


def remove(client: Any, container: str) -> None:
    """Kill a container and remove it; one that is gone is no error."""
    import docker.errors

    with speaking():
        try:
            client.remove_container(container, force=True, v=True)
        except docker.errors.APIError as error:
            # Gone, or another process is just removing it.
            if error.status_code not in (404, 409):
                raise


def _abandoned(labels: dict[str, str]) -> bool:
    expires = labels.get(EXPIRES, "")
    if not expires.isdecimal() or int(expires) < time.time():
        return True
    place, _, process = labels.get(OWNER, "").rpartition(":")[0].rpartition(":")
    # Processes of another machine or container cannot be seen from here: they have their time.
    if place != _place() or not process.isdecimal():
        return False
    return _started(int(process)) != labels[OWNER].rpartition(":")[2]


def _place() -> str:
    """Name where process ids mean something: this start of the machine, this PID namespace."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}/{os.readlink('/proc/self/ns/pid')}"


def _started(pid: int) -> str:
    """Return when a process began, in the kernel's ticks since its start; empty if it is gone.

    Not in seconds of the day: a clock that is set would let a live process look like another.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in (b"Z", b"X") else fields[19].decode()


def _remove_folders() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{ACCOUNTS}*-*"):
        pid = folder.name.removeprefix(ACCOUNTS).partition("-")[0]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)
