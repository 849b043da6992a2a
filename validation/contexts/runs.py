"""One run, lists of runs, and how the workers are."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from django.db.models import QuerySet
from django.urls import reverse
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from accounts.models import User
from trajectories.text import clean_text
from validation.access import may_read_log
from validation.broker import WorkerInfo, alive_workers, queue_length
from validation.contexts.differences import Alike, runs_alike
from validation.contexts.logs import LogContext, LogWish, log_context
from validation.contexts.outputs import output_size
from validation.contexts.progress import Progress, progress_of
from validation.contexts.verdicts import Chip, run_chips
from validation.models import Environment, Run, RunCommand
from validation.services.repeating import refusal_of_repeat

LISTED = 30


@dataclass(frozen=True)
class Command:
    """A command of a run, its texts made safe to show."""

    phase: str
    command: str
    exit_code: int | None
    output: str
    duration_seconds: float | None


@dataclass(frozen=True)
class RunContext:
    """One run with its commands and log."""

    row: Run
    chip: Chip
    commands: tuple[Command, ...]
    log: LogContext | None
    may_read_log: bool
    may_cancel: bool
    may_repeat: bool = False
    alike: tuple[Alike, ...] = ()
    # How far it is, while it is not finished.
    progress: Progress | None = None
    # Of the whole output, where it is longer than the log.
    output_bytes: int | None = None

    @property
    def is_running(self) -> bool:
        return not self.row.is_finished

    @property
    def signature(self) -> str:
        """Name what the fragment shows, but for the progress, which is written into it."""
        shown = f"{self.row.is_finished} {self.row.attempt} {self.row.reason}"
        return hashlib.sha256(shown.encode()).hexdigest()[:16]

    @property
    def url(self) -> str:
        return reverse("validation:run", args=[self.row.pk])

    @property
    def seconds(self) -> float | None:
        return seconds_of(self.row)


@dataclass(frozen=True)
class RunLine:
    """One run in a list."""

    run: Run
    chip: Chip

    @property
    def seconds(self) -> float | None:
        return seconds_of(self.run)


@dataclass(frozen=True)
class StatusContext:
    """The workers of the queue `runs`, what waits for them, and what they did last."""

    workers: tuple[WorkerInfo, ...]
    queued: int
    runs: tuple[RunLine, ...]
    environments: tuple[Environment, ...]
    error: str = ""


def run_context(user: User, run: Run, wish: LogWish | None = None) -> RunContext:
    """Select what `user` may read of a run, its log opened where `wish` asks."""
    readable = may_read_log(user, run)
    log = log_context(run, wish or LogWish()) if readable and run.is_finished else None
    return RunContext(
        row=run,
        chip=run_chips([run])[run.pk],
        commands=tuple(_command(command) for command in run.commands.all()),
        log=log if log and log.n_lines else None,
        may_read_log=readable,
        may_cancel=user.is_admin and not run.is_finished,
        may_repeat=not refusal_of_repeat(run),
        alike=runs_alike(user, run) if run.is_finished else (),
        progress=progress_of([run]).get(run.pk),
        output_bytes=output_size(run) if readable else None,
    )


def _command(command: RunCommand) -> Command:
    return Command(
        phase=command.phase,
        command=clean_text(command.command),
        exit_code=command.exit_code,
        output=clean_text(command.output),
        duration_seconds=command.duration_seconds,
    )


def run_lines(runs: QuerySet[Run]) -> tuple[RunLine, ...]:
    """Return the newest of the runs for a list, without their logs."""
    newest = runs.select_related("task_revision__task", "trajectory").defer("log")[:LISTED]
    chips = run_chips(newest)
    return tuple(RunLine(run, chips[run.pk]) for run in newest)


def status_context() -> StatusContext:
    """Ask the broker and the database how the workers are."""
    workers: list[WorkerInfo] = []
    queued, error = 0, ""
    try:
        workers, queued = alive_workers(), queue_length()
    except (OperationalError, RedisError) as failure:
        error = f"Redis does not answer, so no run can be asked for: {failure}"
    return StatusContext(
        workers=tuple(workers),
        queued=queued,
        runs=run_lines(Run.objects.all()),
        environments=tuple(Environment.objects.select_related("recipe").order_by("-pk")[:10]),
        error=error,
    )


def seconds_of(run: Run) -> float | None:
    """Return how long the last attempt at a run took."""
    if run.started_at is None or run.finished_at is None:
        return None
    return (run.finished_at - run.started_at).total_seconds()
