"""Exports asked for on the page: queued, written by a worker, kept as a zip."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from celery import current_app
from django.core.files import File
from django.db import connection, transaction
from django.utils import timezone

from accounts.events import record
from accounts.models import User
from reviews.errors import ExportUserError
from reviews.exporting.writer import Counts, sha256_of, write_export, zip_export
from reviews.models import Export, ExportState
from trajectories.models import Batch

logger = logging.getLogger(__name__)

QUEUE = "default"
UNFINISHED = (ExportState.QUEUED, ExportState.RUNNING)
# The first key of our advisory locks; the second is the export's id.
LOCK_CLASS = 0x5245


@transaction.atomic
def request_export(admin: User, batch: Batch) -> Export:
    """Queue an export; one that is still on its way is returned instead of a second one."""
    Batch.objects.select_for_update().get(pk=batch.pk)
    waiting = Export.objects.filter(batch=batch, state__in=UNFINISHED).first()
    if waiting is not None:
        return waiting
    export = Export.objects.create(batch=batch, requested_by=admin)
    record(admin, "export requested", export, batch=batch.slug)
    # Should the broker be away, the row stays queued and the next worker to start takes it.
    transaction.on_commit(partial(send, export.pk), robust=True)
    return export


def send(export_id: int) -> None:
    """Put a message for an export on the queue."""
    current_app.send_task("reviews.tasks.write_export", args=[export_id], queue=QUEUE)


def run_export(export_id: int) -> None:
    """Write the export unless it is done or another worker is at it.

    The worker holds an advisory lock of its database session meanwhile. The lock ends with the
    session, so an export whose worker was killed can be taken again at once.
    """
    with _held(export_id) as is_ours:
        export = Export.objects.select_related("batch").get(pk=export_id)
        if not is_ours or export.state not in UNFINISHED:
            return
        Export.objects.filter(pk=export_id).update(state=ExportState.RUNNING)
        try:
            _write(export)
        except ExportUserError as error:
            _fail(export, str(error))
        except Exception:
            # The row must not stay "running": the page would poll it for ever.
            logger.exception("Export %s failed", export_id)
            _fail(export, "Something unexpected went wrong; the worker's log says what.")
            raise


def unfinished_ids() -> list[int]:
    """Return the exports that a worker which was killed may have left behind."""
    return list(Export.objects.filter(state__in=UNFINISHED).values_list("pk", flat=True))


def _write(export: Export) -> None:
    name = f"{export.batch.slug}-export-{export.pk}"
    with tempfile.TemporaryDirectory(prefix="retrace-export-") as temporary:
        folder = Path(temporary)
        counts = write_export(export.batch, folder / "files")
        archive = folder / "export.zip"
        with archive.open("wb") as file:
            zip_export(folder / "files", file, export.batch.slug)
        with archive.open("rb") as file:
            export.file.save(f"{name}.zip", File(file), save=False)
        _finish(export, counts, sha256_of(archive))


@transaction.atomic
def _finish(export: Export, counts: Counts, sha256: str) -> None:
    export.state = ExportState.FINISHED
    export.sha256 = sha256
    export.n_annotations = counts.annotations
    export.finished_at = timezone.now()
    export.save(update_fields=["state", "sha256", "n_annotations", "finished_at", "file"])
    record(None, "export finished", export, n_annotations=counts.annotations, sha256=sha256)


@transaction.atomic
def _fail(export: Export, reason: str) -> None:
    export.state = ExportState.FAILED
    export.reason = reason
    export.finished_at = timezone.now()
    export.save(update_fields=["state", "reason", "finished_at"])
    record(None, "export failed", export, reason=reason)


@contextmanager
def _held(export_id: int) -> Iterator[bool]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_CLASS, export_id])
        [is_ours] = cursor.fetchone()
    try:
        yield is_ours
    finally:
        if is_ours:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_CLASS, export_id])
