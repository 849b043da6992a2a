"""What can go wrong with a mirror, as values that a page can explain."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from trajectories.git.text import without_credentials


class GitError(Exception):
    """Anything this package raises."""


class GitFailed(GitError):
    """A git command ended with an error; `stderr` is what it said, shortened."""

    def __init__(self, command: str, exit_code: int | None, stderr: str) -> None:
        self.command = command
        self.exit_code = exit_code
        self.stderr = stderr.strip()[-2000:]
        super().__init__(f"git {command}: {self.stderr or f'exit code {exit_code}'}")


class NotFetched(GitError):
    """There is no mirror yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__("The repository has not been fetched yet.")


class FetchFailed(GitError):
    def __init__(self, source: str, reason: str) -> None:
        self.source = without_credentials(source)
        self.reason = without_credentials(reason)
        super().__init__(f"{self.source} could not be fetched: {self.reason}")


class ObjectMissing(GitError):
    """A commit, tree, blob or path that the mirror does not hold."""


class UnsafeName(GitError):
    """A path or object name that git must not be given."""


@dataclass(frozen=True)
class HunkFailure:
    """Why one hunk does not apply: the one whose old side begins at `line` (1-based).

    `line` is None for a whole file; `path` is empty for the whole patch.
    """

    path: str
    line: int | None
    message: str


class PatchDoesNotApply(GitError):
    """`is_applied_already`: the reverse of the patch applies, so its change is there already."""

    def __init__(
        self, failures: tuple[HunkFailure, ...], *, is_applied_already: bool = False
    ) -> None:
        self.failures = failures
        self.is_applied_already = is_applied_already
        first = failures[0] if failures else None
        super().__init__(
            f"The patch does not apply: {first.path}: {first.message}"
            if first
            else "The patch does not apply."
        )
