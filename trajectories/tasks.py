"""Celery jobs of this room: load by id, call a service."""

from __future__ import annotations

from celery import shared_task

from accounts.models import Event, User
from trajectories import code, indexing
from trajectories.git import FetchFailed
from trajectories.loading.uploads import load_upload
from trajectories.models import Repository


@shared_task
def load_uploaded_files(event_id: int) -> None:
    """Load the files of an upload."""
    load_upload(Event.objects.select_related("actor").get(pk=event_id))


@shared_task
def index_trajectories(trajectory_ids: list[int]) -> None:
    """Index the words of trajectories for the search across them."""
    indexing.index_trajectories(trajectory_ids)


@shared_task(throws=(FetchFailed,))
def fetch_repository(repository_id: int, actor_id: int | None = None) -> None:
    """Fetch a repository's mirror from its source."""
    actor = None if actor_id is None else User.objects.get(pk=actor_id)
    code.fetch_repository(Repository.objects.get(pk=repository_id), actor)
