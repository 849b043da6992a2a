"""What a container is created with: the request to the engine, in the words of its API."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from validation.sandbox import layout
from validation.sandbox.docker.images import Image, system_mounts
from validation.sandbox.docker.reaper import EXPIRES, OWNER, SANDBOX, owner
from validation.sandbox.protocol import Command, Limits, Mount, SandboxError

OPEN_FILES = 4096
# The engine's count of CPU time is the one that is told; the kernel's limit stands behind it.
CPU_SLACK_SECONDS = 5
# How much longer than its limit of time a container may be there before anybody removes it.
GRACE_SECONDS = 300
PRIVATE = ("/tmp", "/var/tmp", layout.HOME)
# stderr goes the way of stdout, so that lines stay in order. The shell stays, and holds the stream
# open until the command has ended: a stream that ends before is a broken one.
RUN = 'exec 2>/dev/null; "$@" 2>&1; exit $?'


def creation(command: Command, image: Image, uid: int, accounts: Path, keep_id: bool) -> Any:
    """Return the body of the request that creates the container of a command.

    `accounts` holds the made-up passwd and group; `keep_id`: the engine has a user namespace of
    its own (rootless Podman), in which ids are to be as outside.
    """
    if any("\0" in word for word in (*command.argv, *(mount.target for mount in command.mounts))):
        raise SandboxError("a command with a NUL character cannot be run")
    gid = os.getegid() if uid == os.geteuid() else uid
    limits = command.limits
    values = layout.variables(command, {"PATH": image.search_path or layout.SEARCH_PATH})
    return {
        "Image": image.digest,
        "Entrypoint": ["/bin/sh"],
        "Cmd": ["-c", RUN, "sh", *command.argv],
        "Env": [f"{name}={value}" for name, value in values.items()],
        "User": f"{uid}:{gid}",
        "WorkingDir": command.working_directory,
        "Hostname": "sandbox",
        "Tty": False,
        "OpenStdin": False,
        "AttachStdout": True,
        "AttachStderr": True,
        "Labels": _labels(limits.wall_seconds),
        "HostConfig": {
            "NetworkMode": "bridge" if command.network else "none",
            "CapDrop": ["ALL"],
            # The engine's own seccomp and AppArmor profiles apply since none are named here.
            "SecurityOpt": ["no-new-privileges:true"],
            "Privileged": False,
            "ReadonlyRootfs": True,
            "IpcMode": "private",
            "CgroupnsMode": "private",
            "UsernsMode": "keep-id" if keep_id else "",
            # Reaps, and gives the command the usual answers to signals.
            "Init": True,
            # Else the engine would write everything that is printed to its own disk.
            "LogConfig": {"Type": "none", "Config": {}},
            "RestartPolicy": {"Name": "no"},
            "AutoRemove": False,
            "Mounts": [_bind(mount) for mount in _mounts(command, accounts)],
            **_limits(limits),
        },
    }


def unused() -> Any:
    """Return what a container that is never started is created with, beside its image."""
    return {"Labels": _labels(GRACE_SECONDS), "HostConfig": {"NetworkMode": "none"}}


def _labels(seconds: float) -> dict[str, str]:
    expires = int(time.time() + seconds + GRACE_SECONDS)
    return {SANDBOX: "1", OWNER: owner(), EXPIRES: str(expires)}


def _limits(limits: Limits) -> dict[str, Any]:
    # What is written to the private folders is memory.
    size = min(limits.disk_bytes, limits.memory_bytes // 2)
    cpu = limits.cpu_seconds + CPU_SLACK_SECONDS
    ulimits = {
        # Zero would still feed cores to a host's crash handler, see core(5); one byte does not.
        "core": (1, 1),
        # At the soft limit of CPU time comes a signal that tells why, at the hard one SIGKILL.
        "cpu": (cpu, cpu + 1),
        "fsize": (limits.file_bytes, limits.file_bytes),
        "nofile": (OPEN_FILES, OPEN_FILES),
    }
    return {
        "Memory": limits.memory_bytes,
        "MemorySwap": limits.memory_bytes,
        "PidsLimit": limits.processes,
        "ShmSize": size,
        "Tmpfs": dict.fromkeys(PRIVATE, f"rw,exec,nosuid,nodev,mode=1777,size={size}"),
        "Ulimits": [
            {"Name": name, "Soft": soft, "Hard": hard} for name, (soft, hard) in ulimits.items()
        ],
    }


def _mounts(command: Command, accounts: Path) -> list[Mount]:
    for mount in command.mounts:
        layout.check_mount(mount, command.mounts)
    own = [Mount(accounts / name, f"/etc/{name}") for name in ("passwd", "group")]
    return [*(() if command.image else system_mounts()), *own, *command.mounts]


def _bind(mount: Mount) -> dict[str, Any]:
    return {
        "Type": "bind",
        "Source": str(mount.source.absolute()),
        "Target": mount.target,
        "ReadOnly": not mount.writable,
        "BindOptions": {"Propagation": "rprivate"},
    }
