"""Write down how a run ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from trajectories.models import TaskRevision
from validation.grading.protocol import Grade
from validation.logs import durations
from validation.models import (
    Outcome,
    Run,
    RunCommand,
    RunState,
    RunTest,
    TestGroup,
)
from validation.sandbox import Result
from validation.services.leases import HELD, Lease, LeaseLost, pause

KEPT_LOG_CHARS = 1_000_000
KEPT_OUTPUT_CHARS = 100_000
OTHER_TESTS_KEPT = 2_000


@dataclass(frozen=True)
class CommandRecord:
    """One command of a run; it becomes a `RunCommand`."""

    phase: str
    command: str
    exit_code: int | None
    output: str
    started_at: datetime
    duration_seconds: float


@dataclass(frozen=True)
class Ending:
    """How a run ended, and what is known of it."""

    outcome: Outcome
    reason: str = ""
    exit_code: int | None = None
    log: str = ""
    log_is_truncated: bool = False
    grade: Grade | None = None
    suspect_reasons: tuple[str, ...] = ()


@dataclass
class Journal:
    """What a run has done so far, with what, and what it cost.

    `cpu_seconds` and `peak_memory_bytes` are those of the test command.
    """

    commands: list[CommandRecord] = field(default_factory=list)
    sandbox: str = ""
    environment_key: str = ""
    tested_tree: str = ""
    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None
    full_log: str = ""
    # Told which environment is being made, as soon as that is known.
    on_environment: Callable[[str], object] | None = None

    def name_environment(self, key: str) -> None:
        """Note which environment the run needs, before it is made."""
        self.environment_key = key
        if self.on_environment is not None:
            self.on_environment(key)

    def count(self, result: Result) -> None:
        """Note what the test command cost."""
        self.cpu_seconds = result.cpu_seconds
        self.peak_memory_bytes = result.peak_memory_bytes

    @property
    def facts(self) -> dict[str, Any]:
        """Return what of it is stored on the run itself."""
        return {
            "sandbox": self.sandbox,
            "environment_key": self.environment_key,
            "tested_tree": self.tested_tree,
            "cpu_seconds": self.cpu_seconds,
            "peak_memory_bytes": self.peak_memory_bytes,
            "full_log": self.full_log,
        }


def printable(output: bytes) -> str:
    """Decode what a program printed so that PostgreSQL takes it: replaced, without NULs."""
    return output.decode("utf-8", "replace").replace("\0", "�")


def shortened(text: str, limit: int) -> tuple[str, bool]:
    """Keep the beginning and, since summaries come last, more of the end."""
    if len(text) <= limit:
        return text, False
    head = limit // 4
    left_out = len(text) - limit
    return f"{text[:head]}\n… {left_out} characters left out …\n{text[head - limit :]}", True


@transaction.atomic
def finish(lease: Lease, ending: Ending, journal: Journal) -> None:
    """Finish a run that is still ours, with all its rows, or raise LeaseLost and write nothing."""
    run = Run.objects.select_related("task_revision").get(pk=lease.run_id)
    log, cut = shortened(ending.log, KEPT_LOG_CHARS)
    mine = Run.objects.filter(pk=run.pk, lease_token=lease.token, state__in=HELD).order_by()
    done = mine.update(
        state=RunState.FINISHED,
        outcome=ending.outcome,
        reason=ending.reason.replace("\0", "�"),
        exit_code=ending.exit_code,
        log=log,
        log_is_truncated=cut or ending.log_is_truncated,
        is_suspect=bool(ending.suspect_reasons),
        suspect_reasons=list(ending.suspect_reasons),
        lease_token=None,
        lease_expires_at=None,
        finished_at=Now(),
        **journal.facts,
    )
    if not done:
        raise LeaseLost(f"run {run.pk}")
    RunCommand.objects.bulk_create(_command(run, record) for record in journal.commands)
    if ending.grade is not None:
        RunTest.objects.bulk_create(_tests(run, ending.grade, ending.log), batch_size=500)


def give_up(run_id: int, reason: str) -> bool:
    """Finish an abandoned run as an infrastructure failure; false when it moved meanwhile."""
    abandoned = Run.objects.filter(pk=run_id, state__in=HELD, lease_expires_at__lt=Now())
    return bool(
        abandoned.order_by().update(
            state=RunState.FINISHED,
            outcome=Outcome.INFRASTRUCTURE_FAILURE,
            reason=reason,
            lease_token=None,
            lease_expires_at=None,
            finished_at=Now(),
        )
    )


def put_back(lease: Lease, reason: str, *, attempt: int) -> bool:
    """Return a run to the queue after an infrastructure failure that may pass, for later."""
    mine = Run.objects.filter(pk=lease.run_id, lease_token=lease.token, state__in=HELD).order_by()
    return bool(
        mine.update(
            state=RunState.QUEUED,
            reason=reason,
            lease_token=None,
            lease_expires_at=pause(attempt),
        )
    )


def _command(run: Run, record: CommandRecord) -> RunCommand:
    output, _ = shortened(record.output, KEPT_OUTPUT_CHARS)
    return RunCommand(
        run=run,
        phase=record.phase,
        command=record.command.replace("\0", "�"),
        exit_code=record.exit_code,
        output=output,
        started_at=record.started_at,
        duration_seconds=record.duration_seconds,
    )


def _tests(run: Run, grade: Grade, log: str) -> list[RunTest]:
    named = [
        (test_id, group, grade.statuses[test_id])
        for group, ids in groups(run.task_revision)
        for test_id in dict.fromkeys(ids)
        if test_id in grade.statuses
    ]
    others = list(grade.others.items())[:OTHER_TESTS_KEPT]
    took = durations(log)
    return [
        RunTest(
            run=run,
            test_id=test_id,
            group=group,
            status=status,
            duration_seconds=took.get(test_id),
        )
        for test_id, group, status in [
            *named,
            *((test_id, TestGroup.OTHER, status) for test_id, status in others),
        ]
    ]


def groups(revision: TaskRevision) -> list[tuple[TestGroup, list[str]]]:
    """Return the test ids of a task, by group."""
    return [
        (TestGroup.FAIL_TO_PASS, list(revision.fail_to_pass or [])),
        (TestGroup.PASS_TO_PASS, list(revision.pass_to_pass or [])),
    ]
