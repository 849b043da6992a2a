"""What every worker of the `runs` queue does beside its jobs: sweep, and tell that it lives."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from celery.signals import worker_ready, worker_shutting_down
from django.conf import settings
from django.db import close_old_connections, connection

from validation import broker
from validation.broker import WorkerInfo
from validation.services.environments import remove_abandoned_builds
from validation.services.sandboxes import remove_abandoned_containers, worker_info
from validation.services.sweeping import (
    remove_abandoned_folders,
    remove_abandoned_groups,
    remove_old_temporaries,
    remove_unnamed_logs,
    sweep,
)

logger = logging.getLogger(__name__)

SWEEP_SECONDS = 2.0
# How often the sandbox is tried again, so that the status page notices a change.
PROBE_SECONDS = 60.0
# How often what lies about for longer is looked for.
TIDY_SECONDS = 300.0


class Sweeper:
    """A thread that sweeps every two seconds until stopped."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sweeper", daemon=True)
        self._info = WorkerInfo(name, "", "The sandbox has not been tried yet.")
        self._probed = self._tidied = float("-inf")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread and take leave."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while True:
                self._turn()
                if self._stop.wait(SWEEP_SECONDS):
                    break
            broker.stop_beating(self.name)
        except Exception:
            logger.exception("The sweeper could not take leave")
        finally:
            connection.close()

    def _turn(self) -> None:
        close_old_connections()
        try:
            self._probe()
            broker.beat(self._info)
            sweep()
            remove_abandoned_folders(settings.RETRACE_DATA / "work")
            remove_abandoned_containers()
            self._tidy()
        except Exception:
            # Redis or PostgreSQL may be away for a moment: the next turn tries again.
            logger.exception("Sweeping failed")
            connection.close()

    def _tidy(self) -> None:
        if time.monotonic() - self._tidied >= TIDY_SECONDS:
            self._tidied = time.monotonic()
            remove_unnamed_logs(settings.RETRACE_DATA)
            remove_abandoned_builds()
            remove_abandoned_groups()
            remove_old_temporaries()

    def _probe(self) -> None:
        if time.monotonic() - self._probed < PROBE_SECONDS:
            return
        self._probed = time.monotonic()
        self._info = worker_info(self.name)


_sweepers: dict[str, Sweeper] = {}


def connect() -> None:
    """Start a sweeper with every worker that serves the queue of runs."""
    worker_ready.connect(_start, dispatch_uid="validation.sweeper")
    worker_shutting_down.connect(_stop, dispatch_uid="validation.sweeper")


def _start(sender: Any, **_: object) -> None:
    if broker.QUEUE in sender.app.amqp.queues.consume_from:
        sweeper = _sweepers[sender.hostname] = Sweeper(sender.hostname)
        sweeper.start()


def _stop(sender: Any, **_: object) -> None:
    for sweeper in list(_sweepers.values()):
        sweeper.stop()
    _sweepers.clear()
