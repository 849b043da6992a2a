"""Load trajectory files into a batch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DataError, transaction

from accounts.events import record
from accounts.models import User
from trajectories.classify import classify_step
from trajectories.formats import (
    ParsedStep,
    ParsedTrajectory,
    ToolCall,
    UnreadableTrajectory,
    read_trajectories,
)
from trajectories.images import OF_THOUGHT, keep_images
from trajectories.indexing import ask_for_index
from trajectories.loading.batches import add_trajectories, get_batch
from trajectories.loading.matching import NoTask, find_instance_id, repository_name
from trajectories.loading.report import FileReport, ItemReport, LoadReport
from trajectories.loading.revisions import (
    NOTHING_KNOWN,
    UNKNOWN_REPOSITORY,
    content_sha256,
    get_repository,
    is_placeholder,
    lock_task,
)
from trajectories.loading.sources import Source, find_sources
from trajectories.models import Batch, SourceFile, Step, Task, TaskRevision, Trajectory
from trajectories.text import storable, storable_json

# A whole file is parsed in memory, which takes several times its size.
MAX_FILE_BYTES = 200 * 1024 * 1024
_STEPS_PER_INSERT = 200


def load_trajectories(
    paths: Iterable[Path], *, batch_slug: str, actor: User | None = None
) -> LoadReport:
    """Load every readable trajectory of the files and folders. Raises BadBatchSlug."""
    return load_trajectory_sources(find_sources(paths), get_batch(batch_slug, actor), actor=actor)


def load_trajectory_sources(
    sources: Iterable[Source], batch: Batch, *, actor: User | None = None
) -> LoadReport:
    """Load the trajectories of the sources into the batch."""
    report = LoadReport()
    for source in sources:
        report.files.append(_load_file(source, batch, actor))
    record(actor, "trajectories loaded", batch, **report.counts())
    ask_for_index(Trajectory.objects.filter(batch_memberships__batch=batch))
    return report


def _load_file(source: Source, batch: Batch, actor: User | None) -> FileReport:
    file = FileReport(source.label, refusal=source.refusal)
    if source.refusal:
        return file
    trajectory_ids: list[int] = []
    try:
        content = _read_bytes(source.path)
        for parsed in read_trajectories(content):
            item, trajectory = _load_one(parsed, content, source.label, actor)
            file.items.append(item)
            if trajectory is not None:
                trajectory_ids.append(trajectory.pk)
    except UnreadableTrajectory as error:
        file.refusal = str(error)
    except OSError as error:
        file.refusal = f"Cannot be read: {error.strerror or error}."
    add_trajectories(batch, trajectory_ids)
    return file


def _read_bytes(path: Path) -> bytes:
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise UnreadableTrajectory(
            f"The file has {size // 1024**2} MiB; a trajectory may have "
            f"{MAX_FILE_BYTES // 1024**2}. Split it or leave out the prompt copies."
        )
    return path.read_bytes()


def _load_one(
    parsed: ParsedTrajectory, content: bytes, label: str, actor: User | None
) -> tuple[ItemReport, Trajectory | None]:
    try:
        instance_id = find_instance_id(parsed.instance_id, label)
    except NoTask as error:
        return _item(parsed, parsed.instance_id, "refused", str(error)), None
    try:
        trajectory, is_new = save_trajectory(
            parsed, content, instance_id=instance_id, file_name=Path(label).name, actor=actor
        )
    except (DataError, RecursionError) as error:
        reason = f"The database cannot hold it: {error}."
        return _item(parsed, instance_id, "refused", reason), None
    remark = parsed.remark
    if is_placeholder(trajectory.task_revision):
        remark = f"{remark} " if remark else ""
        remark += (
            f"No row of the task {instance_id} is loaded yet: until load_tasks brings one, "
            "there is no issue, no gold patch and nothing to validate."
        )
    return _item(parsed, instance_id, "loaded" if is_new else "unchanged", remark), trajectory


def _item(parsed: ParsedTrajectory, instance_id: str, status: Any, reason: str) -> ItemReport:
    return ItemReport(
        instance_id=instance_id,
        format=parsed.format,
        status=status,
        reason=reason,
        steps=len(parsed.steps),
        has_patch=parsed.has_patch,
    )


@transaction.atomic
def save_trajectory(
    parsed: ParsedTrajectory,
    content: bytes,
    *,
    instance_id: str,
    file_name: str,
    actor: User | None,
) -> tuple[Trajectory, bool]:
    """Keep a trajectory, its steps and its original file; return it and whether it is new.

    Two loads of the same file wait for each other on the task's row.
    """
    task, revision = _get_task(instance_id)
    source_file = keep_original(content)
    known = Trajectory.objects.filter(
        task=task, source_file=source_file, item_key=parsed.item_key
    ).select_related("task_revision")
    if trajectory := known.first():
        return trajectory, False
    trajectory = Trajectory.objects.create(
        task=task,
        task_revision=revision,
        source_file=source_file,
        item_key=parsed.item_key,
        file_name=storable(file_name)[-500:],
        **_trajectory_fields(parsed),
    )
    steps = (_step(trajectory, number, step) for number, step in enumerate(parsed.steps, start=1))
    Step.objects.bulk_create(steps, batch_size=_STEPS_PER_INSERT)
    record(actor, "trajectory loaded", trajectory, instance_id=instance_id, steps=len(parsed.steps))
    return trajectory, True


def _get_task(instance_id: str) -> tuple[Task, TaskRevision]:
    """Return the task, locked, with a placeholder for its revision if no row of it is loaded."""
    known = Task.objects.filter(instance_id=instance_id).first()
    if known is None:
        name = repository_name(instance_id) or UNKNOWN_REPOSITORY
        known, _ = Task.objects.get_or_create(
            instance_id=instance_id, defaults={"repository": get_repository(name)}
        )
    task = lock_task(known.pk)
    revision = task.current_revision
    if revision is None:
        revision = TaskRevision.objects.create(
            task=task, number=1, content_sha256=content_sha256(NOTHING_KNOWN), **NOTHING_KNOWN
        )
        task.current_revision = revision
        task.save(update_fields=["current_revision"])
    return task, revision


def keep_original(content: bytes) -> SourceFile:
    """Store a file's bytes under their SHA-256, once."""
    sha256 = hashlib.sha256(content).hexdigest()
    known = SourceFile.objects.filter(sha256=sha256).first()
    if known is not None:
        return known
    name = f"originals/{sha256[:2]}/{sha256}"
    # A half-written file of a load that was killed has the right name and the wrong size.
    if default_storage.exists(name) and default_storage.size(name) != len(content):
        default_storage.delete(name)
    if not default_storage.exists(name):
        name = default_storage.save(name, ContentFile(content))
    return SourceFile.objects.get_or_create(
        sha256=sha256, defaults={"size_bytes": len(content), "content": name}
    )[0]


