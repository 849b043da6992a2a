"""What a command sees of the machine: the arguments that make bubblewrap build its root.

Everything is made of nothing (an empty root) plus the few parts of the host that programs need to
run at all. No home, no /var, no /etc but what is listed here.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from validation.sandbox.protocol import Command, Limits, Mount, SandboxError

USER = "runner"
HOME = f"/home/{USER}"
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Read by the last program before the command, see `variables_reader`.
VARIABLES = "/run/variables"
SYSTEM_FOLDERS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
ETC = (
    "alternatives",
    "ca-certificates",
    "fonts",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "magic",
    "mime.types",
    "pki/ca-trust",
    "pki/tls/certs",
    "protocols",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
    "timezone",
)
# Where a mount would hide what the sandbox itself put there.
TAKEN = ("/", "/dev", "/etc", "/proc", "/sys", "/tmp", "/usr", *(f"/{f}" for f in SYSTEM_FOLDERS))

GiveFile = Callable[[bytes], int]


def root_arguments(command: Command, uid: int, give_file: GiveFile) -> list[str]:
    """Return bubblewrap's arguments for the root file system and its mounts.

    `give_file(content)` returns a file descriptor that bubblewrap can read the content from.
    """
    return [
        *_system_arguments(),
        *_etc_arguments(command, uid, give_file),
        *_private_arguments(command.limits),
        *_variables_arguments(command, give_file),
        *_mount_arguments(command.mounts),
        *("--remount-ro", "/dev", "--remount-ro", "/"),
        *("--chdir", command.working_directory),
    ]


def _variables_arguments(command: Command, give_file: GiveFile) -> list[str]:
    """Return the arguments that put the command's variables into a file.

    A file rather than --setenv: PATH or LD_PRELOAD of a recipe would else reach the programs that
    run before the command, while they still have rights to drop.
    """
    values = variables(command, {"PATH": SEARCH_PATH})
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in values.items()]
    content = "".join(lines).encode(errors="surrogateescape")
    return ["--perms", "0444", "--ro-bind-data", str(give_file(content)), VARIABLES]


def variables(command: Command, defaults: Mapping[str, str]) -> dict[str, str]:
    """Return every variable of a command: few of our own, the defaults, what it brings."""
    own = {
        "HOME": HOME,
        "LANG": "C.UTF-8",
        "LOGNAME": USER,
        "TMPDIR": "/tmp",
        "USER": USER,
    }
    values = {**own, **defaults, **command.environment}
    for name, value in values.items():
        if not VARIABLE.fullmatch(name):
            raise SandboxError(f"{name!r} is no name of an environment variable")
        if "\0" in value:
            raise SandboxError(f"the environment variable {name} has a NUL character")
    return values


def accounts(uid: int, gid: int) -> dict[str, str]:
    """Return the made-up accounts by the name of their file in /etc."""
    return {
        "passwd": "root:x:0:0:root:/root:/usr/sbin/nologin\n"
        f"{USER}:x:{uid}:{gid}::{HOME}:/bin/bash\n",
        "group": f"root:x:0:\n{USER}:x:{gid}:\n",
    }


def variables_reader() -> list[str]:
    """Return the command line that sets the command's variables and becomes the command."""
    return ["/bin/sh", "-c", '. "$0"; exec "$@"', VARIABLES]


def _system_arguments() -> list[str]:
    arguments = ["--ro-bind", "/usr", "/usr"]
    for name in SYSTEM_FOLDERS:
        folder = Path("/", name)
        if folder.is_symlink():
            arguments += ["--symlink", os.readlink(folder), str(folder)]
        elif folder.is_dir():
            arguments += ["--ro-bind", str(folder), str(folder)]
    return arguments


def _etc_arguments(command: Command, uid: int, give_file: GiveFile) -> list[str]:
    made = {
        **accounts(uid, uid),
        "hosts": "127.0.0.1 localhost\n::1 localhost\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    }
    arguments: list[str] = []
    for name, text in made.items():
        arguments += ["--perms", "0444", "--ro-bind-data", str(give_file(text.encode()))]
        arguments.append(f"/etc/{name}")
    shown = (*ETC, "resolv.conf") if command.network else ETC
    for name in shown:
        arguments += [*_parents(f"/etc/{name}"), "--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return arguments


def _parents(target: str) -> list[str]:
    """Make the folders above a target, open to the command (bubblewrap's own choice is not)."""
    above = [str(folder) for folder in reversed(PurePosixPath(target).parents)]
    return [word for folder in above[1:] for word in ("--perms", "0755", "--dir", folder)]


def _private_arguments(limits: Limits) -> list[str]:
    # What is written there is memory.
    size = min(limits.disk_bytes, limits.memory_bytes // 2)
    arguments = ["--proc", "/proc", "--dev", "/dev"]
    for folder in ("/tmp", "/dev/shm", HOME):
        # Open to all since all of them are one: nobody else is in this mount namespace.
        arguments += ["--perms", "1777", "--size", str(size), "--tmpfs", folder]
    return [*arguments, "--dir", "/run", "--dir", "/var", "--symlink", "/tmp", "/var/tmp"]


def _mount_arguments(mounts: tuple[Mount, ...]) -> list[str]:
    arguments: list[str] = []
    for mount in mounts:
        check_mount(mount, mounts)
        kind = "--bind" if mount.writable else "--ro-bind"
        arguments += [*_parents(mount.target), kind, str(mount.source.absolute()), mount.target]
    return arguments


def check_mount(mount: Mount, mounts: tuple[Mount, ...]) -> None:
    """Refuse what would hide the system, does not exist, or hostile content could redirect."""
    target = PurePosixPath(mount.target)
    if not target.is_absolute() or ".." in target.parts or str(target) in TAKEN:
        raise SandboxError(f"{mount.target} is no place to mount something at")
    try:
        status = mount.source.lstat()
    except OSError as error:
        raise SandboxError(f"{mount.source} cannot be mounted: {error.strerror}") from None
    if mount.writable and not stat.S_ISDIR(status.st_mode):
        raise SandboxError(f"{mount.source} cannot be mounted writable: it is not a folder")
    for outer in mounts:
        if outer is not mount and target.is_relative_to(outer.target):
            _refuse_links(outer.source, target.relative_to(outer.target))


def _refuse_links(folder: Path, below: PurePosixPath) -> None:
    """Refuse a mount point that a link in hostile content could lead elsewhere."""
    for part in below.parts:
        folder = folder / part
        if folder.is_symlink():
            raise SandboxError(f"{folder} is a symbolic link; nothing is mounted there")
