#!/usr/bin/env python3
"""Rebuild a sample repository; the same files give the same commit ids on every machine.

    python samples/build_repository.py [--javascript] [DEST]

DEST is a bare repository that `manage.py add_repository retrace-samples/almanac --source DEST` can
use (with --javascript: retrace-samples/rows); without it, samples/almanac.git in the data folder. A
repository that is already there and has the same commits is left alone.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
JAVASCRIPT = HERE / "javascript"


@dataclass(frozen=True)
class TaskSource:
    """What a commit's task has beside the commit itself."""

    instance_id: str
    version: str
    issue: str
    created_at: str
    hints: str


@dataclass(frozen=True)
class Commit:
    """One commit of history.toml; the first has no patch."""

    message: str
    date: str
    patch: str = ""
    task: TaskSource | None = None


@dataclass(frozen=True)
class History:
    """The content of history.toml, and the folder that it and all it names is in."""

    folder: Path
    repository: str
    author: str
    email: str
    commits: tuple[Commit, ...]
    # What runs the tests, and the folder that has them.
    runner: str
    tests: str


def load_history(folder: Path = HERE) -> History:
    """Read history.toml."""
    data = tomllib.loads((folder / "history.toml").read_text("utf-8"))
    commits = []
    for entry in data["commit"]:
        task = entry.pop("task", None)
        commits.append(Commit(**entry, task=TaskSource(**task) if task else None))
    return History(
        folder=folder,
        repository=data["repository"],
        author=data["author"],
        email=data["email"],
        commits=tuple(commits),
        runner=data.get("runner", "pytest"),
        tests=data.get("tests", "tests"),
    )


def git(folder: Path, *arguments: str, **variables: str) -> str:
    """Run git away from any configuration of the machine; return what it printed."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        **variables,
    }
    result = subprocess.run(
        ["git", "-c", f"core.hooksPath={os.devnull}", "-c", "core.autocrlf=false", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise SystemExit(f"git {arguments[0]} failed in {folder}: {result.stderr.strip()}")
    return result.stdout


def make_history(folder: Path, history: History) -> list[str]:
    """Make the commits in an empty folder; return their ids, in order."""
    git(folder, "init", "-q", "-b", "main", "--template=")
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", ".*_cache", "build")
    shutil.copytree(history.folder / "library", folder, ignore=ignored, dirs_exist_ok=True)
    ids = []
    for commit in history.commits:
        if commit.patch:
            git(folder, "apply", "--index", str(history.folder / "history" / commit.patch))
        else:
            _make_plain(folder)
            git(folder, "add", "-A", "-f")
        ids.append(_commit(folder, history, commit))
    return ids


def _make_plain(folder: Path) -> None:
    """Take away the executable bits that a copy from another file system may have brought."""
    for path in folder.rglob("*"):
        if path.is_file() and ".git" not in path.relative_to(folder).parts:
            path.chmod(0o644)


def _commit(folder: Path, history: History, commit: Commit) -> str:
    who = {}
    for role in ("AUTHOR", "COMMITTER"):
        who[f"GIT_{role}_NAME"] = history.author
        who[f"GIT_{role}_EMAIL"] = history.email
        who[f"GIT_{role}_DATE"] = commit.date
    git(folder, "commit", "-q", "--no-gpg-sign", "-m", commit.message.strip(), **who)
    return git(folder, "rev-parse", "HEAD").strip()


def build(destination: Path, folder: Path = HERE) -> list[str]:
    """Make the bare repository unless it is there already; return the commit ids, in order."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination.parent) as name:
        work = Path(name) / "work"
        work.mkdir()
        ids = make_history(work, load_history(folder))
        if destination.exists():
            _check_same(destination, ids)
            return ids
        bare = Path(name) / "bare"
        git(work, "clone", "-q", "--bare", "--no-hardlinks", "--template=", str(work), str(bare))
        git(bare, "remote", "remove", "origin")
        bare.rename(destination)
    return ids


def _check_same(destination: Path, ids: list[str]) -> None:
    found = git(destination, "rev-list", "--reverse", "main").split()
    if found != ids:
        raise SystemExit(
            f"{destination} holds other commits than the samples make. "
            "Remove it, or name another folder."
        )


def default_destination(history: History) -> Path:
    """Return samples/almanac.git in the data folder, or what another repository is called."""
    data = os.environ.get("RETRACE_DATA") or str(HERE.parent / "data")
    name = history.repository.rpartition("/")[2]
    return Path(data).resolve() / "samples" / f"{name}.git"


def main(arguments: list[str] | None = None) -> int:
    """Build the repository and print where it is, with its commits."""
    parser = argparse.ArgumentParser(description="Rebuild a sample repository.")
    parser.add_argument("destination", nargs="?", type=Path)
    parser.add_argument("--javascript", action="store_const", const=JAVASCRIPT, default=HERE)
    options = parser.parse_args(arguments)
    history = load_history(options.javascript)
    destination = (options.destination or default_destination(history)).resolve()
    ids = build(destination, history.folder)
    for commit_id, commit in zip(ids, history.commits, strict=True):
        print(commit_id, commit.message.strip().splitlines()[0])
    print(destination)
    return 0


if __name__ == "__main__":
    sys.exit(main())
