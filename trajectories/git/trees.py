"""Write blobs and trees into a mirror, object by object, without an index."""

from __future__ import annotations

import os
from collections.abc import Mapping
from io import BytesIO

from gitdb import IStream
from gitdb.db import LooseObjectDB

from trajectories.git.mirror import Mirror
from trajectories.git.names import check_path

_FILE, _PROGRAM, _FOLDER = b"100644", b"100755", b"40000"
# name -> (mode, object id in hexadecimal)
_Entries = dict[bytes, tuple[bytes, str]]


def with_files(mirror: Mirror, tree: str, files: Mapping[str, bytes | None]) -> str:
    """Return the id of `tree` with the content of some files replaced, added, or (None) removed.

    A program stays one. Only the folders on the way to the files are written anew. Raises
    ObjectMissing, and UnsafeName for a path that leads out of the tree.
    """
    changes: dict[tuple[bytes, ...], bytes | None] = {
        tuple(os.fsencode(check_path(path)).split(b"/")): content for path, content in files.items()
    }
    return _Writer(mirror).rewrite(tree, changes) or _Writer(mirror).store(b"tree", b"")


class _Writer:
    def __init__(self, mirror: Mirror) -> None:
        self._mirror = mirror
        self._objects = LooseObjectDB(str(mirror.path / "objects"))

    def store(self, kind: bytes, data: bytes) -> str:
        written = self._objects.store(IStream(kind, len(data), BytesIO(data)))
        return str(written.hexsha.decode("ascii"))

    def rewrite(self, tree: str, changes: Mapping[tuple[bytes, ...], bytes | None]) -> str | None:
        """Return the tree's new id, or None where nothing is left in it."""
        entries = self._read(tree) if tree else {}
        below: dict[bytes, dict[tuple[bytes, ...], bytes | None]] = {}
        for (name, *rest), content in changes.items():
            if rest:
                below.setdefault(name, {})[tuple(rest)] = content
            elif content is None:
                entries.pop(name, None)
            else:
                is_program = name in entries and entries[name][0] == _PROGRAM
                mode = _PROGRAM if is_program else _FILE
                entries[name] = (mode, self.store(b"blob", content))
        for name, inner in below.items():
            mode, old = entries.get(name, (b"", ""))
            new = self.rewrite(old if mode == _FOLDER else "", inner)
            if new is None:
                entries.pop(name, None)
            else:
                entries[name] = (_FOLDER, new)
        return self.store(b"tree", _serialise(entries)) if entries else None

    def _read(self, tree: str) -> _Entries:
        data, at = self._mirror.read_tree(tree), 0
        entries: _Entries = {}
        while at < len(data):
            blank = data.index(b" ", at)
            end = data.index(b"\0", blank)
            entries[data[blank + 1 : end]] = (data[at:blank], data[end + 1 : end + 21].hex())
            at = end + 21
        return entries


def _serialise(entries: _Entries) -> bytes:
    """Write a tree as git does: by name, a folder as if its name ended in a slash."""
    ordered = sorted(entries.items(), key=lambda e: e[0] + (b"/" if e[1][0] == _FOLDER else b""))
    return b"".join(
        mode + b" " + name + b"\0" + bytes.fromhex(object_id) for name, (mode, object_id) in ordered
    )
