"""Load tasks and trajectories from files, with a report of what became of each item."""

from __future__ import annotations

from trajectories.loading.batches import BadBatchSlug, get_batch
from trajectories.loading.report import FileReport, ItemReport, LoadReport
from trajectories.loading.sources import Source
from trajectories.loading.tasks import load_task_sources, load_tasks
from trajectories.loading.trajectories import load_trajectories, load_trajectory_sources

__all__ = [
    "BadBatchSlug",
    "FileReport",
    "ItemReport",
    "LoadReport",
    "Source",
    "get_batch",
    "load_task_sources",
    "load_tasks",
    "load_trajectories",
    "load_trajectory_sources",
]
