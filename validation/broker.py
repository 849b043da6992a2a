"""The queue of runs, and what its workers tell about themselves through the broker.

Each worker writes a key that expires soon; who is gone is forgotten within seconds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from celery import current_app
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

QUEUE = "runs"
ALIVE_SECONDS = 10
_KEY = "retrace:runs-worker:"


@dataclass(frozen=True)
class WorkerInfo:
    """One live worker. `refusal` is why no sandbox can be used, else empty; `notes` say it of each
    other sandbox that cannot."""

    name: str
    sandbox: str
    refusal: str
    notes: tuple[str, ...] = ()

    @property
    def is_usable(self) -> bool:
        return not self.refusal


def send(run_id: int) -> None:
    """Put a message for a run on the queue."""
    current_app.send_task("validation.tasks.run_tests", args=[run_id], queue=QUEUE)


def beat(worker: WorkerInfo) -> None:
    """Say that this worker is alive, for the next ten seconds."""
    with _client() as client:
        client.set(_KEY + worker.name, json.dumps(asdict(worker)), ex=ALIVE_SECONDS)


def stop_beating(name: str) -> None:
    """Take leave."""
    with _client() as client:
        client.delete(_KEY + name)


def alive_workers() -> list[WorkerInfo]:
    """Return the live workers, by name."""
    with _client() as client:
        values = [client.get(key) for key in client.scan_iter(match=f"{_KEY}*", count=1000)]
    found = [WorkerInfo(**json.loads(value)) for value in values if value]
    return sorted(found, key=lambda worker: worker.name)


def queue_length() -> int:
    """Return how many messages wait for a worker."""
    with _channel() as channel:
        return int(channel.queue_declare(queue=QUEUE).message_count)


def sandbox_refusal() -> str:
    """Return why runs would be refused: live workers there are, but none can use a sandbox.

    Where no worker is alive a run may wait for one, and where the broker is away nothing is known.
    """
    try:
        workers = alive_workers()
    except (OperationalError, RedisError):
        return ""
    if not workers or any(worker.is_usable for worker in workers):
        return ""
    return workers[0].refusal


@contextmanager
def _client() -> Iterator[Any]:
    """Borrow the broker's own Redis client: kombu knows every spelling of its address."""
    with _channel() as channel:
        yield channel.client


@contextmanager
def _channel() -> Iterator[Any]:
    pool: Any = current_app.pool
    with pool.acquire(block=True) as connection:
        # A page asks: it says that Redis is away rather than wait for it.
        connection.ensure_connection(max_retries=1, interval_start=0, interval_step=0)
        yield connection.default_channel
