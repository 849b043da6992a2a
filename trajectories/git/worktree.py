"""Working trees for runs: the only place where a tree becomes files on disk."""

from __future__ import annotations

from pathlib import Path

from trajectories.git.errors import ObjectMissing
from trajectories.git.mirror import Mirror
from trajectories.git.names import check_object_id
from trajectories.git.patching import temporary_index
from trajectories.git.process import run_git


def checkout_tree(mirror: Mirror, tree: str, destination: Path) -> None:
    """Write the files of a tree into a new folder; nothing in it is linked to the mirror."""
    destination.mkdir(parents=True, exist_ok=True)
    with temporary_index(mirror, tree) as index:
        mirror.git(
            *("checkout-index", "--all", "--force", "--quiet"),
            cwd=destination,
            extra=index | {"GIT_WORK_TREE": str(destination)},
            timeout_seconds=600,
        )


def make_worktree(
    mirror: Mirror, commit: str, destination: Path, *, tree: str | None = None
) -> None:
    """Make a repository of its own whose HEAD is `commit`, with the files of `tree`.

    Without `tree`, the files are the commit's. With it, they stand as uncommitted changes.

    `.git` is fetched at depth 1: it holds that commit's objects and nothing else, so that the
    fix, which is in a younger commit, is nowhere to be found; the commit keeps its own id, for
    recipes that name it; and no object is shared with the mirror, which a test may not write.
    """
    if not mirror.has_commit(check_object_id(commit)):
        raise ObjectMissing(f"Commit {commit} is not in the repository.")
    destination.mkdir(parents=True, exist_ok=True)
    git_dir = destination / ".git"
    run_git("init", "--quiet", "--template=", str(destination), cwd=destination)
    run_git(
        *("fetch", "--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head"),
        *("--", f"file://{mirror.path}", f"+{commit}:refs/heads/base"),
        git_dir=git_dir,
        timeout_seconds=600,
    )
    work = {"GIT_WORK_TREE": str(destination)}
    run_git("symbolic-ref", "HEAD", "refs/heads/base", git_dir=git_dir, extra=work)
    if tree is None:
        run_git(
            *("reset", "--hard", "--quiet"),
            git_dir=git_dir,
            cwd=destination,
            extra=work,
            timeout_seconds=600,
        )
        return
    run_git("read-tree", commit, git_dir=git_dir, extra=work)
    checkout_tree(mirror, tree, destination)
