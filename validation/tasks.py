"""Jobs of the `runs` queue: they carry ids, the database carries the truth."""

from __future__ import annotations

from celery import shared_task

from accounts.models import User
from trajectories.models import Batch
from validation import worker
from validation.services.admission import admit_untried
from validation.services.execution import execute_run

worker.connect()


@shared_task
def admit_batch(batch_id: int, user_id: int) -> None:
    """Ask for the admission of every task of a batch that was not tried yet."""
    admit_untried(Batch.objects.get(pk=batch_id), user=User.objects.get(pk=user_id))


@shared_task
def run_tests(run_id: int) -> None:
    """Execute a run, unless it is somebody else's or finished."""
    execute_run(run_id)
