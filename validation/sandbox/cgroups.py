"""Control groups, version 1 or 2, behind one class; None where this process may make none.

A command's group bounds memory and number of processes of everything the command starts, and
counts what it used. Where only one of the controllers can be had, the caller's rlimits stand in
for the other.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from validation.sandbox.protocol import Limits

PREFIX = "retrace-"
# bubblewrap's own processes live in the group too.
OWN_PROCESSES = 3
REMOVAL_SECONDS = 10.0
ABANDONED_TRIES = 20
_numbers = itertools.count()


@dataclass(slots=True)
class ControlGroup:
    """The group of one command: one folder (version 2) or one per controller (version 1)."""

    folders: list[Path] = field(default_factory=list)
    memory: Path | None = None
    processes: Path | None = None
    cpu: Path | None = None
    version: int = 1

    @property
    def bounds_memory(self) -> bool:
        """Tell whether the group limits memory."""
        return self.memory is not None

    @property
    def bounds_processes(self) -> bool:
        """Tell whether the group limits the number of processes."""
        return self.processes is not None

    def out_of_memory(self) -> bool:
        """Tell whether the kernel had to end a process for want of memory."""
        name = "memory.events" if self.version == 2 else "memory.oom_control"
        return self.memory is not None and _table(self.memory / name).get("oom_kill", 0) > 0

    def refused_processes(self) -> bool:
        """Tell whether a fork was refused."""
        return (
            self.processes is not None and _table(self.processes / "pids.events").get("max", 0) > 0
        )

    def cpu_seconds(self) -> float | None:
        """Return the processor time used so far."""
        if self.cpu is None:
            return None
        if self.version == 2:
            return _table(self.cpu / "cpu.stat").get("usage_usec", 0) / 1e6
        return _number(self.cpu / "cpuacct.usage") / 1e9

    def peak_memory_bytes(self) -> int | None:
        """Return the most memory that was in use at one time."""
        if self.memory is None:
            return None
        name = "memory.peak" if self.version == 2 else "memory.max_usage_in_bytes"
        return _number(self.memory / name) or None

    def kill(self) -> None:
        """Kill every process of the group."""
        for folder in self.folders:
            for pid in _processes(folder):
                with suppress(ProcessLookupError):
                    os.kill(pid, 9)

    def remove(self) -> None:
        """Kill what is left and remove the group."""
        deadline = time.monotonic() + REMOVAL_SECONDS
        for folder in self.folders:
            # A killed process leaves its group only when the kernel is done with it.
            while not _removed(folder) and time.monotonic() < deadline:
                self.kill()
                time.sleep(0.005)


def create(limits: Limits) -> ControlGroup | None:
    """Make a group with these limits, or return None where that is not allowed."""
    for folder in _abandoned():
        # Only what is empty: the sweeper takes its time for the rest.
        _removed(folder)
    pid = os.getpid()
    name = f"{PREFIX}{pid}-{next(_numbers)}-{_start_of(pid)}"
    mounted = _mounted()
    version_2 = mounted.pop("", None)
    group = ControlGroup()
    for controller in ("memory", "pids", "cpuacct"):
        for parent in mounted.get(controller, ()):
            if _add_version_1(group, controller, parent, name, limits):
                break
    if not group.folders and version_2 is not None:
        for parent in version_2:
            if _add_version_2(group, parent, name, limits):
                break
    return group if group.folders else None


def remove_abandoned() -> int:
    """Remove the groups of workers that are gone, with what still runs in them; return how many."""
    removed = 0
    for folder in _abandoned():
        group = ControlGroup(folders=[folder])
        for _ in range(ABANDONED_TRIES):
            group.kill()
            if _removed(folder):
                removed += 1
                break
            time.sleep(0.05)
    return removed


def _abandoned() -> Iterator[Path]:
    """Yield the groups of workers that are gone: a killed worker cannot remove them.

    Its process id may be another's by now, so the time of its start counts.
    """
    for parent in {parent for parents in _mounted().values() for parent in parents}:
        for folder in parent.glob(f"{PREFIX}*-*"):
            pid, _, rest = folder.name.removeprefix(PREFIX).partition("-")
            made_by = rest.partition("-")[2]
            if pid.isdecimal():
                alive = _start_of(int(pid))
                if not alive or (made_by and made_by != alive):
                    yield folder


def _start_of(pid: int) -> str:
    """Return when a process was started, in the kernel's ticks, or nothing where none lives."""
    try:
        text = Path("/proc", str(pid), "stat").read_text()
    except OSError:
        return ""
    # "17 (a name with ) in it) S 1 ...": the name is the only field that may hold a bracket.
    state, *fields = text.rpartition(")")[2].split()
    return "" if state == "Z" else fields[18]


