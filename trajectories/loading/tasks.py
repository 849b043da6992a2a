"""Load files of SWE-bench rows into a batch."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.db import DataError
from django.utils.module_loading import import_string

from accounts.events import record
from accounts.models import User
from trajectories.loading.batches import add_tasks, get_batch
from trajectories.loading.report import FileReport, ItemReport, LoadReport
from trajectories.loading.revisions import OtherRepository, SavedRow, save_row
from trajectories.loading.sources import Source, find_sources
from trajectories.models import Batch
from trajectories.task_rows import ParsedTask, RefusedRow, UnreadableRows, read_task_rows

logger = logging.getLogger(__name__)
ROW_FORMAT = "swe-bench"


def load_tasks(
    paths: Iterable[Path], *, batch_slug: str, dataset: str = "", actor: User | None = None
) -> LoadReport:
    """Load every readable row of the files; `dataset` is the file's name where it is not given.

    Raises BadBatchSlug. Each row is kept on its own, so that a bad one costs no other.
    """
    return load_task_sources(
        find_sources(paths), get_batch(batch_slug, actor), dataset=dataset, actor=actor
    )


def load_task_sources(
    sources: Iterable[Source], batch: Batch, *, dataset: str = "", actor: User | None = None
) -> LoadReport:
    """Load the rows of the sources into the batch."""
    report = LoadReport()
    for source in sources:
        name = (dataset or Path(source.label).name.removesuffix(".jsonl"))[:200]
        report.files.append(_load_file(source, batch, name, actor))
    record(actor, "tasks loaded", batch, dataset=dataset, **report.counts())
    return report


def _load_file(source: Source, batch: Batch, dataset: str, actor: User | None) -> FileReport:
    file = FileReport(source.label, refusal=source.refusal)
    if source.refusal:
        return file
    task_ids: list[int] = []
    try:
        for result in read_task_rows(source.path):
            item, task_id = _load_row(result, dataset, actor)
            file.items.append(item)
            if task_id is not None:
                task_ids.append(task_id)
    except UnreadableRows as error:
        file.refusal = str(error)
    except OSError as error:
        file.refusal = f"Cannot be read: {error.strerror or error}."
    add_tasks(batch, task_ids)
    return file


def _load_row(
    result: ParsedTask | RefusedRow, dataset: str, actor: User | None
) -> tuple[ItemReport, int | None]:
    """Return what became of the row, and its task unless the row was refused."""
    if isinstance(result, RefusedRow):
        reason = f"{result.place}: {result.reason}"
        return ItemReport(result.instance_id, ROW_FORMAT, "refused", reason), None
    try:
        saved = save_row(result, dataset=dataset, actor=actor)
    except (OtherRepository, DataError) as error:
        reason = f"{result.place}: {error}."
        return ItemReport(result.instance_id, ROW_FORMAT, "refused", reason), None
    status = "loaded" if saved.changed else "unchanged"
    if saved.changed and not saved.is_new_task:
        _tell_of_revision(saved, actor)
    logger.debug("task %s is %s at revision %d", saved.task, status, saved.revision.number)
    return (
        ItemReport(
            result.instance_id,
            ROW_FORMAT,
            "loaded" if saved.changed else "unchanged",
            _remark(saved),
            has_patch=bool(result.patch),
        ),
        saved.task.pk,
    )


def _tell_of_revision(saved: SavedRow, actor: User | None) -> None:
    """Let a later room follow a task's new revision (setting TASK_REVISED)."""
    if name := getattr(settings, "TASK_REVISED", ""):
        import_string(name)(saved.task.pk, actor)


def _remark(saved: SavedRow) -> str:
    """Say which revision a changed row made, and what a task lacks to be validated."""
    remarks = []
    if saved.changed and saved.revision.number > 1:
        changed = ", ".join(saved.changed)
        remarks.append(f"Revision {saved.revision.number}, new or changed: {changed}.")
    if saved.revision.fail_to_pass is None:
        remarks.append("Cannot be validated: no row with FAIL_TO_PASS is loaded.")
    elif not saved.revision.fail_to_pass:
        remarks.append("Cannot be validated: FAIL_TO_PASS is empty.")
    return " ".join(remarks)
