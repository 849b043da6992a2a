"""Keep what upstream reports claim of patches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from accounts import events
from accounts.models import User
from trajectories.models import Task, Trajectory
from trajectories.text import storable_json
from validation.models import Report
from validation.reports import Reported, ReportError, read_reports

MAX_FILE_BYTES = 50 * 1024 * 1024


@dataclass(frozen=True)
class LoadedReports:
    """What became of a file: how many reports are kept, and why others are not, by instance."""

    n_loaded: int
    n_unknown: int
    refused: Mapping[str, str]


@transaction.atomic
def load_report_file(
    path: Path, *, is_gold: bool = False, agent: str = "", user: User | None = None
) -> LoadedReports:
    """Keep what a file reports; raise ReportError for what is no report.

    The patch is gold's, that of the named agent or model, or of a task's only trajectory.
    Instances that are not loaded here are counted and left out. A report that is there already
    for the same patch is replaced.
    """
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ReportError("It is larger than 50 MiB.")
    reported = {found.instance_id: found for found in read_reports(path.read_bytes())}
    tasks = Task.objects.filter(instance_id__in=reported).prefetch_related("trajectories")
    refused: dict[str, str] = {}
    n_loaded = 0
    for task in tasks:
        trajectory = None if is_gold else _trajectory(task, agent)
        if trajectory is None and not is_gold:
            refused[task.instance_id] = _why_none(task, agent)
            continue
        report = _keep(task, trajectory, reported[task.instance_id])
        events.record(user, "report loaded", report, file=path.name)
        n_loaded += 1
    return LoadedReports(n_loaded, len(reported) - n_loaded - len(refused), refused)


def _keep(task: Task, trajectory: Trajectory | None, reported: Reported) -> Report:
    report, _ = Report.objects.update_or_create(
        task=task,
        trajectory=trajectory,
        defaults={
            "is_resolved": reported.is_resolved,
            "passes": storable_json(reported.passes),
        },
    )
    return report


def _trajectory(task: Task, agent: str) -> Trajectory | None:
    """Return the trajectory that is meant, or None where that is not clear."""
    found = [
        trajectory
        for trajectory in task.trajectories.all()
        if not agent or agent in (trajectory.agent_name, trajectory.model_name, trajectory.label)
    ]
    return found[0] if len(found) == 1 else None


def _why_none(task: Task, agent: str) -> str:
    labels = ", ".join(trajectory.label for trajectory in task.trajectories.all())
    if not labels:
        return "no trajectory of it is loaded."
    named = f"not one trajectory by {agent}" if agent else "more than one trajectory"
    return f"{named}; name one with --agent: {labels}"
