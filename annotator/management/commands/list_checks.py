"""manage.py list_checks"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from annotator.checks import ALL_CHECKS, Check, Severity

_DOES = {Severity.BLOCK: "keeps it back", Severity.WARN: "warns", Severity.INFORM: "informs"}


class Command(BaseCommand):
    help = "Print all checks as a Markdown table: what each is called, does at most, and compares."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write("| check | at most | what it looks at |\n|---|---|---|")
        for check in ALL_CHECKS:
            self.stdout.write(_row(check))


def _row(check: Check) -> str:
    does = _DOES[check.severity] + ("" if check.is_waivable else ", cannot be waived")
    return f"| {check.title} (`{check.id}`) | {does} | {check.tells} |"
