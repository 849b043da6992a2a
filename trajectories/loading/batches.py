"""Put loaded tasks and trajectories into their batch, each once, in the order they came."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.core.validators import validate_slug
from django.db import transaction
from django.db.models import Max

from accounts.events import record
from accounts.models import User
from trajectories.models import Batch, BatchTask, BatchTrajectory


class BadBatchSlug(ValueError):
    """A slug that cannot stand in an address."""


def get_batch(slug: str, actor: User | None) -> Batch:
    """Return the batch, made with a title from its slug if it is new."""
    try:
        validate_slug(slug)
    except ValidationError:
        raise BadBatchSlug(
            f"{slug!r} is no batch slug: use letters, digits, hyphens and underscores."
        ) from None
    if len(slug) > 100:
        raise BadBatchSlug("A batch slug has at most 100 characters.")
    title = slug.replace("-", " ").replace("_", " ").strip().capitalize() or slug
    batch, is_new = Batch.objects.get_or_create(slug=slug, defaults={"title": title})
    if is_new:
        record(actor, "batch created", batch, slug=slug)
    return batch


@transaction.atomic
def add_tasks(batch: Batch, task_ids: Iterable[int]) -> None:
    """Add the tasks that are not in the batch yet, behind those that are."""
    Batch.objects.select_for_update().get(pk=batch.pk)
    members = BatchTask.objects.filter(batch=batch)
    known = set(members.values_list("task_id", flat=True))
    new = [pk for pk in dict.fromkeys(task_ids) if pk not in known]
    start = (members.aggregate(last=Max("position"))["last"] or 0) + 1
    BatchTask.objects.bulk_create(
        BatchTask(batch=batch, task_id=pk, position=position)
        for position, pk in enumerate(new, start=start)
    )


@transaction.atomic
def add_trajectories(batch: Batch, trajectory_ids: Iterable[int]) -> None:
    """Add the trajectories that are not in the batch yet, behind those that are."""
    Batch.objects.select_for_update().get(pk=batch.pk)
    members = BatchTrajectory.objects.filter(batch=batch)
    known = set(members.values_list("trajectory_id", flat=True))
    new = [pk for pk in dict.fromkeys(trajectory_ids) if pk not in known]
    start = (members.aggregate(last=Max("position"))["last"] or 0) + 1
    BatchTrajectory.objects.bulk_create(
        BatchTrajectory(batch=batch, trajectory_id=pk, position=position)
        for position, pk in enumerate(new, start=start)
    )
