"""Jobs of the `default` queue."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.signals import worker_ready

from reviews.services.exports import run_export, send, unfinished_ids


@shared_task
def write_export(export_id: int) -> None:
    """Write the zip of an export."""
    run_export(export_id)


@worker_ready.connect
def resume_exports(**_signal: Any) -> None:
    """Queue again what a killed worker left; an export that is being written is not disturbed."""
    for export_id in unfinished_ids():
        send(export_id)
