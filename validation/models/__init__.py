"""Recipes, environments, runs, reports."""

from __future__ import annotations

from validation.models.admission import Admission, AdmissionState
from validation.models.probe import Probe, ProbeJudgement, ProbeResult
from validation.models.recipe import (
    Environment,
    EnvironmentState,
    Recipe,
    RecipeUse,
    Runtime,
)
from validation.models.report import Report
from validation.models.run import (
    Outcome,
    Run,
    RunCommand,
    RunPriority,
    RunState,
    RunTest,
    TestGroup,
    TestStatus,
    TreeName,
)

__all__ = [
    "Admission",
    "AdmissionState",
    "Environment",
    "EnvironmentState",
    "Outcome",
    "Probe",
    "ProbeJudgement",
    "ProbeResult",
    "Recipe",
    "RecipeUse",
    "Report",
    "Run",
    "RunCommand",
    "RunPriority",
    "RunState",
    "RunTest",
    "Runtime",
    "TestGroup",
    "TestStatus",
    "TreeName",
]
