"""What became of the runs: how often each ended, how, and what is left of them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import psutil
from django.db import DatabaseError, close_old_connections, connection

from validation.models import Run, RunState, RunTest

T = TypeVar("T")
# A run as the plain facts that must not depend on what broke: its outcome, and every test's status.
Verdict = tuple[str, tuple[tuple[str, str], ...]]
Subject = tuple[str, str, int | None]

_COUNT_ENDINGS = """
CREATE TABLE IF NOT EXISTS faults_ending (run_id bigint NOT NULL);
CREATE OR REPLACE FUNCTION faults_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO faults_ending VALUES (NEW.id);
  RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS faults_count ON validation_run;
CREATE TRIGGER faults_count AFTER UPDATE ON validation_run FOR EACH ROW
  WHEN (OLD.state <> 'finished' AND NEW.state = 'finished') EXECUTE FUNCTION faults_count();
"""


def count_endings() -> None:
    """Let the database itself write down each time that a run ends."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNT_ENDINGS)


def patiently(ask: Callable[[], T], seconds: float = 60.0) -> T:
    """Ask the database, again and again while it is away; raise DatabaseError in the end."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except DatabaseError:
            if time.monotonic() > deadline:
                raise
            connection.close()
            close_old_connections()
            time.sleep(0.2)


@dataclass(frozen=True)
class Ended:
    """One run that was asked for, and how it ended."""

    run_id: int
    subject: Subject
    verdict: Verdict
    attempts: int
    reason: str


def unfinished(run_ids: Iterable[int]) -> int:
    waiting = Run.objects.filter(pk__in=list(run_ids)).exclude(state=RunState.FINISHED)
    return patiently(waiting.count)


def endings(run_ids: Iterable[int]) -> list[Ended]:
    """Return how runs ended, by id."""
    runs = Run.objects.filter(pk__in=list(run_ids)).select_related("task_revision__task")
    return [
        Ended(
            run_id=run.pk,
            subject=(run.task_revision.task.instance_id, run.tree, run.trajectory_id),
            verdict=(run.outcome, _statuses(run)),
            attempts=run.attempt,
            reason=run.reason,
        )
        for run in runs.order_by("pk")
    ]


def _statuses(run: Run) -> tuple[tuple[str, str], ...]:
    tests = RunTest.objects.filter(run=run).exclude(group="other")
    return tuple(sorted(tests.values_list("test_id", "status")))


def not_ended_once(run_ids: Iterable[int]) -> dict[int, int]:
    """Return the runs that ended another number of times than once, with that number."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT run_id, count(*) FROM faults_ending GROUP BY run_id")
        times = Counter(dict(cursor.fetchall()))
    return {run_id: times[run_id] for run_id in run_ids if times[run_id] != 1}


def left_over(data: Path) -> list[str]:
    """Name working trees, mounts and sandboxes that are still there though no run is."""
    work = data / "work"
    found = [f"folder {path.name}" for path in work.iterdir()] if work.is_dir() else []
    for line in Path("/proc/self/mounts").read_text().splitlines():
        target = line.split()[1]
        if target.startswith(f"{work}/"):
            found.append(f"mount {target}")
    for process in psutil.process_iter(["name", "cmdline"]):
        words = " ".join(process.info["cmdline"] or [])
        if process.info["name"] == "bwrap" and str(work) in words:
            found.append(f"process {process.pid}")
    return found
