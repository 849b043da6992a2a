"""Bare mirrors, and git's plumbing on the objects in them. Knows nothing of Django."""

from __future__ import annotations

from trajectories.git.blame import Origin, blame
from trajectories.git.errors import (
    FetchFailed,
    GitError,
    GitFailed,
    HunkFailure,
    NotFetched,
    ObjectMissing,
    PatchDoesNotApply,
    UnsafeName,
)
from trajectories.git.grep import BadPattern, Found, Hit, Pattern, grep
from trajectories.git.mirror import Entry, Mirror
from trajectories.git.patching import apply_patch, overlay
from trajectories.git.trees import with_files
from trajectories.git.worktree import checkout_tree, make_worktree

__all__ = [
    "BadPattern",
    "Entry",
    "FetchFailed",
    "Found",
    "GitError",
    "GitFailed",
    "Hit",
    "HunkFailure",
    "Mirror",
    "NotFetched",
    "ObjectMissing",
    "Origin",
    "PatchDoesNotApply",
    "Pattern",
    "UnsafeName",
    "apply_patch",
    "blame",
    "checkout_tree",
    "grep",
    "make_worktree",
    "overlay",
    "with_files",
]
