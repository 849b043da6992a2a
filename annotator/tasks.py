"""Jobs of the `default` queue."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.signals import worker_ready

from annotator.services.checking import check_submission, prepare, unchecked_ids


@shared_task
def run_checks(submission_id: int) -> None:
    """Check a submission, and keep what was found for its reviewer."""
    check_submission(submission_id)


@shared_task
def prepare_checks(trajectory_id: int) -> None:
    """Read what the first check of a draft would wait for."""
    prepare(trajectory_id)


@worker_ready.connect
def check_what_is_left(**_signal: Any) -> None:
    """Queue again what a killed worker left; a submission checked twice is checked once."""
    for submission_id in unchecked_ids():
        run_checks.delay(submission_id)
