"""Patch a tree into another tree, on a temporary index; nothing is checked out."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trajectories.git.errors import GitFailed, HunkFailure, ObjectMissing, PatchDoesNotApply
from trajectories.git.exact import apply_exactly
from trajectories.git.mirror import Mirror
from trajectories.git.names import check_object_id
from trajectories.git.process import run_git

_APPLY = ("apply", "--cached", "--whitespace=nowarn")
# Lines of `git apply --verbose --reject`:
_CHECKING = re.compile(r"Checking patch (?P<path>.+)\.\.\.$")
_PATCH_FAILED = re.compile(r"error: patch failed: (?P<path>.+):(?P<line>\d+)$")
_ERROR = re.compile(r"error: (?P<message>.+)$")


def apply_patch(mirror: Mirror, tree: str, patch: bytes) -> str:
    """Return the id of the tree that `patch` makes of `tree`; raise PatchDoesNotApply.

    The result is remembered by content as a ref of ours, which also keeps it from `gc`.
    """
    check_object_id(tree)
    patch = normalise(patch)
    if not patch:
        return tree
    ref = f"refs/retrace/trees/{hashlib.sha256(tree.encode() + patch).hexdigest()}"
    if known := mirror.resolve(ref):
        return known
    if exact := apply_exactly(mirror, tree, patch):
        return keep(mirror, exact, ref)
    with temporary_index(mirror, tree) as index:
        try:
            mirror.git(*_APPLY, "-", stdin=patch, extra=index)
        except GitFailed as error:
            raise _explain(mirror, tree, patch, error) from error
        return keep(mirror, _write_tree(mirror, index), ref)


def overlay(mirror: Mirror, tree: str, other: str, paths: tuple[str, ...]) -> str:
    """Return `tree` with each of `paths` as it is in `other`: taken over, or removed there."""
    key = "\0".join((tree, other, *paths))
    ref = f"refs/retrace/trees/{hashlib.sha256(key.encode(errors='surrogateescape')).hexdigest()}"
    if known := mirror.resolve(ref):
        return known
    with temporary_index(mirror, tree) as index:
        mirror.git(
            *("update-index", "-z", "--index-info"),
            stdin=b"".join(_index_line(mirror, other, path) for path in paths),
            extra=index,
        )
        return keep(mirror, _write_tree(mirror, index), ref)


def normalise(patch: bytes) -> bytes:
    """Return the patch as git takes it: no blank lines before it, a line feed at its end.

    Agents' files lose the last line feed, and git then calls the patch corrupt.
    """
    patch = patch.lstrip(b"\r\n") if patch.strip() else b""
    return patch if not patch or patch.endswith(b"\n") else patch + b"\n"


def keep(mirror: Mirror, tree: str, ref: str) -> str:
    """Point a ref of ours at a tree, and return the tree."""
    mirror.git("update-ref", ref, tree)
    return tree


@contextmanager
def temporary_index(mirror: Mirror, tree: str) -> Iterator[dict[str, str]]:
    """Read `tree` into an index of its own; yields the variables that make git use it."""
    with tempfile.TemporaryDirectory(prefix="retrace-index-") as folder:
        index = {"GIT_INDEX_FILE": str(Path(folder, "index"))}
        try:
            mirror.git("read-tree", check_object_id(tree), extra=index)
        except GitFailed as error:
            raise ObjectMissing(f"Tree {tree} is not in the repository.") from error
        yield index


def _write_tree(mirror: Mirror, index: dict[str, str]) -> str:
    return mirror.git("write-tree", extra=index).decode("ascii").strip()


def _index_line(mirror: Mirror, tree: str, path: str) -> bytes:
    name = path.encode("utf-8", "surrogateescape")
    try:
        entry = mirror.entry(tree, path)
    except ObjectMissing:
        return b"0 " + b"0" * 40 + b"\t" + name + b"\0"
    return f"{entry.mode} {entry.id}\t".encode("ascii") + name + b"\0"


def _explain(mirror: Mirror, tree: str, patch: bytes, error: GitFailed) -> PatchDoesNotApply:
    """Try again hunk by hunk, to say which ones fail, and in reverse."""
    failures = _failing_hunks(mirror, tree, patch) or _plain_failures(error.stderr)
    try:
        with temporary_index(mirror, tree) as index:
            mirror.git(*_APPLY, "--reverse", "--check", "-", stdin=patch, extra=index)
    except GitFailed:
        return PatchDoesNotApply(failures)
    return PatchDoesNotApply(failures, is_applied_already=True)


def _failing_hunks(mirror: Mirror, tree: str, patch: bytes) -> tuple[HunkFailure, ...]:
    # `--reject` writes .rej files into the working tree: an empty folder that is thrown away.
    with (
        temporary_index(mirror, tree) as index,
        tempfile.TemporaryDirectory(prefix="retrace-rejects-") as folder,
    ):
        _, said = run_git(
            *(*_APPLY, "--reject", "--verbose", "-"),
            git_dir=mirror.path,
            cwd=Path(folder),
            stdin=patch,
            extra=index | {"GIT_WORK_TREE": folder},
            ok_codes=(0, 1, 128),
        )
    return tuple(_read_rejects(said))


def _read_rejects(said: str) -> Iterator[HunkFailure]:
    """Yield a failure for each rejected hunk, and for each file that fails before its hunks."""
    path = ""
    for line in said.splitlines():
        if match := _CHECKING.match(line):
            path = match["path"]
        elif match := _PATCH_FAILED.match(line):
            message = "the lines that it changes are not there"
            yield HunkFailure(match["path"], int(match["line"]), message)
        elif match := _ERROR.match(line):
            message = match["message"]
            # Said before each rejected hunk, and of the .rej file that we throw away.
            if not message.startswith(("while searching for:", "cannot open")):
                yield HunkFailure(path, None, message.removeprefix(f"{path}: "))


def _plain_failures(stderr: str) -> tuple[HunkFailure, ...]:
    messages = [match["message"] for line in stderr.splitlines() if (match := _ERROR.match(line))]
    return tuple(HunkFailure("", None, message) for message in messages or [stderr or "no reason"])
