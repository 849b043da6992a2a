"""Execute the checked claims of exported annotations again and say whether they still hold."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reviews.reruns import Rerun, ask_again, conclude, described
from validation.services.validating import wait_for


class Command(BaseCommand):
    help = (
        "Execute the checked claims of exported annotations (annotations.jsonl) once more and print"
        " what each showed when it was handed in and what it shows now. The tasks, and for claims"
        " about an agent's patch its trajectory, must have been loaded."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="EXPORT.jsonl")
        parser.add_argument("--timeout", type=float, metavar="S", help="wait no longer than this")
        parser.add_argument("--report", type=Path, metavar="FILE", help="write the table as JSON")

    def handle(self, *, files: list[Path], **options: Any) -> None:
        """Ask for all runs, wait for them, compare."""
        reruns = [rerun for file in files for line in _lines(file) for rerun in ask_again(line)]
        if not reruns:
            self.stdout.write("No annotation holds a checked claim.")
            return
        runs = [rerun.run_id for rerun in reruns if rerun.run_id is not None]
        complete = wait_for(runs, timeout_seconds=options["timeout"])
        done = [conclude(rerun) for rerun in reruns]
        self._print(done)
        if options["report"]:
            rows = [described(rerun) for rerun in done]
            options["report"].write_text(json.dumps({"probes": rows}, indent=2) + "\n")
        if not complete:
            raise CommandError(f"Not all runs were finished after {options['timeout']:g} s.")

    def _print(self, done: list[Rerun]) -> None:
        for rerun in done:
            mark = " " if rerun.is_same else "≠"
            self.stdout.write(f"{mark} {rerun.instance_id} {rerun.step_name}  {rerun.sentence}")
            self.stdout.write(f"    then: {rerun.then}. {rerun.then_reason}")
            self.stdout.write(f"    now:  {rerun.now}. {rerun.now_reason}")
        n_same = sum(rerun.is_same for rerun in done)
        self.stdout.write(f"{n_same} of {len(done)} claims fare as they did.")


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    try:
        with file.open(encoding="utf-8") as lines:
            for number, text in enumerate(lines, start=1):
                if text.strip():
                    yield _line(file, number, text)
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read: {error}") from error


def _line(file: Path, number: int, text: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CommandError(f"{file}, line {number}, is no JSON: {error}") from error
    if not isinstance(line, dict) or not isinstance(line.get("annotation"), dict):
        raise CommandError(f"{file}, line {number}, is no line of an export.")
    return line
