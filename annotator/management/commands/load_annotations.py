"""Read annotations that were exported or written elsewhere."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from annotator.importing.loading import Loaded, Wish, load_files
from trajectories.text import clean_text, storable_json


class Command(BaseCommand):
    help = (
        "Load annotations from the zip or the annotations.jsonl of an export, or from JSON with the"
        " content of one: as drafts of an annotator, as submissions, or only to check them. Fields"
        " may be missing: what is there is a start that counts as nobody's work. What the checks"
        " find is printed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--batch", default="", metavar="SLUG", help="by default the file's")
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--draft-for", metavar="NAME", help="keep drafts for this annotator")
        what.add_argument(
            "--submit-as",
            metavar="NAME",
            help="hand them in for this annotator, if none is blocked",
        )
        what.add_argument("--check", action="store_true", help="keep nothing")
        parser.add_argument("--report", type=Path, metavar="FILE", help="write all as JSON")

    def handle(self, *, files: list[Path], **options: Any) -> None:
        """Load one annotation after the other; end with 1 if any was refused."""
        name = options["draft_for"] or options["submit_as"] or ""
        wish = Wish(
            person=_annotator(name) if name else None,
            submits=bool(options["submit_as"]),
            batch=options["batch"],
        )
        done = []
        for loaded in load_files(files, wish):
            done.append(loaded)
            self._print(loaded)
        if options["report"]:
            _write(options["report"], done)
        if any(loaded.outcome == "refused" for loaded in done):
            sys.exit(1)

    def _print(self, loaded: Loaded) -> None:
        about = f" · {loaded.instance_id}" if loaded.instance_id else ""
        where = f" · assignment {loaded.assignment}" if loaded.assignment else ""
        self.stdout.write(clean_text(f"{loaded.place}{about}: {loaded.outcome}{where}"))
        if loaded.reason:
            self.stdout.write(clean_text(f"  {loaded.reason}"))
        if loaded.report is None:
            return
        for finding in loaded.report.findings:
            self.stdout.write(
                clean_text(f"  {finding.severity:6}  {finding.check:24}  {finding.message}")
            )
        for waived in loaded.report.waived:
            said = f"{waived.finding.message} Waived: {waived.reason}"
            self.stdout.write(clean_text(f"  waived  {waived.finding.check:24}  {said}"))
        if not loaded.report.findings:
            self.stdout.write(f"  {len(loaded.report.checked)} checks found nothing.")


def _annotator(name: str) -> User:
    person = User.objects.filter(username=name).first()
    if person is None:
        raise CommandError(f"There is nobody called {name} here.")
    if not person.is_annotator:
        raise CommandError(f"{name} is no annotator.")
    return person


def _write(path: Path, done: list[Loaded]) -> None:
    rows = {"annotations": [loaded.as_json() for loaded in done]}
    text = json.dumps(storable_json(rows), indent=2, ensure_ascii=False)
    try:
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise CommandError(
            f"All is done, but {path} cannot be written: {error.strerror}."
        ) from error
