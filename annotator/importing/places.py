"""Find the trajectory and the batch that an annotation of a file is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annotator.importing.files import Item
from trajectories.models import Batch, BatchTrajectory, TaskRevision, Trajectory


class NoPlace(Exception):
    """Nothing here is what the annotation is about; the message says what to load."""


def find_trajectory(item: Item) -> Trajectory:
    """Return the trajectory by its file's hash, or by its task where that has one only."""
    about: Mapping[str, Any] = {
        **(item.line.get("trajectory") or {}),
        **(item.content.get("trajectory") or {}),
    }
    found = Trajectory.objects.select_related("task__repository", "task_revision", "source_file")
    if sha256 := about.get("source_file_sha256"):
        found = found.filter(source_file__sha256=sha256)
        if "item_key" in about:
            found = found.filter(item_key=about["item_key"])
        what = f"the trajectory file {str(sha256)[:12]}…"
    elif instance_id := _instance_id(item):
        found = found.filter(task__instance_id=instance_id)
        what = f"a trajectory of {instance_id}"
    else:
        raise NoPlace("It names neither trajectory.source_file_sha256 nor task.instance_id.")
    rows = list(found[:2])
    if not rows:
        raise NoPlace(f"It is about {what}, which is not loaded here; load it first.")
    if len(rows) > 1:
        raise NoPlace(f"There is more than {what}; name it by trajectory.source_file_sha256.")
    if trouble := _contradiction(item, about, rows[0]):
        raise NoPlace(f"{trouble}; mend the one or the other.")
    return rows[0]


def _contradiction(item: Item, about: Mapping[str, Any], trajectory: Trajectory) -> str:
    """Say in what the file's task or trajectory is not the one that was found."""
    task = {**(item.line.get("task") or {}), **(item.content.get("task") or {})}
    instance_id = task.get("instance_id") or trajectory.task.instance_id
    if instance_id != trajectory.task.instance_id:
        return f"It names the task {instance_id}, but a trajectory of {trajectory.task.instance_id}"
    if (n_steps := about.get("n_steps", trajectory.n_steps)) != trajectory.n_steps:
        return f"It says that the trajectory has {n_steps} steps, but it has {trajectory.n_steps}"
    commit = task.get("base_commit")
    revisions = TaskRevision.objects.filter(task=trajectory.task)
    if commit and not revisions.filter(base_commit=commit).exists():
        return f"It names the base commit {commit[:12]}, which no revision of {instance_id} has"
    return ""


def _instance_id(item: Item) -> str:
    for around in (item.content, item.line):
        if instance_id := (around.get("task") or {}).get("instance_id"):
            return str(instance_id)
    return ""


def find_membership(trajectory: Trajectory, item: Item, slug: str) -> BatchTrajectory:
    """Return its place in the batch that is named, in the file's, or in its only one."""
    held = BatchTrajectory.objects.filter(trajectory=trajectory).select_related("batch")
    named = slug or item.line.get("batch", "")
    if named and (membership := held.filter(batch__slug=named).first()):
        return membership
    if slug:
        known = Batch.objects.filter(slug=slug).exists()
        raise NoPlace(
            f"{trajectory} is not in the batch {slug}." if known else f"There is no batch {slug}."
        )
    rows = list(held[:2])
    if len(rows) != 1:
        raise NoPlace(f"{trajectory} is in {len(rows) or 'no'} batches; name one with --batch.")
    return rows[0]
