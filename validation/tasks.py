"""Jobs of the `runs` queue: they carry ids, the database carries the truth."""

from __future__ import annotations

from celery import shared_task

from validation import worker
from validation.services.execution import execute_run

worker.connect()


@shared_task
def run_tests(run_id: int) -> None:
    """Execute a run, unless it is somebody else's or finished."""
    execute_run(run_id)
