"""The state of the code that a run tests, and the folder it is tested in.

Everything that reads a patch happens on git objects in the mirror, before any foreign code runs:
no file is followed, no hook or filter of a working tree can take part.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from trajectories.git import (
    GitFailed,
    Mirror,
    PatchDoesNotApply,
    apply_patch,
    checkout_tree,
    overlay,
)
from trajectories.git.patching import normalise, temporary_index
from validation.sandbox import remove_tree

FUZZY_PATCH_SECONDS = 60


class TestPatchError(Exception):
    """The test patch cannot be put on this code; the task or the patch is to blame."""

    __test__ = False


@dataclass(frozen=True)
class PreparedTree:
    """A tree ready to be tested. `how` tells by which means the patch went in, if not plainly."""

    tree: str
    how: str = ""


def prepare_tree(
    mirror: Mirror, base_commit: str, *, patch: bytes, test_patch: bytes, scratch: Path
) -> PreparedTree:
    """Return base with `patch`, then with the test files as `test_patch` has them.

    Raise PatchDoesNotApply for `patch`, TestPatchError for `test_patch`.
    """
    base = mirror.tree_of(base_commit)
    patched = patched_tree(mirror, base, patch, scratch)
    if not normalise(test_patch):
        return patched
    try:
        paths = patch_paths(mirror, test_patch)
        restored = overlay(mirror, patched.tree, base, paths) if patched.tree != base else base
        return PreparedTree(apply_patch(mirror, restored, test_patch), patched.how)
    except PatchDoesNotApply as error:
        raise TestPatchError(f"The test patch does not apply: {explain(error)}") from error
    except GitFailed as error:
        raise TestPatchError(
            f"The patch stands in the way of the test files: {error.stderr[:500]}"
        ) from error


def patched_tree(mirror: Mirror, base: str, patch: bytes, scratch: Path) -> PreparedTree:
    """Apply a patch the ways the field's harness tries: plainly, three-way, with fuzz.

    Its `--reject` attempt is left out: it succeeds only where the plain one does.
    """
    try:
        return PreparedTree(apply_patch(mirror, base, patch))
    except PatchDoesNotApply as refused:
        if tree := _three_way(mirror, base, patch):
            return PreparedTree(tree, "by a three-way merge")
        if tree := _with_fuzz(mirror, base, patch, scratch):
            return PreparedTree(tree, "with fuzz")
        raise refused


def patch_paths(mirror: Mirror, patch: bytes) -> tuple[str, ...]:
    """Return every path that a patch writes, removes or renames from."""
    with tempfile.TemporaryDirectory(prefix="retrace-numstat-") as folder:
        out = mirror.git("apply", "--numstat", "-z", "-", cwd=Path(folder), stdin=normalise(patch))
    return tuple(sorted(set(_numstat_paths(out))))


def _numstat_paths(out: bytes) -> Iterator[str]:
    """Read `1<TAB>2<TAB>path NUL`, and for a rename `1<TAB>2<TAB> NUL old NUL new NUL`."""
    fields = iter(out.split(b"\0"))
    for field in fields:
        parts = field.split(b"\t", 2)
        if len(parts) < 3:
            continue
        names = [parts[2]] if parts[2] else [next(fields, b""), next(fields, b"")]
        yield from (name.decode("utf-8", "surrogateescape") for name in names if name)


def _three_way(mirror: Mirror, base: str, patch: bytes) -> str:
    with temporary_index(mirror, base) as index:
        try:
            mirror.git(
                *("apply", "--cached", "--3way", "--whitespace=nowarn", "-"),
                stdin=normalise(patch),
                extra=index,
            )
            return mirror.git("write-tree", extra=index).decode("ascii").strip()
        except GitFailed:
            return ""


def _with_fuzz(mirror: Mirror, base: str, patch: bytes, scratch: Path) -> str:
    """Let GNU patch try, in a folder of plain files that is thrown away."""
    program = shutil.which("patch")
    if program is None:
        return ""
    with tempfile.TemporaryDirectory(dir=scratch, prefix="fuzz-") as name:
        folder = Path(name, "tree")
        checkout_tree(mirror, base, folder)
        options = ("--batch", "--forward", "--fuzz=5", "--no-backup-if-mismatch", "-p1")
        try:
            done = subprocess.run(
                [program, *options, f"--directory={folder}"],
                input=normalise(patch),
                capture_output=True,
                timeout=FUZZY_PATCH_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return ""
        return _tree_of_folder(mirror, base, folder) if done.returncode == 0 else ""


def _tree_of_folder(mirror: Mirror, base: str, folder: Path) -> str:
    with temporary_index(mirror, base) as index:
        work = index | {"GIT_WORK_TREE": str(folder)}
        mirror.git("add", "--all", "--force", ".", cwd=folder, extra=work)
        return mirror.git("write-tree", extra=index).decode("ascii").strip()


def explain(error: PatchDoesNotApply) -> str:
    """Say hunk by hunk why a patch does not apply."""
    lines = [
        f"{failure.path or 'patch'}"
        f"{f', hunk at line {failure.line}' if failure.line is not None else ''}: {failure.message}"
        for failure in error.failures[:20]
    ]
    if error.is_applied_already:
        lines.append("Its reverse applies: the change is there already.")
    return "\n".join(lines) or str(error)


# --- folders ---------------------------------------------------------------------------------


def folder_name(run_id: int, token: uuid.UUID) -> str:
    """Name the folder of one attempt so that a sweeper can tell whose it is."""
    return f"run-{run_id}-{token}"


def parse_folder_name(name: str) -> tuple[int, uuid.UUID] | None:
    """Read back what `folder_name` made, or None for a folder of somebody else."""
    kind, _, rest = name.partition("-")
    number, _, token = rest.partition("-")
    if kind != "run" or not number.isdecimal():
        return None
    try:
        return int(number), uuid.UUID(token)
    except ValueError:
        return None


@contextmanager
def run_folder(root: Path, run_id: int, token: uuid.UUID) -> Iterator[Path]:
    """Make the folder of one attempt, and remove it whatever happened in it."""
    folder = root / folder_name(run_id, token)
    folder.mkdir(parents=True, mode=0o700)
    try:
        yield folder
    finally:
        remove_tree(folder)
