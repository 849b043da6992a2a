"""Run instances of which it is known how they end, and tell where they end otherwise."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from validation.broker import alive_workers
from validation.expectations import (
    Expectation,
    ExpectationError,
    counted,
    read_expectations,
)
from validation.models import Run
from validation.sandbox import SandboxUnavailable
from validation.services.checking import Check, Checked, CheckedRun, begin, conclude, described
from validation.services.sandboxes import wanted_sandbox
from validation.services.validating import wait_for

_ROW = "{:<34} {:<6} {:<20} {:<24} {:<30}"


class Command(BaseCommand):
    help = (
        "Run loaded tasks on base, an empty patch, gold and every trajectory's patch, and compare"
        " each test and verdict with a file of expectations (docs/validation.md has its format)."
        " Ends with 1 where anything differs."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("expectations", type=Path, metavar="EXPECTATIONS.jsonl")
        parser.add_argument("instances", nargs="*", metavar="INSTANCE", help="only these")
        parser.add_argument("--timeout", type=float, metavar="S", help="wait no longer than this")
        parser.add_argument("--report", type=Path, metavar="FILE", help="write the table as JSON")

    def handle(self, *, expectations: Path, instances: list[str], **options: Any) -> None:
        """Run, compare, print the table."""
        wanted = _chosen(expectations, instances)
        if not alive_workers():
            _need_sandbox()
        checks = begin(wanted)
        self.stdout.write(_ROW.format("instance", "tree", "outcome", *_GROUPS).rstrip())
        complete, checked = self._wait(checks, options["timeout"])
        if options["report"]:
            content = {"instances": [described(each) for each in checked]}
            options["report"].write_text(json.dumps(content, indent=2) + "\n")
        n_runs = sum(len(each.runs) for each in checked)
        n_differences = sum(each.n_differences for each in checked)
        counts = f"Instances: {len(checked)}, runs: {n_runs}, differences: {n_differences}."
        self.stdout.write(counts)
        if not complete:
            raise CommandError(f"Not all runs were finished after {options['timeout']:g} s.")
        if n_differences:
            raise CommandError(f"{n_differences} differences from what was expected.")

    def _wait(self, checks: list[Check], timeout: float | None) -> tuple[bool, list[Checked]]:
        """Print each instance as soon as its last run has ended."""
        done: list[Checked] = []
        waiting = {run_id: check for check in checks for run_id in check.run_ids}

        def finish(check: Check) -> None:
            done.append(conclude(check))
            self._tell(done[-1])

        def finished(run: Run) -> None:
            check = waiting.pop(run.pk)
            if not any(run_id in waiting for run_id in check.run_ids):
                finish(check)

        for check in checks:
            if not check.run_ids:
                finish(check)
        complete = wait_for(list(waiting), timeout_seconds=timeout, on_finished=finished)
        return complete, done

    def _tell(self, checked: Checked) -> None:
        name = checked.expectation.instance_id
        for one in checked.runs:
            self._tell_run(name, one)
        if checked.is_admitted is False:
            self.stdout.write(f"{name}: not admitted")
            self._tell_lines("because:", checked.reasons)
        if not checked.runs or checked.differences:
            self.stdout.write(f"{name}:")
        self._tell_lines("≠", checked.differences)

    def _tell_run(self, name: str, one: CheckedRun) -> None:
        found = (one.found.fail_to_pass, one.found.pass_to_pass)
        counts = (counted(Counter(statuses.values())) for statuses in found)
        row = _ROW.format(name, one.tree, one.run.outcome, *counts)
        file = one.run.trajectory.file_name if one.run.trajectory else ""
        suspect = " SUSPECT" if one.run.is_suspect else ""
        self.stdout.write(f"{row} {file}{suspect}".rstrip())
        self._tell_lines("says:", one.run.reason.splitlines())
        self._tell_lines("≠", one.differences)

    def _tell_lines(self, mark: str, lines: tuple[str, ...] | list[str]) -> None:
        for line in lines:
            self.stdout.write(f"    {mark} {line}")


_GROUPS = ("FAIL_TO_PASS", "PASS_TO_PASS")


def _chosen(path: Path, instances: list[str]) -> list[Expectation]:
    try:
        found = read_expectations(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ExpectationError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
    known = {expectation.instance_id: expectation for expectation in found}
    if missing := [name for name in instances if name not in known]:
        raise CommandError(f"{path} has no expectation of {', '.join(missing)}.")
    return [known[name] for name in instances] if instances else list(known.values())


def _need_sandbox() -> None:
    try:
        wanted_sandbox()
    except SandboxUnavailable as error:
        raise CommandError(f"Tests cannot be run: {error}") from error
