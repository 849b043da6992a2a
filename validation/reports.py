"""Read what the field's harness reports: one patch on one instance, or a whole run.

Format: the `report.json` of each instance and the summary of a run that SWE-bench's harness
writes (`swebench/harness/grading.py` and `reporting.py`). What it does not know is left alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

_GROUPS = ("FAIL_TO_PASS", "PASS_TO_PASS")


class ReportError(ValueError):
    """The file is no report; the message says why."""


@dataclass(frozen=True)
class Reported:
    """What is claimed of one patch. `passes` has the tests that the report names."""

    instance_id: str
    is_resolved: bool
    passes: dict[str, bool] = field(default_factory=dict)


def read_reports(data: bytes) -> tuple[Reported, ...]:
    """Return what a report claims of each instance, or raise ReportError."""
    try:
        content = orjson.loads(data)
    except ValueError as error:
        raise ReportError(f"It is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise ReportError("It is not a JSON object.")
    if "resolved_ids" in content:
        return tuple(_of_run(content))
    if "tests_status" in content or "patch_is_None" in content:
        raise ReportError("It does not say which instance it is about.")
    found = tuple(_of_instances(content))
    if not found:
        raise ReportError("It holds no report: no instance with “resolved”.")
    return found


def _of_run(content: dict[str, Any]) -> Iterator[Reported]:
    for name, is_resolved in (("resolved_ids", True), ("unresolved_ids", False)):
        ids = content.get(name)
        for instance_id in ids if isinstance(ids, list) else []:
            if isinstance(instance_id, str):
                yield Reported(instance_id, is_resolved)


def _of_instances(content: dict[str, Any]) -> Iterator[Reported]:
    for instance_id, report in content.items():
        if isinstance(report, dict) and isinstance(report.get("resolved"), bool):
            yield Reported(instance_id, report["resolved"], _passes(report.get("tests_status")))


def _passes(statuses: object) -> dict[str, bool]:
    """Read `{"FAIL_TO_PASS": {"success": [id, …], "failure": [id, …]}, …}`."""
    passes: dict[str, bool] = {}
    for group in _GROUPS:
        lists = statuses.get(group) if isinstance(statuses, dict) else None
        for name, is_passing in (("success", True), ("failure", False)):
            ids = lists.get(name) if isinstance(lists, dict) else None
            for test_id in ids if isinstance(ids, list) else []:
                if isinstance(test_id, str):
                    passes[test_id] = is_passing
    return passes
