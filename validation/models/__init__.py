"""Recipes, environments, runs, reports."""

from __future__ import annotations

from validation.models.recipe import Environment, EnvironmentState, Recipe, RecipeUse
from validation.models.report import Report
from validation.models.run import (
    Outcome,
    Run,
    RunCommand,
    RunState,
    RunTest,
    TestGroup,
    TestStatus,
    TreeName,
)

__all__ = [
    "Environment",
    "EnvironmentState",
    "Outcome",
    "Recipe",
    "RecipeUse",
    "Report",
    "Run",
    "RunCommand",
    "RunState",
    "RunTest",
    "TestGroup",
    "TestStatus",
    "TreeName",
]