def _add_version_1(
    group: ControlGroup, controller: str, parent: Path, name: str, limits: Limits
) -> bool:
    folder = _made(parent / name)
    if folder is None:
        return False
    try:
        if controller == "memory":
            _write(folder / "memory.limit_in_bytes", limits.memory_bytes)
            if (folder / "memory.memsw.limit_in_bytes").exists():
                _write(folder / "memory.memsw.limit_in_bytes", limits.memory_bytes)
            group.memory = folder
        elif controller == "pids":
            _write(folder / "pids.max", limits.processes + OWN_PROCESSES)
            group.processes = folder
        else:
            group.cpu = folder
    except OSError:
        _removed(folder)
        return False
    group.folders.append(folder)
    return True


def _add_version_2(group: ControlGroup, parent: Path, name: str, limits: Limits) -> bool:
    # Moving a process needs the right to write to the group above both places.
    if not os.access(parent / "cgroup.procs", os.W_OK):
        return False
    # Refused where the parent holds processes or does not have the controllers itself.
    with suppress(OSError):
        (parent / "cgroup.subtree_control").write_text("+memory +pids")
    folder = _made(parent / name)
    if folder is None:
        return False
    try:
        _write(folder / "memory.max", limits.memory_bytes)
        _write(folder / "pids.max", limits.processes + OWN_PROCESSES)
    except OSError:
        _removed(folder)
        return False
    with suppress(OSError):
        _write(folder / "memory.swap.max", 0)
    group.version = 2
    group.memory = group.processes = group.cpu = folder
    group.folders.append(folder)
    return True


def _mounted() -> dict[str, list[Path]]:
    """Return the folders a group may be made in, best first, by controller ("": version 2)."""
    own = dict(_own_groups())
    found: dict[str, list[Path]] = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        # 35 24 0:29 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
        before, _, after = line.partition(" - ")
        mount_point = Path(before.split()[4])
        kind, _, options = after.split(maxsplit=2)
        if kind == "cgroup":
            for controller in set(options.split(",")) & own.keys():
                found[controller] = _parents(mount_point, own[controller])
        elif kind == "cgroup2" and "" in own:
            found[""] = _parents(mount_point, own[""])
    return found


def _own_groups() -> Iterator[tuple[str, str]]:
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        # 4:memory:/user.slice  (version 1)   0::/user.slice  (version 2)
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            yield controller, path


def _parents(mount_point: Path, own: str) -> list[Path]:
    """Return this process's group and the one above (version 2 allows no children beside it)."""
    folder = mount_point / own.lstrip("/")
    if ".." in folder.parts or not folder.is_dir():
        return [mount_point]
    return [folder] if folder == mount_point else [folder, folder.parent]


def _made(folder: Path) -> Path | None:
    try:
        folder.mkdir()
    except OSError:
        return None
    return folder


def _removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _processes(folder: Path) -> list[int]:
    with suppress(OSError):
        found = (int(pid) for pid in (folder / "cgroup.procs").read_text().split())
        # A process of another container shows as 0, which as a target means our own group.
        return [pid for pid in found if pid > 0]
    return []


def _write(path: Path, value: int) -> None:
    path.write_text(str(value))


def _number(path: Path) -> int:
    with suppress(OSError, ValueError):
        return int(path.read_text())
    return 0


def _table(path: Path) -> dict[str, int]:
    with suppress(OSError):
        pairs = (line.split() for line in path.read_text().splitlines())
        return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdecimal()}
    return {}
