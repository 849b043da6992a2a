"""Write blobs and trees into a mirror, object by object, without an index."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from io import BytesIO
from typing import NamedTuple

from gitdb import IStream
from gitdb.db import LooseObjectDB

from trajectories.git.mirror import Mirror
from trajectories.git.names import check_path

FILE, PROGRAM, FOLDER = b"100644", b"100755", b"40000"
# name -> (mode, object id in hexadecimal)
Entries = dict[bytes, tuple[bytes, str]]


def with_files(
    mirror: Mirror,
    tree: str,
    files: Mapping[str, bytes | None],
    *,
    new_programs: Collection[str] = (),
) -> str:
    """Return the id of `tree` with the content of some files replaced, added, or (None) removed.

    A program stays one; a file that is added is none, unless `new_programs` names it. Only the
    folders on the way to the files are written anew. Raises ObjectMissing, and UnsafeName for a
    path that leads out of the tree.
    """
    changes = {
        tuple(os.fsencode(check_path(path)).split(b"/")): _Change(content, path in new_programs)
        for path, content in files.items()
    }
    return _Writer(mirror).rewrite(tree, changes) or _Writer(mirror).store(b"tree", b"")


def parse_tree(data: bytes) -> Entries:
    """Read a tree as git stores it."""
    at, entries = 0, Entries()
    while at < len(data):
        blank = data.index(b" ", at)
        end = data.index(b"\0", blank)
        entries[data[blank + 1 : end]] = (data[at:blank], data[end + 1 : end + 21].hex())
        at = end + 21
    return entries


class _Change(NamedTuple):
    content: bytes | None
    is_new_program: bool


class _Writer:
    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._objects = LooseObjectDB(str(mirror.path / "objects"))

    def store(self, kind: bytes, data: bytes) -> str:
        written = self._objects.store(IStream(kind, len(data), BytesIO(data)))
        return str(written.hexsha.decode("ascii"))

    def rewrite(self, tree: str, changes: Mapping[tuple[bytes, ...], _Change]) -> str | None:
        """Return the tree's new id, or None where nothing is left in it."""
        entries = parse_tree(self._mirror.read_tree(tree)) if tree else {}
        below: dict[bytes, dict[tuple[bytes, ...], _Change]] = {}
        for (name, *rest), change in changes.items():
            if rest:
                below.setdefault(name, {})[tuple(rest)] = change
            elif change.content is None:
                entries.pop(name, None)
            else:
                was_program = name in entries and entries[name][0] == PROGRAM
                mode = PROGRAM if was_program or change.is_new_program else FILE
                entries[name] = (mode, self.store(b"blob", change.content))
        for name, inner in below.items():
            mode, old = entries.get(name, (b"", ""))
            new = self.rewrite(old if mode == FOLDER else "", inner)
            if new is None:
                entries.pop(name, None)
            else:
                entries[name] = (FOLDER, new)
        return self.store(b"tree", _serialise(entries)) if entries else None


def _serialise(entries: Entries) -> bytes:
    """Write a tree as git does: by name, a folder as if its name ended in a slash."""
    ordered = sorted(entries.items(), key=lambda e: e[0] + (b"/" if e[1][0] == FOLDER else b""))
    return b"".join(
        mode + b" " + name + b"\0" + bytes.fromhex(object_id) for name, (mode, object_id) in ordered
    )
