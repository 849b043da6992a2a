"""Batches with their counts, and a person's assignments."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Max, OuterRef, Q, Subquery, Sum

from accounts.models import User
from annotator.models import (
    CHAIN_KINDS,
    Assignment,
    AssignmentState,
    TimeEntry,
)
from annotator.services.claiming import free_slots
from trajectories.models import Batch
from validation.models import Admission


@dataclass(frozen=True)
class BatchRow:
    """A batch with its counts; `n_free` is what this person could claim now."""

    batch: Batch
    n_tasks: int
    n_trajectories: int
    counts: dict[str, int]
    n_free: int

    @property
    def n_open_slots(self) -> int:
        policy = getattr(self.batch, "policy", None)
        overlap = policy.overlap if policy else 1
        taken = sum(n for state, n in self.counts.items() if state != AssignmentState.RELEASED)
        return max(0, self.n_trajectories * overlap - taken)


def batch_rows(user: User) -> list[BatchRow]:
    """List all batches with their counts; for an annotator with what is free for them."""
    batches = (
        Batch.objects.select_related("policy")
        .annotate(
            n_tasks=Count("task_memberships", distinct=True),
            n_trajectories=Count("memberships", distinct=True),
            n_shut=Count("memberships", distinct=True, filter=_shut()),
        )
        .order_by("-created_at")
    )
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    states = Assignment.objects.values("membership__batch", "state").annotate(n=Count("pk"))
    for row in states.order_by():
        counts[row["membership__batch"]][row["state"]] = row["n"]
    mine = _held_by_batch(user)
    return [
        BatchRow(
            batch=batch,
            n_tasks=batch.n_tasks,
            n_trajectories=batch.n_trajectories,
            counts=counts[batch.pk],
            n_free=_free(batch, counts[batch.pk], mine.get(batch.pk, 0), user),
        )
        for batch in batches
    ]


def _shut() -> Q:
    """Match memberships whose task is not admitted, which nobody is handed."""
    shut = Admission.objects.shut_revisions()
    return Q(memberships__trajectory__task__current_revision__in=shut)


def _held_by_batch(user: User) -> dict[int, int]:
    rows = (
        Assignment.objects.holding_slot()
        .filter(annotator=user)
        .values_list("membership__batch")
        .annotate(n=Count("pk"))
        .order_by()
    )
    return dict(rows)


def _free(batch: Any, counts: dict[str, int], n_mine: int, user: User) -> int:
    """Count what the person could claim, without a query where the counts already tell."""
    policy = getattr(batch, "policy", None)
    overlap = policy.overlap if policy else 1
    taken = sum(n for state, n in counts.items() if state != AssignmentState.RELEASED)
    if overlap == 1 and not batch.n_shut:
        return max(0, int(batch.n_trajectories) - taken)
    if n_mine >= batch.n_trajectories or taken >= overlap * batch.n_trajectories:
        return 0
    return free_slots(batch, user)


def assignments_of(user: User, batch: Batch | None = None) -> list[Assignment]:
    """List a person's assignments: changes requested first, then what is in progress."""
    order = {
        AssignmentState.CHANGES_REQUESTED: 0,
        AssignmentState.ACTIVE: 1,
        AssignmentState.SUBMITTED: 2,
    }
    found = Assignment.objects.holding_slot().filter(annotator=user)
    if batch is not None:
        found = found.filter(membership__batch=batch)
    found = (
        found.select_related("membership__batch", "membership__trajectory__task", "annotation")
        .defer("membership__trajectory__model_patch", "membership__trajectory__extra")
        .annotate(
            n_steps=Count(
                "annotation__reasoning_steps",
                filter=Q(
                    annotation__is_prefilled=False,
                    annotation__reasoning_steps__deleted_at=None,
                    annotation__reasoning_steps__kind__in=CHAIN_KINDS,
                ),
            ),
            last_edit=Max("annotation__changed_at"),
            active=Subquery(_active_time(user)),
        )
    )
    return sorted(found, key=lambda a: (order.get(AssignmentState(a.state), 3), -a.pk))


def _active_time(user: User) -> Any:
    """Add up what counts of the person's work on an assignment."""
    entries = TimeEntry.objects.counting().filter(assignment=OuterRef("pk"), person=user)
    total = Sum(F("ended_at") - F("started_at"))
    return entries.order_by().values("assignment").annotate(total=total).values("total")
