from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from trajectories.loading import BadBatchSlug, load_trajectories
from trajectories.loading.command import add_report_argument, finish


class Command(BaseCommand):
    help = "Load SWE-agent and mini-swe-agent trajectories into a batch."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "paths", nargs="+", type=Path, metavar="PATH", help="a file, or a folder with all below"
        )
        parser.add_argument("--batch", required=True, metavar="SLUG", help="made if it is new")
        add_report_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = load_trajectories(options["paths"], batch_slug=options["batch"])
        except BadBatchSlug as error:
            raise CommandError(str(error)) from error
        finish(report, options["report"], self.stdout)
