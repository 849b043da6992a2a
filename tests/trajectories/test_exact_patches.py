"""A plain patch that is applied without git's index makes the very tree that git makes."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.trajectories.conftest import fetched_trajectory
from tests.trajectories.git_repositories import SampleRepository
from tests.trajectories.test_diffs_random_trees import File, two_trees, write_tree
from trajectories.code import mirror_of
from trajectories.git import GitFailed, Mirror
from trajectories.git.exact import apply_exactly
from trajectories.git.patching import temporary_index

pytestmark = pytest.mark.django_db
Trees = tuple[dict[bytes, File], dict[bytes, File]]
for_any_trees = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def mirror(db: None, sample: SampleRepository) -> Mirror:
    return mirror_of(fetched_trajectory(sample).task.repository)


def by_git(mirror: Mirror, tree: str, patch: bytes) -> str | None:
    """Return the tree that git makes, None where it takes no part of the patch."""
    with temporary_index(mirror, tree) as index:
        try:
            mirror.git(*("apply", "--cached", "--whitespace=nowarn", "-"), stdin=patch, extra=index)
        except GitFailed:
            return None
        return mirror.git("write-tree", extra=index).decode().strip()


def patch_between(mirror: Mirror, trees: Trees) -> tuple[str, str, bytes]:
    old, new = (write_tree(mirror.path, files) for files in trees)
    return old, new, mirror.git("diff-tree", "-r", "-p", "--full-index", "--binary", old, new)


@for_any_trees
@given(trees=two_trees())
def test_what_is_applied_is_what_git_applies(mirror: Mirror, trees: Trees) -> None:
    old, new, patch = patch_between(mirror, trees)
    if patch:
        assert apply_exactly(mirror, old, patch) in {None, new}


@for_any_trees
@given(trees=two_trees(), data=st.data())
def test_a_patch_of_a_changed_tree_is_applied_as_git_does_or_left_to_git(
    mirror: Mirror, trees: Trees, data: st.DataObject
) -> None:
    _, _, patch = patch_between(mirror, trees)
    other, _, _ = patch_between(mirror, data.draw(two_trees()))
    if patch:
        assert apply_exactly(mirror, other, patch) in {None, by_git(mirror, other, patch)}


@for_any_trees
@given(trees=two_trees(), data=st.data())
def test_a_patch_with_a_line_changed_or_lost_is_applied_as_git_does_or_left_to_git(
    mirror: Mirror, trees: Trees, data: st.DataObject
) -> None:
    old, _, patch = patch_between(mirror, trees)
    lines = patch.splitlines(keepends=True)
    if not lines:
        return
    at = data.draw(st.integers(0, len(lines) - 1))
    altered = st.sampled_from([[], [lines[at]] * 2, [b" " + lines[at]], [b"+" + lines[at][1:]]])
    shifted = [lines[at].replace(b"1", b"2"), lines[at].replace(b"3", b"2")]
    lines[at : at + 1] = data.draw(altered | st.sampled_from([[line] for line in shifted]))
    changed = b"".join(lines)
    assert apply_exactly(mirror, old, changed) in {None, by_git(mirror, old, changed)}


BASE = b"".join(b"line %d\n" % number for number in range(1, 31))
HUNK = b"@@ -%d,3 +%d,4 @@\n line %d\n+new\n line %d\n line %d\n"


def hunk(line: int, shift: int = 0) -> bytes:
    return HUNK % (line, line + shift, line, line + 1, line + 2)


def patch_of(path: bytes, body: bytes, head: bytes = b"") -> bytes:
    return b"diff --git a/%b b/%b\n%b--- a/%b\n+++ b/%b\n%b" % (path, path, head, path, path, body)


NEW_PROGRAM = (
    b"diff --git a/run b/run\nnew file mode 100755\n--- /dev/null\n+++ b/run\n@@ -0,0 +1 @@\n+go\n"
)
GONE = b"diff --git a/pkg/empty b/pkg/empty\ndeleted file mode 100644\n--- a/pkg/empty\n"
PLAIN = {
    "two hunks": patch_of(b"pkg/a.py", hunk(3) + hunk(20, 1)),
    "with an index line": patch_of(b"pkg/a.py", hunk(3), b"index 1111111..2222222 100644\n"),
    "a program stays one": patch_of(b"pkg/run.sh", hunk(3)),
    "a new program": NEW_PROGRAM,
    "a file below a new folder": NEW_PROGRAM.replace(b"run", b"new/folder/run"),
    "a removed file": GONE + b"+++ /dev/null\n@@ -1 +0,0 @@\n-x\n",
    "no line feed at the end": patch_of(
        b"pkg/empty", b"@@ -1 +1 @@\n-x\n+y\n\\ No newline at end of file\n"
    ),
}
LEFT_TO_GIT = {
    "moved lines": patch_of(b"pkg/a.py", hunk(3).replace(b"@@ -3,3 +3,4", b"@@ -5,3 +5,4")),
    "other lines": patch_of(b"pkg/a.py", hunk(3).replace(b" line 4", b" line four")),
    "the same file twice": patch_of(b"pkg/a.py", hunk(3)) + patch_of(b"pkg/a.py", hunk(20, 1)),
    "hunks in disorder": patch_of(b"pkg/a.py", hunk(20, 1) + hunk(3)),
    "an end that is none": patch_of(b"pkg/a.py", b"@@ -3,1 +3,2 @@\n line 3\n+new\n"),
    "a beginning that is none": patch_of(b"pkg/a.py", hunk(3).replace(b"@@ -3,", b"@@ -1,")),
    "a link": patch_of(b"link", b"@@ -1 +1 @@\n-pkg/a.py\n\\ No newline at end of file\n+b\n"),
    "a file that is there": NEW_PROGRAM.replace(b"run", b"pkg/a.py"),
    "a folder that is a file": NEW_PROGRAM.replace(b"run", b"pkg/a.py/run"),
    "out of the tree": NEW_PROGRAM.replace(b"run", b"../run"),
    "into .git": NEW_PROGRAM.replace(b"run", b".Git/config"),
    "part of a file removed": GONE.replace(b"empty", b"a.py")
    + b"+++ /dev/null\n@@ -1 +0,0 @@\n-line 1\n",
    "mail": b"From 1111111 Mon Sep 17 00:00:00 2001\n" + patch_of(b"pkg/a.py", hunk(3)),
    "a signature": patch_of(b"pkg/a.py", hunk(3)) + b"-- \n2.39\n",
}


@pytest.fixture
def tree(mirror: Mirror) -> str:
    return write_tree(
        mirror.path,
        {
            b"pkg/a.py": File(BASE, b"100644"),
            b"pkg/run.sh": File(BASE, b"100755"),
            b"pkg/empty": File(b"x\n", b"100644"),
            b"link": File(b"pkg/a.py", b"120000"),
        },
    )


@pytest.mark.parametrize("patch", PLAIN.values(), ids=PLAIN)
def test_a_plain_patch_needs_no_git(mirror: Mirror, tree: str, patch: bytes) -> None:
    assert apply_exactly(mirror, tree, patch) == by_git(mirror, tree, patch) != tree


@pytest.mark.parametrize("patch", LEFT_TO_GIT.values(), ids=LEFT_TO_GIT)
def test_what_is_not_plain_is_left_to_git(mirror: Mirror, tree: str, patch: bytes) -> None:
    assert apply_exactly(mirror, tree, patch) is None
