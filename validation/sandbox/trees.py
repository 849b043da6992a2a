"""Folders that a sandboxed command may write: given, measured, read back and removed.

What stands in them afterwards is hostile. So nothing here follows a symbolic link, every folder is
opened relative to the one above it, and only regular files are read.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

from validation.sandbox import identity
from validation.sandbox.protocol import SandboxError

# A folder costs its reader a file descriptor per level.
DEEPEST = 256
# What an entry costs beyond its blocks: millions of empty files fill a disk too.
ENTRY_BYTES = 1024
FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

Visit = Callable[[int, os.DirEntry[str], os.stat_result], None]


class TooDeep(SandboxError):
    """Tell that a tree is nested deeper than anybody needs."""


def walk(folder: Path, visit: Visit) -> None:
    """Call `visit(folder descriptor, entry, its lstat)` for everything below the folder."""
    _walk(os.open(folder, FOLDER_FLAGS), visit, depth=0)


def _walk(descriptor: int, visit: Visit, depth: int) -> None:
    if depth > DEEPEST:
        os.close(descriptor)
        raise TooDeep(f"folders are nested more than {DEEPEST} deep")
    try:
        with os.scandir(descriptor) as entries:
            for entry in entries:
                with suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    visit(descriptor, entry, status)
                    if stat.S_ISDIR(status.st_mode):
                        inner = _opened(entry.name, descriptor)
                        if inner is not None:
                            _walk(inner, visit, depth + 1)
    finally:
        os.close(descriptor)


def _opened(name: str, parent: int) -> int | None:
    """Open a folder, or return None where it is gone, became something else or is closed to us."""
    try:
        return os.open(name, FOLDER_FLAGS, dir_fd=parent)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            return None
        raise


def disk_usage(folder: Path) -> int:
    """Return the bytes that a tree takes on disk."""
    total = 0

    def add(_: int, __: os.DirEntry[str], status: os.stat_result) -> None:
        nonlocal total
        total += status.st_blocks * 512 + ENTRY_BYTES

    walk(folder, add)
    return total


def give(folder: Path, uid: int) -> None:
    """Give a tree to the id a command runs as."""
    _refuse_shared_files(folder)
    if not identity.is_root():
        return

    def change(parent: int, entry: os.DirEntry[str], _: os.stat_result) -> None:
        os.chown(entry.name, uid, uid, dir_fd=parent, follow_symlinks=False)

    os.chown(folder, uid, uid, follow_symlinks=False)
    walk(folder, change)


def _refuse_shared_files(folder: Path) -> None:
    """Refuse a tree with files that have another name outside it.

    They would be given away there too, such as a mirror's objects to a local clone. Hard links that
    a command made itself have all their names inside.
    """
    names: Counter[int] = Counter()
    shared: dict[int, tuple[str, int]] = {}

    def count(_: int, entry: os.DirEntry[str], status: os.stat_result) -> None:
        if status.st_nlink > 1 and not stat.S_ISDIR(status.st_mode):
            names[status.st_ino] += 1
            shared[status.st_ino] = (entry.name, status.st_nlink)

    walk(folder, count)
    for inode, (name, links) in shared.items():
        if names[inode] < links:
            raise SandboxError(
                f"{folder}: {name} is hard-linked elsewhere; a tree for a sandbox must be a copy"
            )


def take_back(folder: Path) -> None:
    """Make a tree ours again, readable for every id a later command may have."""
    owner, group = os.geteuid(), os.getegid()

    def change(parent: int, entry: os.DirEntry[str], status: os.stat_result) -> None:
        if identity.is_root():
            os.chown(entry.name, owner, group, dir_fd=parent, follow_symlinks=False)
        if stat.S_ISDIR(status.st_mode):
            os.chmod(entry.name, 0o755, dir_fd=parent)
        elif stat.S_ISREG(status.st_mode):
            executable = 0o111 if status.st_mode & 0o100 else 0
            os.chmod(entry.name, 0o644 | executable, dir_fd=parent)

    if identity.is_root():
        os.chown(folder, owner, group, follow_symlinks=False)
    os.chmod(folder, 0o755)
    walk(folder, change)


def remove_tree(folder: Path) -> None:
    """Remove whatever a sandboxed command left, however deep and whatever its modes."""
    # coreutils work from folder to folder and know no depth limit, unlike shutil.rmtree.
    for command in (["rm", "-rf"], ["chmod", "-R", "u+rwx"], ["rm", "-rf"]):
        if not os.path.lexists(folder):
            return
        subprocess.run(
            [*command, "--", str(folder)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    if os.path.lexists(folder):
        raise SandboxError(f"{folder} could not be removed")


def paths(folder: Path) -> Iterator[str]:
    """Yield the relative path of everything below, folders before their content."""
    pending = [""]
    while pending:
        prefix = pending.pop()
        with os.scandir(folder / prefix) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                path = prefix + entry.name
                yield path
                if entry.is_dir(follow_symlinks=False):
                    pending.append(path + "/")


def copy_below(source: Path, target: Path, path: str) -> bool:
    """Copy one file, link or folder from below `source` to the same place below `target`.

    Nothing that exists is replaced and no link is followed on either side. Returns whether it was
    copied; what is neither file, link nor folder never is.
    """
    *folders, name = path.split("/")
    with ExitStack() as stack:
        start = open_below(stack, source, folders, make=False)
        end = open_below(stack, target, folders, make=True)
        if start is None or end is None:
            return False
        try:
            return _copied(stack, start, end, name)
        except FileExistsError:
            return False


def open_below(stack: ExitStack, top: Path, folders: list[str], *, make: bool) -> int | None:
    """Open a folder below `top` step by step, or return None where the way is no folder.

    The descriptors are closed with the stack. `make` makes what is missing of the way.
    """
    descriptor = os.open(top, FOLDER_FLAGS)
    stack.callback(os.close, descriptor)
    for folder in folders:
        if make:
            with suppress(FileExistsError):
                os.mkdir(folder, 0o755, dir_fd=descriptor)
        inner = _opened(folder, descriptor)
        if inner is None:
            return None
        stack.callback(os.close, inner)
        descriptor = inner
    return descriptor


def _copied(stack: ExitStack, start: int, end: int, name: str) -> bool:
    status = os.stat(name, dir_fd=start, follow_symlinks=False)
    if stat.S_ISDIR(status.st_mode):
        os.mkdir(name, 0o755, dir_fd=end)
    elif stat.S_ISLNK(status.st_mode):
        os.symlink(os.readlink(name, dir_fd=start), name, dir_fd=end)
    elif stat.S_ISREG(status.st_mode):
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        reading = stack.enter_context(os.fdopen(os.open(name, flags, dir_fd=start), "rb"))
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        mode = 0o755 if status.st_mode & 0o100 else 0o644
        writing = stack.enter_context(os.fdopen(os.open(name, flags, mode, dir_fd=end), "wb"))
        shutil.copyfileobj(reading, writing)
    else:
        return False
    return True
