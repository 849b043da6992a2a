"""Load environment recipes from files."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from validation.services.recipes import LoadedEntry, load_recipe_file


class Command(BaseCommand):
    help = (
        "Load environment recipes (JSON lines or a JSON array), each for an instance_id or for a"
        " repo and version. docs/validation.md lists the fields."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--report", type=Path, help="write what became of each entry, as JSON")

    def handle(self, *, files: list[Path], report: Path | None, **_: Any) -> None:
        """Load every file and say what became of it."""
        entries = [entry for path in files for entry in load_recipe_file(path)]
        for entry in entries:
            if entry.status == "refused":
                self.stderr.write(_told(entry))
        counts = Counter(entry.status for entry in entries)
        self.stdout.write(
            f"Recipes: {counts['loaded']} loaded, {counts['unchanged']} unchanged,"
            f" {counts['refused']} refused."
        )
        if report is not None:
            rows = [asdict(entry) for entry in entries]
            report.write_text(json.dumps({"entries": rows}, indent=2) + "\n")
        if counts["refused"] == len(entries):
            raise CommandError("No recipe was loaded.")


def _told(entry: LoadedEntry) -> str:
    where = f"{entry.path}:{entry.line}" if entry.line else entry.path
    subject = f"{entry.subject}: " if entry.subject else ""
    return f"{where}: {subject}{entry.reason}"
