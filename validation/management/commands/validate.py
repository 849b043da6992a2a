"""Run the tests of tasks on base, gold and model patches."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from trajectories.models import Batch, Task, Trajectory
from validation.broker import alive_workers
from validation.models import Run, RunPriority, TestGroup, TestStatus, TreeName
from validation.sandbox import SandboxUnavailable
from validation.services.sandboxes import wanted_sandbox
from validation.services.validating import (
    Validation,
    Wish,
    report,
    request_all,
    wait_for,
    wishes_for_batch,
    wishes_for_tasks,
)


class Command(BaseCommand):
    help = (
        "Run FAIL_TO_PASS and PASS_TO_PASS of tasks in the sandbox, on base, gold and the model"
        " patch of each trajectory. With --wait, runs are executed here while no worker is alive."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("instances", nargs="*", metavar="INSTANCE")
        parser.add_argument("--batch", metavar="SLUG", help="all tasks and trajectories of a batch")
        parser.add_argument(
            "--tree",
            action="append",
            dest="trees",
            choices=TreeName.values,
            help="may be repeated; default: all three",
        )
        parser.add_argument(
            "--trajectory", type=int, metavar="ID", help="of the model patches only this one's"
        )
        parser.add_argument("--wait", action="store_true", help="until all runs are finished")
        parser.add_argument("--timeout", type=float, metavar="S", help="wait no longer than this")
        parser.add_argument("--report", type=Path, metavar="FILE", help="write the runs as JSON")

    def handle(
        self,
        *,
        instances: list[str],
        batch: str | None,
        trees: list[str] | None,
        trajectory: int | None,
        **options: Any,
    ) -> None:
        """Ask for the runs, wait for them if told to, and report."""
        chosen = [TreeName(tree) for tree in trees or TreeName.values]
        wishes = self._wishes(instances, batch, chosen, trajectory)
        if options["wait"] and not alive_workers():
            self._need_sandbox()
        # Who names tasks waits for them.
        priority = RunPriority.BULK if batch else RunPriority.PERSON
        validation = request_all(wishes, priority=priority)
        for refusal in validation.refused:
            self.stderr.write(f"{refusal.instance_id} {refusal.tree}: {refusal.reason}")
        complete = self._wait(validation, options["timeout"]) if options["wait"] else True
        if not options["wait"]:
            self.stdout.write(f"{len(validation.run_ids)} runs queued.")
        if options["report"]:
            options["report"].write_text(json.dumps(report(validation), indent=2) + "\n")
        if not complete:
            raise CommandError(f"Not all runs were finished after {options['timeout']:g} s.")
        if validation.refused and not validation.run_ids:
            raise CommandError("No run could be asked for.")

    def _wishes(
        self, instances: list[str], slug: str | None, trees: list[TreeName], pk: int | None
    ) -> list[Wish]:
        subject = None
        if pk is not None:
            subject = Trajectory.objects.select_related("task").filter(pk=pk).first()
            if subject is None:
                raise CommandError(f"There is no trajectory {pk}.")
        if slug is not None:
            batch = Batch.objects.filter(slug=slug).first()
            if batch is None:
                raise CommandError(f"There is no batch {slug}.")
            wishes = wishes_for_batch(batch, trees)
            return [wish for wish in wishes if pk is None or wish.trajectory in (None, subject)]
        names = instances or ([subject.task.instance_id] if subject else [])
        if not names:
            raise CommandError("Name tasks by their instance_id, or a batch with --batch.")
        return wishes_for_tasks(self._tasks(names), trees, subject)

    def _tasks(self, names: list[str]) -> list[Task]:
        known = {
            task.instance_id: task
            for task in Task.objects.filter(instance_id__in=names).select_related(
                "current_revision", "repository"
            )
        }
        if missing := [name for name in names if name not in known]:
            raise CommandError(f"There is no task {', '.join(missing)}: load it with load_tasks.")
        return [known[name] for name in names]

    def _need_sandbox(self) -> None:
        try:
            wanted_sandbox()
        except SandboxUnavailable as error:
            raise CommandError(f"Tests cannot be run: {error}") from error

    def _wait(self, validation: Validation, timeout: float | None) -> bool:
        if not alive_workers() and validation.run_ids:
            self.stdout.write("No runs worker is alive: the runs are executed here.")
        return wait_for(
            validation.run_ids, timeout_seconds=timeout, on_finished=lambda run: self._tell(run)
        )

    def _tell(self, run: Run) -> None:
        name = run.task_revision.task.instance_id
        model = f" {run.trajectory.label} ({run.trajectory.file_name})" if run.trajectory else ""
        counts = ", ".join(_count(run, group) for group in (_F2P, _P2P))
        reason = f"\n    {run.reason}" if run.reason else ""
        suspect = " SUSPECT" if run.is_suspect else ""
        self.stdout.write(
            f"{name} {run.tree}{model}: {run.get_outcome_display()}{suspect} ({counts}){reason}"
        )


_F2P, _P2P = TestGroup.FAIL_TO_PASS, TestGroup.PASS_TO_PASS


def _count(run: Run, group: TestGroup) -> str:
    tests = run.tests.filter(group=group)
    passed = tests.filter(status__in=(TestStatus.PASSED, TestStatus.XFAIL)).count()
    return f"{group.label} {passed}/{tests.count()}"
