"""Say why code cannot be shown: what, where, and what to do."""

from __future__ import annotations

from dataclasses import dataclass

from trajectories.git import GitError, HunkFailure, NotFetched, ObjectMissing, PatchDoesNotApply
from trajectories.git.text import without_credentials
from trajectories.models import Repository, Trajectory

_SHOWN_FAILURES = 20


@dataclass(frozen=True)
class Notice:
    """`can_fetch`: fetching the repository again may help; only an admin is offered to."""

    title: str
    text: str
    repository: Repository
    can_fetch: bool = False
    failures: tuple[HunkFailure, ...] = ()
    n_more_failures: int = 0


def notice_for(error: GitError, trajectory: Trajectory) -> Notice:
    """Return the message for what went wrong while reading the code of a task."""
    repository = trajectory.task.repository
    commit = trajectory.task_revision.base_commit[:12]
    if not trajectory.task_revision.base_commit:
        return Notice(
            title=f"{trajectory.task} is not loaded",
            text="Its code and its patches are known once a row of it is loaded, with"
            " manage.py load_tasks or on the page “Load”.",
            repository=repository,
        )
    if isinstance(error, PatchDoesNotApply):
        return _patch_notice(error, repository, commit)
    if isinstance(error, NotFetched):
        return _not_fetched_notice(repository)
    if isinstance(error, ObjectMissing):
        return Notice(
            title=f"{commit} is not in the mirror",
            text=f"The mirror of {repository} lacks what this task stands on. Fetch it again, or"
            " correct where it is fetched from.",
            repository=repository,
            can_fetch=True,
        )
    return Notice(
        title="git could not read the code",
        text=f"{error} If this stays, tell an admin.",
        repository=repository,
    )


def _not_fetched_notice(repository: Repository) -> Notice:
    if repository.fetch_error:
        return Notice(
            title=f"{repository} could not be fetched",
            text=f"{without_credentials(repository.source)}: {repository.fetch_error}",
            repository=repository,
            can_fetch=True,
        )
    return Notice(
        title=f"{repository} has not been fetched yet",
        text="A worker fetches it when a trajectory of it is claimed: open the tab again in a"
        f" moment. An admin can fetch it at any time: manage.py fetch_repository {repository}",
        repository=repository,
        can_fetch=True,
    )


def _patch_notice(error: PatchDoesNotApply, repository: Repository, commit: str) -> Notice:
    if error.is_applied_already:
        text = "Its reverse applies: the change is in the base commit already."
    else:
        text = (
            "It is shown as it was written. A run also tries a three-way merge and patch's fuzz,"
            " as SWE-bench's harness does; plainly applied, these parts found no place:"
        )
    return Notice(
        title=f"The patch does not apply to {commit}",
        text=text,
        repository=repository,
        failures=error.failures[:_SHOWN_FAILURES],
        n_more_failures=max(0, len(error.failures) - _SHOWN_FAILURES),
    )
