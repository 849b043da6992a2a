"""What the pages and fragments of runs show, selected and named; templates do no work."""

from __future__ import annotations

from validation.contexts.runs import RunContext, RunLine, StatusContext, run_context, status_context
from validation.contexts.tasks import TaskContext, task_context
from validation.contexts.tests import (
    TestsContext,
    latest_runs,
    revision_to_test,
    tests_context,
    tests_tab,
)

__all__ = [
    "RunContext",
    "RunLine",
    "StatusContext",
    "TaskContext",
    "TestsContext",
    "latest_runs",
    "revision_to_test",
    "run_context",
    "status_context",
    "task_context",
    "tests_context",
    "tests_tab",
]
