from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.trajectories.git_repositories import commit_all, git
from trajectories.git import (
    FetchFailed,
    GitFailed,
    Mirror,
    NotFetched,
    ObjectMissing,
    PatchDoesNotApply,
    UnsafeName,
    apply_patch,
    checkout_tree,
    make_worktree,
    overlay,
)
from trajectories.git.objects import MOST_OPEN
from trajectories.git.process import run_git

FILES = {
    "README": b"hello\n",
    "pkg/__init__.py": b"",
    "pkg/core.py": b"def f():\n    return 1\n\n\ndef g():\n    return 2\n",
    "pkg/d\xc3\xa4ta \"q\".txt": b"x\r\ny\r\n",
    "latin-\xe9.txt": b"caf\xe9\n",
    "logo.png": b"\x89PNG\0\0",
}  # fmt: skip
FIX = b"""\
diff --git a/pkg/core.py b/pkg/core.py
--- a/pkg/core.py
+++ b/pkg/core.py
@@ -1,3 +1,3 @@
 def f():
-    return 1
+    return 11
\x20
"""
SECOND_HUNK = b"@@ -4,3 +4,3 @@\n \n def g():\n-    return 3\n+    return 4\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    for name, content in FILES.items():
        path = folder / os.fsdecode(name.encode("latin-1"))
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    (folder / "link").symlink_to("/etc/passwd")
    commit_all(folder, "base")
    return folder


@pytest.fixture
def base(source: Path) -> str:
    return git(source, "rev-parse", "HEAD")


@pytest.fixture
def mirror(tmp_path: Path, source: Path) -> Mirror:
    mirror = Mirror(tmp_path / "mirrors" / "o__n.git")
    mirror.fetch(str(source))
    return mirror


def test_reading_before_the_first_fetch_says_not_fetched(tmp_path: Path) -> None:
    with pytest.raises(NotFetched):
        Mirror(tmp_path / "none.git").has_commit("0" * 40)


def test_fetch_takes_a_plain_repository(mirror: Mirror, base: str) -> None:
    assert mirror.has_commit(base)
    assert not mirror.has_commit("1" * 40)


def test_fetch_takes_a_detached_head(tmp_path: Path, source: Path, base: str) -> None:
    git(source, "checkout", "-q", "--detach")
    (source / "README").write_text("detached\n")
    detached = commit_all(source, "detached")
    git(source, "branch", "-q", "-f", "main", base)
    mirror = Mirror(tmp_path / "m.git")
    mirror.fetch(str(source))
    assert mirror.has_commit(detached)


def test_fetch_asks_for_a_commit_that_no_branch_holds(
    tmp_path: Path, source: Path, base: str
) -> None:
    (source / "README").write_text("orphaned\n")
    orphaned = commit_all(source, "orphaned")
    git(source, "reset", "-q", "--hard", base)
    mirror = Mirror(tmp_path / "m.git")
    mirror.fetch(str(source), commits=(orphaned, "2" * 40, "no id"))
    assert mirror.has_commit(orphaned)


def test_fetch_again_brings_what_is_new_and_keeps_what_upstream_dropped(
    mirror: Mirror, source: Path, base: str
) -> None:
    git(source, "commit", "-q", "--amend", "-m", "rewritten")
    rewritten = git(source, "rev-parse", "HEAD")
    mirror.fetch(str(source))
    assert mirror.has_commit(rewritten)
    assert mirror.has_commit(base)


@pytest.mark.parametrize(
    "source_name", ["/nowhere/at/all", "ext::sh -c true", "--upload-pack=true", "relative/path", ""]
)
def test_a_bad_source_fails_with_a_reason_and_leaves_no_mirror(
    tmp_path: Path, source_name: str
) -> None:
    mirror = Mirror(tmp_path / "mirrors" / "m.git")
    with pytest.raises(FetchFailed):
        mirror.fetch(source_name)
    assert not mirror.exists
    assert {path.name for path in mirror.path.parent.glob("*")} <= {"m.git.lock"}


