"""What the pages and fragments of runs show, selected and named; templates do no work."""

from __future__ import annotations

from validation.contexts.admission import (
    AdmissionContext,
    BatchAdmission,
    admission_context,
    batch_admission,
)
from validation.contexts.logs import LogWish, gap_context
from validation.contexts.matrix import Selection
from validation.contexts.outputs import OutputContext, output_context
from validation.contexts.runs import RunContext, RunLine, StatusContext, run_context, status_context
from validation.contexts.tasks import TaskContext, task_context
from validation.contexts.tests import (
    TestsContext,
    VerdictsContext,
    latest_runs,
    revision_to_test,
    tests_context,
    tests_tab,
    verdicts_context,
)

__all__ = [
    "AdmissionContext",
    "BatchAdmission",
    "LogWish",
    "OutputContext",
    "RunContext",
    "RunLine",
    "Selection",
    "StatusContext",
    "TaskContext",
    "TestsContext",
    "VerdictsContext",
    "admission_context",
    "batch_admission",
    "gap_context",
    "latest_runs",
    "output_context",
    "revision_to_test",
    "run_context",
    "status_context",
    "task_context",
    "tests_context",
    "tests_tab",
    "verdicts_context",
]
