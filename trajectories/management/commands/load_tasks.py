from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from trajectories.loading import BadBatchSlug, load_tasks
from trajectories.loading.command import add_report_argument, finish


class Command(BaseCommand):
    help = "Load SWE-bench rows (JSON Lines, JSON array or Parquet) into a batch."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--batch", required=True, metavar="SLUG", help="made if it is new")
        parser.add_argument(
            "--dataset", default="", help="the data set's name; the file's name by default"
        )
        add_report_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = load_tasks(
                options["files"], batch_slug=options["batch"], dataset=options["dataset"]
            )
        except BadBatchSlug as error:
            raise CommandError(str(error)) from error
        finish(report, options["report"], self.stdout)
