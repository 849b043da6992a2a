from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reviews.errors import ExportUserError
from reviews.exporting.writer import FILES, write_export
from trajectories.models import Batch


class Command(BaseCommand):
    help = f"Write the approved submissions of a batch: {', '.join(FILES)} (docs/export.md)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("slug", help="The batch.")
        parser.add_argument(
            "--out", type=Path, required=True, help="Folder; it is made if it does not exist."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        batch = Batch.objects.filter(slug=options["slug"]).first()
        if batch is None:
            known = ", ".join(Batch.objects.values_list("slug", flat=True)) or "none"
            raise CommandError(f"There is no batch {options['slug']!r}; there are: {known}.")
        try:
            counts = write_export(batch, options["out"])
        except ExportUserError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"{options['out']} cannot be written: {error}.") from error
        self.stdout.write(
            f"Approved submissions: {counts.annotations} (tasks: {counts.tasks}), "
            f"in {options['out']}"
        )
