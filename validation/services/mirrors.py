"""Have a repository's mirror hold the commit that a run needs."""

from __future__ import annotations

from django.utils import timezone

from trajectories.git import FetchFailed, Mirror
from trajectories.models import Repository
from validation.services.failures import InfrastructureFailure


def mirror_with(repository: Repository, commit: str) -> Mirror:
    """Return the mirror, fetched if it lacks the commit. Raise InfrastructureFailure."""
    mirror = Mirror(repository.mirror_path)
    if mirror.exists and mirror.has_commit(commit):
        return mirror
    try:
        mirror.fetch(repository.source, commits=(commit,))
    except FetchFailed as error:
        Repository.objects.filter(pk=repository.pk).update(fetch_error=str(error))
        raise InfrastructureFailure(str(error), may_pass=True) from error
    Repository.objects.filter(pk=repository.pk).update(fetch_error="", fetched_at=timezone.now())
    if not mirror.has_commit(commit):
        raise InfrastructureFailure(
            f"{repository.source} has no commit {commit}: correct the source of {repository.name}"
            f" (manage.py add_repository {repository.name} --source URL_OR_PATH).",
            may_pass=False,
        )
    return mirror