def _trajectory_fields(parsed: ParsedTrajectory) -> dict[str, Any]:
    patch = parsed.model_patch
    return {
        "format": parsed.format[:60],
        "agent_name": storable(parsed.agent_name)[:200],
        "model_name": storable(parsed.model_name)[:200],
        "exit_status": storable(parsed.exit_status)[:300],
        "model_patch": None if patch is None else storable(patch),
        "cost_usd": _money(parsed.cost_usd),
        "duration_seconds": parsed.duration_seconds,
        "n_steps": len(parsed.steps),
        "extra": storable_json(parsed.extra),
    }


def _money(cost: float | None) -> Decimal | None:
    return None if cost is None else Decimal(str(round(cost, 6)))


def _step(trajectory: Trajectory, number: int, step: ParsedStep) -> Step:
    kept = keep_images(step)
    step = kept.step
    described = classify_step(step)
    return Step(
        trajectory=trajectory,
        number=number,
        kind=described.kind,
        summary=storable(described.summary)[:300],
        files=storable_json(described.files),
        is_error=described.is_error,
        duration_seconds=step.duration_seconds,
        cost_usd=_money(step.cost_usd),
        timestamp=step.timestamp[:40],
        thought_chars=len(step.thought),
        observation_chars=sum(len(observation.content) for observation in step.observations),
        thought=storable(step.thought),
        tool_calls=[_call(call) for call in step.tool_calls],
        observations=[
            {
                "tool_call_id": storable(observation.tool_call_id),
                "content": storable(observation.content),
                "exit_code": observation.exit_code,
                **({"images": shown} if shown else {}),
            }
            for observation, shown in zip(step.observations, kept.of_observations, strict=True)
        ],
        extra=storable_json(
            {**step.extra, **({OF_THOUGHT: kept.of_thought} if kept.of_thought else {})}
        ),
    )


def _call(call: ToolCall) -> dict[str, Any]:
    arguments = call.arguments
    return {
        "tool_call_id": storable(call.tool_call_id),
        "function_name": storable(call.function_name),
        "arguments": storable(arguments)
        if isinstance(arguments, str)
        else storable_json(dict(arguments)),
    }
