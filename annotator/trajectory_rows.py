"""The list of a batch's trajectories, for its admin: hundreds of rows on one page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from django.urls import reverse

from annotator.models import Assignment
from trajectories.models import Batch
from trajectories.models.trajectory import trajectory_label

_STAND_IN = 7_351_735


@dataclass(frozen=True)
class Holder:
    """A person who holds the trajectory, with the address of their workspace."""

    name: str
    url: str
    state: str
    state_label: str


@dataclass(frozen=True)
class TrajectoryRow:
    """A trajectory of a batch, with who holds it."""

    instance_id: str
    task_url: str
    label: str
    url: str
    file_name: str
    n_steps: int
    exit_status: str
    holders: tuple[Holder, ...]


def trajectory_rows(batch: Batch) -> list[TrajectoryRow]:
    """List a batch's trajectories in order (two queries); rows are plain values, made quickly."""
    holders = _holders(batch)
    task_url, trajectory_url = address_of("validation:task"), address_of("validation:trajectory")
    fields = ("task__instance_id", "agent_name", "model_name", "file_name", "n_steps")
    rows = batch.memberships.order_by("position").values_list(
        "pk", "trajectory", *(f"trajectory__{name}" for name in fields), "trajectory__exit_status"
    )
    return [
        TrajectoryRow(
            instance_id=instance_id,
            task_url=task_url(instance_id),
            label=trajectory_label(agent, model, file_name),
            url=trajectory_url(pk),
            file_name=file_name,
            n_steps=n_steps,
            exit_status=exit_status,
            holders=tuple(holders[membership]),
        )
        for membership, pk, instance_id, agent, model, file_name, n_steps, exit_status in rows
    ]


def _holders(batch: Batch) -> dict[int, list[Holder]]:
    url = address_of("annotator:workspace")
    found: dict[int, list[Holder]] = defaultdict(list)
    held = Assignment.objects.holding_slot().filter(membership__batch=batch)
    for assignment in held.select_related("annotator").order_by("slot"):
        found[assignment.membership_id].append(
            Holder(
                name=str(assignment.annotator),
                url=url(assignment.pk),
                state=assignment.state,
                state_label=assignment.get_state_display(),
            )
        )
    return found


def address_of(name: str) -> Callable[[object], str]:
    """Return what makes the addresses of a URL name; the resolver is asked once for all of them."""
    head, _, tail = reverse(name, args=[_STAND_IN]).partition(str(_STAND_IN))
    return lambda argument: f"{head}{quote(str(argument))}{tail}"
