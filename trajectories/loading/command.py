"""What the loading commands share: the report file, the lines on the terminal, the exit code."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Protocol

from django.core.management.base import CommandError, CommandParser

from trajectories.loading.report import LoadReport
from trajectories.text import clean_text, storable_json


class Writes(Protocol):
    def write(self, msg: str) -> Any: ...


def add_report_argument(parser: CommandParser) -> None:
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the report as JSON")


def finish(report: LoadReport, report_path: Path | None, out: Writes) -> None:
    """Write the report and end the process with 1 if anything was refused."""
    for line in report.summary_lines():
        out.write(clean_text(line))
    if report_path is not None:
        text = json.dumps(storable_json(report.as_json()), indent=2, ensure_ascii=False)
        try:
            report_path.write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise CommandError(
                f"The load is done, but {report_path} cannot be written: {error.strerror}."
            ) from error
    if not report.is_complete:
        sys.exit(1)
