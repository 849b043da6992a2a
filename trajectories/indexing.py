"""Fill the index of words that the search across trajectories asks."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from trajectories.models import Step, StepWords, Trajectory
from trajectories.querysets import TrajectoryQuerySet
from trajectories.step_text import output_text, step_call, thought_text
from trajectories.words import chunks_of, words_of

logger = logging.getLogger(__name__)
_STEPS_AT_ONCE = 50
# Trajectories of one job: others in the queue wait no longer than for these.
_AT_ONCE = 10
# How long a page waits before it asks again for what is not indexed yet.
_ASK_AGAIN_SECONDS = 300
_INSERT = """
    INSERT INTO trajectories_stepwords (trajectory_id, step_id, chunk, words)
    SELECT %s, new.step_id, new.chunk, to_tsvector('simple', new.words)
    FROM unnest(%s::bigint[], %s::int[], %s::text[]) AS new (step_id, chunk, words)
"""


def not_indexed(trajectories: TrajectoryQuerySet) -> TrajectoryQuerySet:
    """Keep the trajectories whose words the index does not know yet."""
    known = StepWords.objects.filter(trajectory=OuterRef("pk"))
    return trajectories.filter(~Exists(known), n_steps__gt=0)


def index_trajectories(ids: Sequence[int]) -> None:
    """Index the words of a few trajectories, and leave the rest to a job that waits its turn."""
    for trajectory in not_indexed(Trajectory.objects.filter(pk__in=ids[:_AT_ONCE])).only("pk"):
        _index(trajectory)
    if ids[_AT_ONCE:]:
        _queue(ids[_AT_ONCE:])


def _queue(ids: Sequence[int]) -> None:
    # The job calls this module.
    from trajectories.tasks import index_trajectories as job

    job.delay_on_commit(list(ids))  # type: ignore[attr-defined]


def ask_for_index(trajectories: TrajectoryQuerySet) -> int:
    """Have a worker index what is missing; return how many trajectories that is."""
    ids = sorted(not_indexed(trajectories).values_list("pk", flat=True))
    if ids and cache.add(f"step-words:{ids[0]}:{ids[-1]}:{len(ids)}", 1, _ASK_AGAIN_SECONDS):
        _queue(ids)
    return len(ids)


@transaction.atomic
def _index(trajectory: Trajectory) -> None:
    # Two workers may have been asked for the same trajectory.
    locked = Trajectory.objects.select_for_update().only("pk").get(pk=trajectory.pk)
    if StepWords.objects.filter(trajectory=locked).exists():
        return
    steps = Step.objects.filter(trajectory=locked).order_by("number")
    rows: list[tuple[int, int, str]] = []
    for step in steps.iterator(chunk_size=_STEPS_AT_ONCE):
        rows += _rows(step)
        if len(rows) >= _STEPS_AT_ONCE:
            _insert(locked.pk, rows)
            rows = []
    _insert(locked.pk, rows)
    logger.debug("Indexed the words of trajectory %s", locked.pk)


def _rows(step: Step) -> Iterator[tuple[int, int, str]]:
    for number, chunk in enumerate(chunks_of("\n".join(_texts(step)))):
        yield step.pk, number, " ".join(sorted(words_of(chunk)))


def _texts(step: Step) -> Iterator[str]:
    yield thought_text(step)
    yield from (step_call(step, index).text for index in range(len(step.tool_calls)))
    yield from (output_text(step, index) for index in range(len(step.observations)))


def _insert(trajectory_id: int, rows: list[tuple[int, int, str]]) -> None:
    if rows:
        step_ids, chunks, words = zip(*rows, strict=True)
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, [trajectory_id, list(step_ids), list(chunks), list(words)])
