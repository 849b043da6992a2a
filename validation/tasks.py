"""Jobs of the `runs` queue: they carry ids, the database carries the truth."""

from __future__ import annotations

from celery import shared_task

from accounts.models import User
from trajectories.models import Batch
from validation import worker
from validation.services.admission import admit_untried
from validation.services.execution import execute_next
from validation.services.probes import conclude_probes

worker.connect()


@shared_task
def admit_batch(batch_id: int, user_id: int) -> None:
    """Ask for the admission of every task of a batch that was not tried yet."""
    admit_untried(Batch.objects.get(pk=batch_id), user=User.objects.get(pk=user_id))


@shared_task
def run_tests(run_id: int) -> None:
    """Execute the run that is first in line.

    `run_id` is the one that the message was sent for. There is a message for each run that waits,
    so all of them come to an end; which message starts which run does not matter.
    """
    execute_next()
    # Should this worker have died before, a sweeper does it.
    conclude_probes()
