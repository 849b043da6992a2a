"""Real repositories for tests, made by git in a temporary folder."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

# Fits the patches of tests/factories.py.
CORE = b"def add(a, b):\n    return a - b\n\n"


def git(folder: Path, *arguments: str) -> str:
    """Run git apart from the machine's configuration; return what it wrote."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    identity = ("-c", "user.name=T", "-c", "user.email=t@example.org")
    return subprocess.run(
        ["git", *identity, *arguments],
        cwd=folder,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


def commit_all(folder: Path, message: str) -> str:
    git(folder, "add", "-A", "-f")
    git(folder, "commit", "-q", "-m", message)
    return git(folder, "rev-parse", "HEAD")


@dataclass
class SampleRepository:
    path: Path
    commit: str

    def add_files(self, files: dict[str, bytes]) -> str:
        """Commit files (names may hold surrogates for odd bytes); return the commit."""
        for name, content in files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        self.commit = commit_all(self.path, "more")
        return self.commit

    def orphan_commit(self) -> str:
        """Return a commit that no branch holds."""
        (self.path / "orphan.txt").write_text("x")
        orphan = commit_all(self.path, "orphan")
        git(self.path, "reset", "-q", "--hard", self.commit)
        return orphan


def make_sample(path: Path) -> SampleRepository:
    path.mkdir()
    git(path, "init", "-q", "-b", "main")
    (path / "pkg").mkdir()
    (path / "pkg/core.py").write_bytes(CORE)
    (path / "pkg/__init__.py").write_bytes(b"")
    return SampleRepository(path, commit_all(path, "base"))
