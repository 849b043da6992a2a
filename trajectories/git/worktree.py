"""Working trees for runs: the only place where a tree becomes files on disk."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from trajectories.git.errors import ObjectMissing
from trajectories.git.mirror import Mirror
from trajectories.git.names import check_object_id
from trajectories.git.patching import temporary_index
from trajectories.git.process import run_git

_TIMEOUT_SECONDS = 600


def checkout_tree(mirror: Mirror, tree: str, destination: Path) -> None:
    """Write the files of a tree into a folder; nothing in it is linked to the mirror."""
    destination.mkdir(parents=True, exist_ok=True)
    with temporary_index(mirror, tree) as index:
        mirror.git(
            *("checkout-index", "--all", "--force", "--quiet"),
            cwd=destination,
            extra=index | {"GIT_WORK_TREE": str(destination)},
            timeout_seconds=_TIMEOUT_SECONDS,
        )


def make_worktree(
    mirror: Mirror, commit: str, destination: Path, *, tree: str | None = None
) -> None:
    """Make a repository of its own whose HEAD is `commit`, with the files of `tree`.

    Without `tree`, the files are the commit's. With it, they stand as uncommitted changes.

    `.git` holds that commit's objects and nothing else, so that the fix, which is in a younger
    commit, is nowhere to be found; the commit keeps its own id, for recipes that name it; and no
    object is shared with the mirror, which a test may not write. It is made while the files are
    written: the one computes, the other waits for the disk.
    """
    if not mirror.has_commit(check_object_id(commit)):
        raise ObjectMissing(f"Commit {commit} is not in the repository.")
    destination.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(1) as beside:
        repository = beside.submit(_shallow_repository, mirror, commit, destination)
        checkout_tree(mirror, tree or mirror.tree_of(commit), destination)
        repository.result()


def _shallow_repository(mirror: Mirror, commit: str, destination: Path) -> None:
    """Make `.git` with one commit, without its parents, as its HEAD and its index."""
    git_dir = destination / ".git"
    init = ("init", "--quiet", "--template=", "--initial-branch=base")
    run_git(*init, str(destination), cwd=destination)
    objects = mirror.git("rev-list", "--objects", "--no-walk", commit)
    (git_dir / "objects" / "pack").mkdir(parents=True, exist_ok=True)
    mirror.git(
        *("pack-objects", "-q", str(git_dir / "objects" / "pack" / "pack")),
        stdin=objects,
        timeout_seconds=_TIMEOUT_SECONDS,
    )
    (git_dir / "shallow").write_text(f"{commit}\n", encoding="ascii")
    run_git("update-ref", "HEAD", commit, git_dir=git_dir)
    run_git("read-tree", commit, git_dir=git_dir)
