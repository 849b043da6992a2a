"""Names that come from outside and that git is given: object ids, paths, sources."""

from __future__ import annotations

import os
import re

from trajectories.git.errors import UnsafeName

_OBJECT_ID = re.compile(r"[0-9a-f]{40}")
# refs/retrace/trees/9f86d081…
_REF = re.compile(r"refs(/[0-9A-Za-z_-]+)+")
_URL = re.compile(r"(https?|ssh|git|file)://[^\s-]\S*")
# git@github.com:owner/name.git
_SCP_LIKE = re.compile(r"[\w.-]+@[\w.-]+:[\w./~-]+")


def check_object_id(name: str) -> str:
    """Return `name` if it is a full object id in hexadecimal, else raise UnsafeName.

    Anything else (a ref, an option, a line break) must not reach git as an object's name.
    """
    if not _OBJECT_ID.fullmatch(name):
        raise UnsafeName(f"{name!r:.80} is not a full object id.")
    return name


def check_ref(name: str) -> str:
    """Return `name` if it is the full name of a plain ref, else raise UnsafeName."""
    if not _REF.fullmatch(name):
        raise UnsafeName(f"{name!r:.80} is not a full ref.")
    return name


def check_path(path: str) -> str:
    """Return a path inside a tree without slashes at its ends, or raise UnsafeName."""
    path = path.strip("/")
    if "\0" in path or any(part in ("", ".", "..") for part in path.split("/") if path):
        raise UnsafeName(f"{path!r:.80} is not a path inside a repository.")
    return path


def check_source(source: str) -> str:
    """Return where to fetch from (a URL or an absolute path), or raise UnsafeName."""
    if _URL.fullmatch(source) or _SCP_LIKE.fullmatch(source):
        return source
    if os.path.isabs(source) and "\0" not in source:
        return source
    raise UnsafeName(f"{source!r:.200} is neither a URL nor an absolute path of a repository.")
