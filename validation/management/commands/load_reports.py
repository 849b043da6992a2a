"""Load what an upstream harness reported, to stand beside our own runs."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from validation.reports import ReportError
from validation.services.reports import load_report_file


class Command(BaseCommand):
    help = (
        "Load reports of SWE-bench's harness: report.json of an instance, or the summary of a run."
        " They are shown as claims beside our own runs and decide nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        about = parser.add_mutually_exclusive_group()
        about.add_argument("--gold", action="store_true", help="they are about the gold patch")
        about.add_argument(
            "--agent", default="", help="about the trajectory by this agent or model"
        )

    def handle(self, *, files: list[Path], gold: bool, agent: str, **_: Any) -> None:
        """Load every file and say what became of it."""
        n_loaded = 0
        for path in files:
            try:
                loaded = load_report_file(path, is_gold=gold, agent=agent)
            except (OSError, ReportError) as error:
                self.stderr.write(f"{path}: {error}")
                continue
            for instance_id, reason in loaded.refused.items():
                self.stderr.write(f"{path}: {instance_id}: {reason}")
            n_loaded += loaded.n_loaded
            self.stdout.write(
                f"{path}: {loaded.n_loaded} loaded, {len(loaded.refused)} refused,"
                f" {loaded.n_unknown} about tasks that are not loaded."
            )
        if not n_loaded:
            raise CommandError("No report was loaded.")