def test_git_ignores_hooks_of_the_source_and_variables_of_the_caller(
    tmp_path: Path, source: Path, base: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'core.bare'='maybe'")
    mirror = Mirror(tmp_path / "m.git")
    mirror.fetch(str(source))
    assert mirror.read_blob(mirror.blob_id(mirror.tree_of(base), "README") or "") == b"hello\n"


def test_fetches_of_one_mirror_at_the_same_time_are_one_after_the_other(
    tmp_path: Path, source: Path, base: str
) -> None:
    path = tmp_path / "mirrors" / "m.git"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: Mirror(path).fetch(str(source)), range(4)))
    assert Mirror(path).has_commit(base)


def test_what_a_killed_fetch_left_is_removed(tmp_path: Path, source: Path) -> None:
    left = tmp_path / "mirrors" / ".m.git-left"
    left.mkdir(parents=True)
    Mirror(tmp_path / "mirrors" / "m.git").fetch(str(source))
    assert not left.exists()


def test_a_command_that_does_not_end_is_ended_with_its_children(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    begun = time.monotonic()
    with pytest.raises(GitFailed, match="no end after"):
        run_git(
            *("-c", f"alias.hang=!exec 9>{lock}; flock -x 9; sleep 60; true", "hang"),
            cwd=tmp_path,
            timeout_seconds=1,
        )
    with lock.open() as held:
        # Free only once the grandchild that sleeps is gone.
        fcntl.flock(held, fcntl.LOCK_EX)
    assert time.monotonic() - begun < 30


def test_a_submodule_is_listed_and_not_read(mirror: Mirror, source: Path, base: str) -> None:
    git(source, "update-index", "--add", "--cacheinfo", f"160000,{base},vendor")
    git(source, "commit", "-q", "-m", "submodule")
    mirror.fetch(str(source))
    entry = mirror.entry(mirror.tree_of(git(source, "rev-parse", "HEAD")), "vendor")
    assert (entry.is_submodule, entry.size_bytes) == (True, None)
    assert mirror.blob_id(mirror.tree_of(git(source, "rev-parse", "HEAD")), "vendor") is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_source_of_another_owner_is_fetched(tmp_path: Path, source: Path, base: str) -> None:
    for folder, _, names in os.walk(source):
        os.chown(folder, 12345, 12345)
        for name in names:
            os.chown(Path(folder, name), 12345, 12345, follow_symlinks=False)
    mirror = Mirror(tmp_path / "m.git")
    mirror.fetch(str(source))
    assert mirror.has_commit(base)


def test_folders_come_before_files(mirror: Mirror, base: str) -> None:
    names = [entry.name for entry in mirror.list_folder(mirror.tree_of(base))]
    assert names[0] == "pkg"
    assert "logo.png" in names


def test_every_file_is_listed_and_read_back(mirror: Mirror, base: str) -> None:
    tree = mirror.tree_of(base)
    listed = {
        os.fsencode(entry.path): mirror.read_blob(entry.id)
        for entry in mirror.list_files(tree)
        if not entry.is_symlink
    }
    assert listed == {name.encode("latin-1"): content for name, content in FILES.items()}


@pytest.mark.parametrize("odd", ["", "\n", " \n a", "\udce9"])
def test_a_file_of_any_name_is_found_by_its_path(mirror: Mirror, source: Path, odd: str) -> None:
    (source / f"x y{odd}.txt").write_text("odd")
    tree = git(source, "rev-parse", f"{commit_all(source, 'odd')}^{{tree}}")
    mirror.fetch(str(source))
    for entry in mirror.list_files(tree):
        assert mirror.blob_id(tree, entry.path) == entry.id
    assert mirror.blob_id(tree, "pkg") is None
    assert mirror.blob_id(tree, "") is None


def test_a_link_is_read_as_its_target_and_never_followed(mirror: Mirror, base: str) -> None:
    entry = mirror.entry(mirror.tree_of(base), "link")
    assert entry.is_symlink
    assert mirror.read_blob(entry.id) == b"/etc/passwd"


@pytest.mark.parametrize("path", ["../etc/passwd", "pkg/../README", "pkg//core.py", "a\0b", "./x"])
def test_paths_that_climb_are_refused(mirror: Mirror, base: str, path: str) -> None:
    with pytest.raises(UnsafeName):
        mirror.entry(mirror.tree_of(base), path)


@pytest.mark.parametrize("path", ["nothing", "README/below", "*", ":(top)README", "-r", "README\n"])
def test_a_path_that_is_not_there_is_missing(mirror: Mirror, base: str, path: str) -> None:
    with pytest.raises(ObjectMissing):
        mirror.entry(mirror.tree_of(base), path)
    assert mirror.blob_id(mirror.tree_of(base), path) is None


@pytest.mark.parametrize("name", ["HEAD", "main", "--all", "", "0" * 39, "0" * 40 + "\n"])
def test_only_full_ids_name_objects(mirror: Mirror, name: str) -> None:
    with pytest.raises(UnsafeName):
        mirror.list_folder(name)
    assert not mirror.has_commit(name)


def test_a_patch_becomes_a_tree_and_the_diff_gives_it_back(mirror: Mirror, base: str) -> None:
    tree = mirror.tree_of(base)
    patched = apply_patch(mirror, tree, FIX)
    diff = mirror.diff_trees(tree, patched)
    assert b"-    return 1\n+    return 11\n" in diff
    assert mirror.diff_trees(tree, tree) == b""


def test_a_patched_tree_is_remembered_and_survives_gc(mirror: Mirror, base: str) -> None:
    patched = apply_patch(mirror, mirror.tree_of(base), FIX)
    mirror.git("gc", "--quiet", "--prune=now")
    assert apply_patch(mirror, mirror.tree_of(base), FIX) == patched
    assert Mirror(mirror.path).blob_id(patched, "pkg/core.py")


@pytest.mark.parametrize(
    "written", [b"\n" + FIX, FIX.rstrip(b"\n"), b"\r\n" + FIX], ids=["before", "end", "crlf"]
)
def test_lost_or_added_blank_lines_around_a_patch_do_not_matter(
    mirror: Mirror, base: str, written: bytes
) -> None:
    tree = mirror.tree_of(base)
    assert apply_patch(mirror, tree, written) == apply_patch(mirror, tree, FIX)


@pytest.mark.parametrize("nothing", [b"", b"\n", b"  \n\t"])
def test_an_empty_patch_changes_nothing(mirror: Mirror, base: str, nothing: bytes) -> None:
    tree = mirror.tree_of(base)
    assert apply_patch(mirror, tree, nothing) == tree


def test_what_does_not_apply_is_named_by_file_and_line(mirror: Mirror, base: str) -> None:
    missing = b"--- a/gone.py\n+++ b/gone.py\n@@ -1 +1 @@\n-a\n+b\n"
    with pytest.raises(PatchDoesNotApply) as caught:
        apply_patch(mirror, mirror.tree_of(base), FIX + SECOND_HUNK + missing)
    failures = [(failure.path, failure.line) for failure in caught.value.failures]
    assert failures == [("pkg/core.py", 4), ("gone.py", None)]
    assert not caught.value.is_applied_already


def test_a_failing_hunk_is_named_by_its_first_line(mirror: Mirror, base: str) -> None:
    with pytest.raises(PatchDoesNotApply) as caught:
        apply_patch(mirror, mirror.tree_of(base), FIX + SECOND_HUNK)
    assert [(f.path, f.line) for f in caught.value.failures] == [("pkg/core.py", 4)]


def test_a_patch_that_is_there_already_is_told_apart(mirror: Mirror, base: str) -> None:
    patched = apply_patch(mirror, mirror.tree_of(base), FIX)
    with pytest.raises(PatchDoesNotApply) as caught:
        apply_patch(mirror, patched, FIX)
    assert caught.value.is_applied_already


@pytest.mark.parametrize(
    "patch",
    [
        b"no patch at all",
        FIX.replace(b"a/pkg/core.py", b"a/../../x").replace(b"b/pkg/core.py", b"b/../../x"),
        FIX.replace(b"pkg/core.py", b".git/config"),
    ],
    ids=["garbage", "climbs", "into .git"],
)
def test_a_hostile_or_broken_patch_does_not_apply(mirror: Mirror, base: str, patch: bytes) -> None:
    with pytest.raises(PatchDoesNotApply) as caught:
        apply_patch(mirror, mirror.tree_of(base), patch)
    assert caught.value.failures


def test_overlay_takes_files_over_and_removes_what_is_not_there(mirror: Mirror, base: str) -> None:
    tree = mirror.tree_of(base)
    changed = apply_patch(mirror, tree, FIX)
    added = apply_patch(mirror, changed, b"--- /dev/null\n+++ b/new.py\n@@ -0,0 +1 @@\n+new = 1\n")
    assert overlay(mirror, added, tree, ("pkg/core.py", "new.py")) == tree
    assert overlay(mirror, tree, added, ("new.py",)) != tree


def test_a_checkout_holds_the_files_and_no_link_to_the_mirror(
    mirror: Mirror, base: str, tmp_path: Path
) -> None:
    destination = tmp_path / "tree"
    checkout_tree(mirror, apply_patch(mirror, mirror.tree_of(base), FIX), destination)
    assert b"return 11" in (destination / "pkg/core.py").read_bytes()
    assert (destination / "link").is_symlink()
    assert not (destination / ".git").exists()


def test_a_worktree_knows_its_commit_and_nothing_younger(
    mirror: Mirror, source: Path, base: str, tmp_path: Path
) -> None:
    (source / "README").write_text("the fix\n")
    fix = commit_all(source, "fix")
    mirror.fetch(str(source))
    destination = tmp_path / "testbed"
    make_worktree(mirror, base, destination)
    assert git(destination, "rev-parse", "HEAD") == base
    assert git(destination, "status", "--porcelain") == ""
    assert git(destination, "log", "--all", "--format=%H") == base
    objects = git(destination, "cat-file", "--batch-all-objects", "--batch-check")
    assert fix not in objects
    assert str(mirror.path) not in (destination / ".git/config").read_text()
    assert not (destination / ".git/objects/info/alternates").exists()


def test_a_worktree_of_a_patched_tree_shows_the_patch_as_uncommitted(
    mirror: Mirror, base: str, tmp_path: Path
) -> None:
    tree = apply_patch(mirror, mirror.tree_of(base), FIX)
    make_worktree(mirror, base, tmp_path / "testbed", tree=tree)
    assert git(tmp_path / "testbed", "status", "--porcelain") == "M pkg/core.py"


def test_reading_works_after_a_fork(mirror: Mirror, base: str) -> None:
    read: Callable[[], str] = lambda: mirror.tree_of(base)  # noqa: E731
    expected = read()
    pid = os.fork()
    if pid == 0:
        os._exit(0 if read() == expected else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert read() == expected


def test_many_mirrors_do_not_keep_a_process_each(source: Path, base: str, tmp_path: Path) -> None:
    mirrors = [Mirror(tmp_path / f"m{number}.git") for number in range(24)]
    for mirror in mirrors:
        git(tmp_path, "clone", "-q", "--bare", str(source), str(mirror.path))
    before = len(os.listdir("/proc/self/fd"))

    trees = {mirror.tree_of(base) for mirror in mirrors for _ in range(2)}
    read = [mirror.read_blob(mirror.blob_id(mirror.tree_of(base), "README")) for mirror in mirrors]

    assert len(trees) == 1
    assert read == [FILES["README"]] * 24
    assert len(os.listdir("/proc/self/fd")) - before <= 6 * MOST_OPEN
