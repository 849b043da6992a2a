"""The sandbox for one machine: bubblewrap, without a container engine.

A worker that is an ordinary user gets a user namespace, in which the command has no rights. A
worker that is root makes the mounts as root (a base interpreter may lie in a folder closed to
everybody else), then drops inside to an id without groups, capabilities or a way to get any:
bubblewrap's own --uid would leave the process host root for file permissions and limits.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path

from validation.sandbox import cgroups, identity, layout, seccomp, trees
from validation.sandbox.protocol import (
    Cancelled,
    Command,
    Limits,
    OnOutput,
    Result,
    SandboxError,
    SandboxUnavailable,
)
from validation.sandbox.supervisor import Streams, Supervisor

NAMESPACES = ("--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try")
# What dropping to another id needs; none of it reaches the command.
DROP_CAPABILITIES = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP")
NEEDED = ("bwrap", "setpriv", "prlimit")
# Enters the control groups it is given, then becomes the command after "--". The files are
# written by the process itself: nothing of it ever ran outside.
ENTER_GROUPS = (
    'while [ "$1" != -- ]; do echo 0 > "$1/cgroup.procs" || exit 125; shift; done; shift; exec "$@"'
)
OPEN_FILES = 4096
CPU_SLACK_SECONDS = 5
# What keeps a container from making namespaces, mounts and a /proc of its own, and what a root
# without all its capabilities lacks.
CONFINEMENTS = ("seccomp", "apparmor", "systempaths")
ROOT_CAPABILITIES = ("SYS_ADMIN", "NET_ADMIN")
NO_IMAGES = "bubblewrap runs no container images: they need an engine (RETRACE_SANDBOX=docker)."
PROBE_LIMITS = Limits(wall_seconds=20, cpu_seconds=20, disk_bytes=1024**2)


class Bubblewrap:
    """Commands in bubblewrap."""

    name = "bubblewrap"
    runs_images = False

    def __init__(self) -> None:
        self.worked_before = False

    def unavailable(self) -> str | None:
        """Say why bubblewrap cannot be used here and how to mend it, or None if it can."""
        if self.worked_before:
            return None
        reason = _missing() or self._refused()
        self.worked_before = reason is None
        return reason

    def run(
        self,
        command: Command,
        *,
        on_output: OnOutput | None = None,
        cancelled: Cancelled | None = None,
    ) -> Result:
        """Run the command to its end and leave no process behind."""
        reason = self.unavailable()
        if reason is not None:
            raise SandboxUnavailable(reason)
        if command.image:
            raise SandboxUnavailable(NO_IMAGES)
        return _run(command, on_output, cancelled)

    def _refused(self) -> str | None:
        """Try the whole machinery on a command that does nothing."""
        probe = Command(argv=("true",), working_directory="/tmp", limits=PROBE_LIMITS)
        try:
            result = _run(probe, None, None)
        except SandboxError as error:
            return f"bubblewrap cannot make a sandbox here ({error}). {_remedy()}"
        if result.exit_code != 0:
            output = result.output.decode(errors="replace").strip()
            return f"bubblewrap cannot drop its rights here ({output}). {_remedy()}"
        return None


def _missing() -> str | None:
    if not seccomp.supported():
        return "The bubblewrap sandbox knows the system calls of x86-64 machines only."
    for program in NEEDED:
        if shutil.which(program) is None:
            package = "bubblewrap" if program == "bwrap" else "util-linux"
            return f"{program} is not installed. Install it: sudo apt-get install {package}"
    return None


def _remedy() -> str:
    settings = {
        "kernel/unprivileged_userns_clone": ("0", "kernel.unprivileged_userns_clone=1"),
        "kernel/apparmor_restrict_unprivileged_userns": (
            "1",
            "kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        "user/max_user_namespaces": ("0", "user.max_user_namespaces=10000"),
    }
    for name, (refusing, setting) in settings.items():
        path = Path("/proc/sys", name)
        if path.is_file() and path.read_text().strip() == refusing:
            return f"Allow it: sudo sysctl -w {setting}"
    options = [f"--security-opt {name}=unconfined" for name in CONFINEMENTS]
    if identity.is_root():
        options += [f"--cap-add {name}" for name in ROOT_CAPABILITIES]
    return (
        "Namespaces are refused, as they are in most containers. Start the container with: "
        + " ".join(options)
    )


def _run(command: Command, on_output: OnOutput | None, cancelled: Cancelled | None) -> Result:
    with ExitStack() as stack:
        uid = stack.enter_context(identity.borrowed_id())
        files = stack.enter_context(_Files(uid))
        arguments = _arguments(command, uid, files)
        writable = [mount.source for mount in command.mounts if mount.writable]
        for folder in writable:
            trees.give(folder, uid)
        group = cgroups.create(command.limits)
        if group is not None:
            stack.callback(group.remove)
        process = subprocess.Popen(
            [*_enter(group), "bwrap", *arguments, "--", *_drop(command, uid, group)],
            stdin=subprocess.DEVNULL,
            stdout=files.output_writing,
            stderr=files.output_writing,
            env={"PATH": layout.SEARCH_PATH},
            cwd="/",
            pass_fds=files.inherited,
            start_new_session=True,
            umask=0o022,
        )
        files.close_inherited()
        streams = Streams(files.output, files.status)
        supervisor = Supervisor(process, streams, command.limits, group, writable)
        return supervisor.result(on_output, cancelled)


class _Files:
    """The descriptors through which bubblewrap is told what to do and tells what it did."""

    def __init__(self, uid: int) -> None:
        self.status, self.status_writing = os.pipe()
        self.output, self.output_writing = os.pipe()
        # A command that opens /dev/stdout by its name opens this pipe as its own user.
        os.fchown(self.output_writing, uid, -1)
        self.inherited = [self.status_writing, self.output_writing]

    def give(self, content: bytes) -> int:
        """Return a descriptor from which the content can be read."""
        descriptor = os.memfd_create("retrace")
        self.inherited.append(descriptor)
        os.write(descriptor, content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        return descriptor

    def close_inherited(self) -> None:
        """Close our copies, so that the streams end when the sandbox does."""
        while self.inherited:
            os.close(self.inherited.pop())

    def __enter__(self) -> _Files:
        return self

    def __exit__(self, *_: object) -> None:
        self.close_inherited()
        os.close(self.output)
        os.close(self.status)


def _arguments(command: Command, uid: int, files: _Files) -> list[str]:
    arguments = [
        *NAMESPACES,
        *(() if command.network else ("--unshare-net",)),
        *("--hostname", "sandbox", "--new-session", "--die-with-parent"),
        *("--seccomp", str(files.give(seccomp.program()))),
        *("--json-status-fd", str(files.status_writing)),
        *layout.root_arguments(command, uid, files.give),
        *("--clearenv", "--setenv", "PATH", layout.SEARCH_PATH),
    ]
    if identity.is_root():
        arguments += [word for name in DROP_CAPABILITIES for word in ("--cap-add", name)]
    else:
        arguments.append("--unshare-user")
    # A NUL would end one argument and begin another of a recipe's choice.
    if any("\0" in argument for argument in (*arguments, *command.argv)):
        raise SandboxError("a command with a NUL character cannot be run")
    content = b"".join(os.fsencode(argument) + b"\0" for argument in arguments)
    return ["--args", str(files.give(content))]


def _enter(group: cgroups.ControlGroup | None) -> list[str]:
    folders = [str(folder) for folder in group.folders] if group is not None else []
    return ["/bin/sh", "-c", ENTER_GROUPS, "sh", *folders, "--"]


def _drop(command: Command, uid: int, group: cgroups.ControlGroup | None) -> list[str]:
    """Return the command line that gives up every right, inside, and becomes the command."""
    rights = ["--inh-caps=-all", "--no-new-privs"]
    if identity.is_root():
        rights += [f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
        rights += ["--ambient-caps=-all", "--bounding-set=-all"]
    limits = _resource_limits(command.limits, group)
    reader = layout.variables_reader()
    return ["setpriv", *rights, "--", *limits, "--", *reader, *command.argv]


def _resource_limits(limits: Limits, group: cgroups.ControlGroup | None) -> list[str]:
    """Return the limits the kernel holds for each process, and those no control group holds."""
    counted = group is not None and group.cpu is not None
    wanted = {
        # Zero would still feed cores to a host's crash handler, see core(5); one byte does not.
        "core": (resource.RLIMIT_CORE, 1),
        # Where the group counts the time of all, that count should be the one that is told.
        "cpu": (resource.RLIMIT_CPU, limits.cpu_seconds + (CPU_SLACK_SECONDS if counted else 0)),
        "fsize": (resource.RLIMIT_FSIZE, limits.file_bytes),
        "nofile": (resource.RLIMIT_NOFILE, OPEN_FILES),
    }
    if group is None or not group.bounds_processes:
        wanted["nproc"] = (resource.RLIMIT_NPROC, limits.processes)
    if group is None or not group.bounds_memory:
        wanted["data"] = (resource.RLIMIT_DATA, limits.memory_bytes)
    arguments = ["prlimit"]
    for name, (kind, value) in wanted.items():
        hard = resource.getrlimit(kind)[1]
        soft = value if hard == resource.RLIM_INFINITY else min(value, hard)
        # At the soft limit of CPU time comes a signal that tells why, at the hard one SIGKILL.
        over = 1 if name == "cpu" and soft != hard else 0
        arguments.append(f"--{name}={soft}:{soft + over}")
    return arguments
