"""Which of the waiting runs is next.

Somebody who waits goes before work in bulk. In bulk the batches take turns: the one that has the
fewest runs on their way, and among those the one after the batch that this worker served last. So a
batch of ten thousand runs delays one of three by no more than one run each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db.models import BigIntegerField, Count, Min, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from trajectories.models import BatchTask, BatchTrajectory
from validation.models import Run, RunPriority, RunState
from validation.services.leases import HELD, Lease, claim, claimable

# What belongs to no batch takes its turns together.
NO_BATCH = 0


class Turns:
    """Whose turn it was last, for one worker. Forgetting it at a restart does no harm."""

    def __init__(self) -> None:
        self.last_batch = NO_BATCH

    def claim(self, worker: str) -> Lease | None:
        """Take the run that is next, or None when none waits."""
        while (chosen := self._next()) is not None:
            run_id, batch = chosen
            lease = claim(run_id, worker)
            if lease is not None:
                if batch is not None:
                    self.last_batch = batch
                return lease
            # Another worker was faster: there is one less to choose from.
        return None

    def _next(self) -> tuple[int, int | None] | None:
        """Return a run that can be claimed, and its batch where that counts."""
        ready = Run.objects.filter(claimable())
        person = ready.filter(priority__gt=RunPriority.BULK).order_by("-priority", "pk")
        if (run_id := person.values_list("pk", flat=True).first()) is not None:
            return run_id, None
        first = dict(_with_batch(ready).order_by().values_list("batch").annotate(first=Min("pk")))
        if not first:
            return None
        n_held = _n_on_their_way() if len(first) > 1 else {}
        _, _, batch = min(
            (n_held.get(batch, 0), batch <= self.last_batch, batch) for batch in first
        )
        return first[batch], batch


def places(run_ids: Iterable[int]) -> dict[int, int]:
    """Return the place in line, 1-based, of those of the runs that wait (two queries at most).

    It is the place if nobody asks for more: whoever waits goes before bulk.
    """
    wanted = set(run_ids)
    if not wanted:
        return {}
    waiting = Run.objects.filter(state=RunState.QUEUED)
    persons = waiting.filter(priority__gt=RunPriority.BULK).order_by("-priority", "pk")
    line = list(persons.values_list("pk", flat=True))
    if not wanted <= set(line):
        line += _in_turns(_with_batch(waiting.filter(priority=RunPriority.BULK)))
    return {run_id: place for place, run_id in enumerate(line, start=1) if run_id in wanted}


def _in_turns(waiting: QuerySet[Any, Any]) -> list[int]:
    seen: Counter[int] = Counter()
    ranked: list[tuple[int, int, int]] = []
    for run_id, batch in waiting.order_by("pk").values_list("pk", "batch"):
        ranked.append((seen[batch], batch, run_id))
        seen[batch] += 1
    return [run_id for _, _, run_id in sorted(ranked)]


def _n_on_their_way() -> dict[int, int]:
    held = Run.objects.filter(state__in=HELD, priority=RunPriority.BULK)
    return dict(_with_batch(held).order_by().values_list("batch").annotate(n=Count("pk")))


def _with_batch(runs: QuerySet[Run]) -> QuerySet[Any, Any]:
    """Add the batch of each run: of its trajectory, else of its task, the oldest of several."""
    of_trajectory = BatchTrajectory.objects.filter(trajectory=OuterRef("trajectory"))
    of_task = BatchTask.objects.filter(task=OuterRef("task_revision__task"))
    return runs.annotate(
        batch=Coalesce(
            Subquery(of_trajectory.order_by("batch").values("batch")[:1]),
            Subquery(of_task.order_by("batch").values("batch")[:1]),
            NO_BATCH,
            output_field=BigIntegerField(),
        )
    )
