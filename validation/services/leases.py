"""Hold a run while working on it.

A run belongs to the worker whose token it carries, until the lease expires. The token is renewed
by a thread; whoever loses it stops working and writes nothing. The database's clock counts, so
workers' clocks may differ.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from datetime import timedelta
from types import TracebackType
from typing import Self

from django.db import DatabaseError, connection
from django.db.models import F, Q
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now

from validation.models import Run, RunState
from validation.querysets import RunQuerySet

logger = logging.getLogger(__name__)

LEASE_SECONDS = 10.0
RENEW_SECONDS = 2.5
# How often what is known of the progress is written, if there is something new.
PROGRESS_SECONDS = 1.0
MAX_ATTEMPTS = 5
HELD = (RunState.PREPARING, RunState.RUNNING)


class LeaseLost(Exception):
    """Somebody else has the run by now, or it was cancelled."""


def expiry() -> CombinedExpression:
    """Return the database's time at which a lease taken now ends."""
    return Now() + timedelta(seconds=LEASE_SECONDS)


def pause(attempt: int) -> CombinedExpression:
    """Return the database's time before which a run that failed so often is not tried again."""
    return Now() + timedelta(seconds=2.0 ** (attempt - 1))


def claimable() -> Q:
    """Match runs that wait, and runs whose worker has fallen silent.

    What failed a moment ago waits for a while (`pause`), so that five attempts outlast a restart.
    """
    waiting = Q(state=RunState.QUEUED) & (Q(lease_expires_at=None) | Q(lease_expires_at__lt=Now()))
    abandoned = Q(state__in=HELD, lease_expires_at__lt=Now())
    return (waiting | abandoned) & Q(attempt__lt=MAX_ATTEMPTS)


def claim(run_id: int, worker: str) -> Lease | None:
    """Take the run if it is to be had. One conditional update: of two workers one gets it."""
    token = uuid.uuid4()
    taken = (
        Run.objects.filter(claimable(), pk=run_id)
        .order_by()
        .update(
            state=RunState.PREPARING,
            lease_token=token,
            lease_expires_at=expiry(),
            worker=worker[:200],
            attempt=F("attempt") + 1,
            started_at=Now(),
            n_tests_done=0,
            n_tests_expected=None,
            environment_key="",
        )
    )
    return Lease(run_id, token) if taken else None


class Lease:
    """A claimed run. As a context manager it renews itself until left."""

    def __init__(self, run_id: int, token: uuid.UUID) -> None:
        self.run_id = run_id
        self.token = token
        self._lost = threading.Event()
        self._done = threading.Event()
        self._counted: tuple[int, int | None] = (0, None)
        self._written: tuple[int, int | None] = (0, None)
        self._thread = threading.Thread(
            target=self._keep, name=f"lease-of-run-{run_id}", daemon=True
        )

    @property
    def is_lost(self) -> bool:
        return self._lost.is_set()

    def check(self) -> None:
        """Raise LeaseLost if the run is no longer ours."""
        if self.is_lost:
            raise LeaseLost(f"run {self.run_id}")

    def advance(self, state: RunState) -> None:
        """Move the run on to a state, if it is still ours."""
        if not self._ours().update(state=state):
            self._lost.set()
        self.check()

    def count(self, done: int, expected: int | None) -> None:
        """Say how many tests have reported; it is written with the lease, at most every second."""
        self._counted = (done, expected)

    def name_environment(self, key: str) -> None:
        """Say which environment the run waits for, so that its page can tell what is installed."""
        self._ours().update(environment_key=key)

    def renew(self) -> bool:
        """Push the end of the lease out; false when the run is somebody else's."""
        written = self._counted
        ours = self._ours().update(
            lease_expires_at=expiry(), n_tests_done=written[0], n_tests_expected=written[1]
        )
        self._written = written
        return bool(ours)

    def _ours(self) -> RunQuerySet:
        return Run.objects.filter(pk=self.run_id, lease_token=self.token, state__in=HELD).order_by()

    def _keep(self) -> None:
        renewed = time.monotonic()
        try:
            while not self._done.wait(min(PROGRESS_SECONDS, RENEW_SECONDS)):
                if self._written == self._counted and time.monotonic() - renewed < RENEW_SECONDS:
                    continue
                try:
                    if not self.renew():
                        self._lost.set()
                        return
                    renewed = time.monotonic()
                except DatabaseError:
                    # The server may come back before the lease ends; after that it is lost.
                    connection.close()
                    if time.monotonic() - renewed > LEASE_SECONDS:
                        logger.warning("Lease of run %s lost: no database", self.run_id)
                        self._lost.set()
                        return
        finally:
            connection.close()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()
