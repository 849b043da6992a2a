"""Admit tasks: run base and gold several times and say which tasks can tell a right patch."""

from __future__ import annotations

import json
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trajectories.models import Batch, Task
from validation.broker import alive_workers
from validation.models import Admission, Run
from validation.sandbox import SandboxUnavailable
from validation.services.admission import REPEATS, conclude_admissions, request_admission
from validation.services.requests import RunRefused
from validation.services.sandboxes import wanted_sandbox
from validation.services.validating import wait_for

MAX_REPEATS = 20


class Command(BaseCommand):
    help = (
        "Run the tests of tasks on base and on gold, several times each. A task is admitted where"
        " FAIL_TO_PASS fails and PASS_TO_PASS passes on base, and all pass on gold; tests that do"
        " not end alike each time are named as flaky."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("instances", nargs="*", metavar="INSTANCE")
        parser.add_argument("--batch", metavar="SLUG", help="all tasks of a batch")
        parser.add_argument("--repeats", type=_repeats, default=REPEATS, metavar="N")
        parser.add_argument("--wait", action="store_true", help="until all are decided")
        parser.add_argument("--timeout", type=float, metavar="S", help="wait no longer than this")
        parser.add_argument("--report", type=Path, metavar="FILE", help="write decisions as JSON")

    def handle(self, *, instances: list[str], batch: str | None, **options: Any) -> None:
        """Ask for the admissions, wait for them if told to, and report."""
        tasks = _tasks(instances, batch)
        if options["wait"] and not alive_workers():
            _need_sandbox()
        admissions, refused = self._ask(tasks, options["repeats"])
        complete = not options["wait"] or _wait(admissions, options["timeout"])
        found = Admission.objects.filter(pk__in=[admission.pk for admission in admissions])
        decided = list(found.select_related("task_revision__task").order_by("pk"))
        for admission in decided:
            self._tell(admission)
        if options["report"]:
            content = {"admissions": [_described(each) for each in decided], "refused": refused}
            options["report"].write_text(json.dumps(content, indent=2) + "\n")
        if not complete:
            raise CommandError(f"Not all runs were finished after {options['timeout']:g} s.")
        if refused and not decided:
            raise CommandError("No task could be tried.")

    def _ask(
        self, tasks: Sequence[Task], n_repeats: int
    ) -> tuple[list[Admission], list[dict[str, str]]]:
        admissions: list[Admission] = []
        refused: list[dict[str, str]] = []
        for task in tasks:
            try:
                if task.current_revision is None:
                    raise RunRefused(f"{task} has no content: load its row (load_tasks).")
                admissions.append(request_admission(task.current_revision, n_repeats=n_repeats))
            except RunRefused as refusal:
                self.stderr.write(f"{task.instance_id}: {refusal}")
                refused.append({"instance_id": task.instance_id, "reason": str(refusal)})
        return admissions, refused

    def _tell(self, admission: Admission) -> None:
        name = admission.task_revision.task.instance_id
        flaky = f" Flaky: {', '.join(admission.flaky_tests)}." if admission.flaky_tests else ""
        said = "".join(f"\n    {reason}" for reason in admission.reasons)
        self.stdout.write(f"{name}: {admission.get_state_display().lower()}.{flaky}{said}")


def _tasks(instances: list[str], slug: str | None) -> list[Task]:
    chosen = Task.objects.select_related("current_revision", "repository")
    if slug is not None:
        if not Batch.objects.filter(slug=slug).exists():
            raise CommandError(f"There is no batch {slug}.")
        of_batch = chosen.filter(batch_memberships__batch__slug=slug)
        return list(of_batch.order_by("batch_memberships__position"))
    if not instances:
        raise CommandError("Name tasks by their instance_id, or a batch with --batch.")
    known = {task.instance_id: task for task in chosen.filter(instance_id__in=instances)}
    if missing := [name for name in instances if name not in known]:
        raise CommandError(f"There is no task {', '.join(missing)}: load it with load_tasks.")
    return [known[name] for name in instances]


def _need_sandbox() -> None:
    try:
        wanted_sandbox()
    except SandboxUnavailable as error:
        raise CommandError(f"Tests cannot be run: {error}") from error


def _wait(admissions: Sequence[Admission], timeout: float | None) -> bool:
    runs = Run.objects.filter(admission__in=admissions).order_by("pk")
    complete = wait_for(list(runs.values_list("pk", flat=True)), timeout_seconds=timeout)
    conclude_admissions()
    return complete


def _described(admission: Admission) -> dict[str, Any]:
    return {
        "instance_id": admission.task_revision.task.instance_id,
        "state": admission.state,
        "reasons": admission.reasons,
        "flaky_tests": admission.flaky_tests,
        "runs": list(admission.runs.order_by("pk").values_list("pk", flat=True)),
    }


def _repeats(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_REPEATS:
        raise ArgumentTypeError(f"must be a number from 1 to {MAX_REPEATS}, not {text!r}")
    return int(text)
