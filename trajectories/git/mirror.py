"""A bare mirror: fetched from a source, read object by object, never checked out for reading."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

from trajectories.git.errors import FetchFailed, GitFailed, NotFetched, ObjectMissing, UnsafeName
from trajectories.git.names import check_object_id, check_path, check_source
from trajectories.git.objects import ObjectReader, is_plain
from trajectories.git.process import GitOptions, run_git

FETCH_TIMEOUT_SECONDS = 3600
# Everything a base commit may be reachable from; forges also keep pull requests under refs/pull,
# which would double the size of a mirror, so single commits are fetched by id instead.
_REFSPECS = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
_HEAD_REFSPEC = "+HEAD:refs/retrace/source-head"


@dataclass(frozen=True)
class Entry:
    """A line of `ls-tree`. `size_bytes` is None for what is no blob.

    Bytes of a path that are not UTF-8 are surrogates in `path`, as in `os.fsdecode`.
    """

    mode: str
    kind: str
    id: str
    size_bytes: int | None
    path: str

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def is_folder(self) -> bool:
        return self.kind == "tree"

    @property
    def is_symlink(self) -> bool:
        return self.mode == "120000"

    @property
    def is_submodule(self) -> bool:
        return self.kind == "commit"


class Mirror:
    """The bare repository at `path`. Raises NotFetched for reads before the first fetch."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._objects = ObjectReader(path)

    @property
    def exists(self) -> bool:
        return (self.path / "HEAD").is_file()

    # --- fetching ------------------------------------------------------------------------------

    def fetch(
        self,
        source: str,
        *,
        commits: tuple[str, ...] = (),
        timeout_seconds: float = FETCH_TIMEOUT_SECONDS,
    ) -> None:
        """Fetch all branches and tags of `source`, then by id those of `commits` still missing.

        Waits for another fetch of the same mirror. The first fetch goes to a folder beside the
        mirror that is renamed when complete, so that a mirror is there whole or not at all.
        A commit that the source does not give is no failure: `has_commit` tells.
        """
        try:
            check_source(source)
        except UnsafeName as error:
            raise FetchFailed(source, str(error)) from error
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._locked():
            try:
                self._fetch(source, timeout_seconds)
            except GitFailed as error:
                raise FetchFailed(source, error.stderr) from error
            for commit in commits:
                self._fetch_commit(source, commit, timeout_seconds)

    def _fetch(self, source: str, timeout_seconds: float) -> None:
        if self.exists:
            _fetch_into(self.path, source, timeout_seconds)
            return
        prefix = f".{self.path.name}-"
        # What a killed fetch left behind; under the lock, nobody uses it.
        for stale in self.path.parent.glob(f"{prefix}*"):
            shutil.rmtree(stale, ignore_errors=True)
        with tempfile.TemporaryDirectory(
            dir=self.path.parent, prefix=prefix, ignore_cleanup_errors=True
        ) as folder:
            fresh = Path(folder, "mirror.git")
            run_git("init", "--bare", "--quiet", "--template=", str(fresh), cwd=Path(folder))
            _fetch_into(fresh, source, timeout_seconds)
            fresh.rename(self.path)

    def _fetch_commit(self, source: str, commit: str, timeout_seconds: float) -> None:
        try:
            if self.has_commit(commit):
                return
            refspec = f"+{check_object_id(commit)}:refs/retrace/commits/{commit}"
            _fetch_refspecs(self.path, source, (refspec,), timeout_seconds)
        except (GitFailed, UnsafeName):
            return

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self.path.with_name(f"{self.path.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    # --- reading -------------------------------------------------------------------------------

    def git(self, *arguments: str, **options: Unpack[GitOptions]) -> bytes:
        """Run a git command on the mirror and return what it wrote; see `run_git`."""
        self.require()
        return run_git(*arguments, git_dir=self.path, **options)[0]

    def require(self) -> None:
        if not self.exists:
            raise NotFetched(self.path)

    def has_commit(self, commit: str) -> bool:
        """Tell whether the mirror holds a commit with this full id."""
        self.require()
        try:
            return self._objects.header(commit)[1] == "commit"
        except (ObjectMissing, UnsafeName):
            return False

    def tree_of(self, commit: str) -> str:
        """Return the id of a commit's tree; raise ObjectMissing."""
        if not self.has_commit(commit):
            raise ObjectMissing(f"Commit {commit:.80} is not in the repository.")
        first_line = self._objects.read(commit).data.split(b"\n", 1)[0]
        return first_line.removeprefix(b"tree ").decode("ascii")

    def list_folder(self, tree: str, path: str = "") -> list[Entry]:
        """Return the entries of a folder, folders first; raise ObjectMissing."""
        path = check_path(path)
        if path:
            entry = self.entry(tree, path)
            if not entry.is_folder:
                raise ObjectMissing(f"{path} is no folder.")
            tree = entry.id
        entries = self._ls_tree(tree, prefix=f"{path}/" if path else "")
        return sorted(entries, key=lambda entry: (not entry.is_folder, entry.path))

    def list_files(self, tree: str) -> list[Entry]:
        """Return every file below a tree, in git's order."""
        return self._ls_tree(tree, "-r")

    def entry(self, tree: str, path: str) -> Entry:
        """Return what stands at a path of a tree; raise ObjectMissing."""
        found = self._ls_tree(tree, path=check_path(path))
        if not found:
            raise ObjectMissing(f"There is no {path} in this tree.")
        return found[0]

    def blob_id(self, tree: str, path: str) -> str | None:
        """Return the id of the file at a path, or None where there is no file."""
        self.require()
        try:
            if is_plain(path):
                blob, kind, _ = self._objects.header_at(tree, path)
            else:
                entry = self.entry(tree, path)
                blob, kind = entry.id, entry.kind
        except (ObjectMissing, UnsafeName):
            return None
        return blob if kind == "blob" else None

    def resolve(self, ref: str) -> str | None:
        """Return the id of the object that a full ref points at, or None where there is no ref."""
        self.require()
        try:
            return self._objects.header_of_ref(ref)[0]
        except ObjectMissing:
            return None

    def blob_size(self, blob: str) -> int:
        """Return a blob's size in bytes; raise ObjectMissing."""
        self.require()
        return self._objects.header(blob)[2]

    def read_blob(self, blob: str) -> bytes:
        """Return a file's content; raise ObjectMissing."""
        self.require()
        return self._objects.read(blob).data

    def read_tree(self, tree: str) -> bytes:
        """Return a tree as git stores it; raise ObjectMissing."""
        self.require()
        found = self._objects.read(tree)
        if found.kind != "tree":
            raise ObjectMissing(f"{tree} is no tree.")
        return found.data

    def read_commit(self, commit: str) -> bytes:
        """Return a commit as git stores it: headers, an empty line, the message."""
        if not self.has_commit(commit):
            raise ObjectMissing(f"Commit {commit:.80} is not in the repository.")
        return self._objects.read(commit).data

    def diff_trees(self, old: str, new: str) -> bytes:
        """Return the patch from one tree to another, renames found."""
        return self.git(
            "diff-tree",
            *("-r", "-p", "-M", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv"),
            check_object_id(old),
            check_object_id(new),
        )

    def _ls_tree(self, tree: str, *options: str, path: str = "", prefix: str = "") -> list[Entry]:
        arguments = ["--", path] if path else []
        try:
            out = self.git("ls-tree", "-z", "-l", *options, check_object_id(tree), *arguments)
        except GitFailed as error:
            raise ObjectMissing(f"Tree {tree} is not in the repository.") from error
        return [_entry(line, prefix) for line in out.split(b"\0") if line]


def _entry(line: bytes, prefix: str) -> Entry:
    """Parse `100644 blob 8baef1b4…    1234<TAB>pkg/x.py`."""
    head, _, path = line.partition(b"\t")
    mode, kind, object_id, size = head.decode("ascii").split()
    size_bytes = None if size == "-" else int(size)
    return Entry(mode, kind, object_id, size_bytes, prefix + os.fsdecode(path))


def _fetch_into(git_dir: Path, source: str, timeout_seconds: float) -> None:
    _fetch_refspecs(git_dir, source, _REFSPECS, timeout_seconds)
    # A plain repository may stand on a commit that no branch holds; a forge's HEAD is a branch.
    if os.path.isabs(source):
        try:
            _fetch_refspecs(git_dir, source, (_HEAD_REFSPEC,), timeout_seconds)
        except GitFailed:
            return


def _fetch_refspecs(
    git_dir: Path, source: str, refspecs: tuple[str, ...], timeout_seconds: float
) -> None:
    if os.path.isabs(source) and not Path(source).exists():
        raise GitFailed("fetch", None, "there is no such folder on this machine")
    run_git(
        *("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--update-head-ok"),
        *("--no-recurse-submodules", "--", source, *refspecs),
        git_dir=git_dir,
        timeout_seconds=timeout_seconds,
    )
