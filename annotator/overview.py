"""What an annotation says of the whole: kind of task, strategy, exit, difficulty, screening."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from django.db import models


class TaskKind(models.TextChoices):
    BUG_FIX = "bug_fix", "Bug fix"
    REFACTOR = "refactor", "Refactor"
    EDGE_CASE = "edge_case", "Edge case"
    FEATURE = "feature", "Feature"
    TEST_ALIGNMENT = "test_alignment", "Test alignment"


class Difficulty(models.TextChoices):
    """How long an engineer who knows the repository needs: the buckets of SWE-bench Verified."""

    UNDER_15_MIN = "under_15_min", "under 15 minutes"
    UP_TO_1_H = "15_min_to_1_h", "15 minutes to 1 hour"
    UP_TO_4_H = "1_to_4_h", "1 to 4 hours"
    OVER_4_H = "over_4_h", "over 4 hours"


class Exit(models.TextChoices):
    """How the work on the trajectory ended: the four exits of PRM800K."""

    SOLVED = "solved", "Solved: the chain leads to a correct change"
    ERROR_FOUND = "error_found", "Error found: where the agent went wrong is shown"
    BAD_TASK = "bad_task", "Bad task: issue or tests cannot be worked with"
    GAVE_UP = "gave_up", "Given up"


class Explains(models.TextChoices):
    """The patch whose hunks the change steps explain."""

    GOLD = "gold", "the gold patch"
    MODEL = "model", "the agent's patch"


# The screening questions of SWE-bench Verified: 0 is good, 2 and 3 make a task unfit.
WELL_SPECIFIED: Final = (
    (0, "0: well specified, clear what a solution has to do"),
    (1, "1: some blanks, but a sensible way to fill them"),
    (2, "2: vague, room for more than one reading"),
    (3, "3: nearly impossible to know what is asked"),
)
TESTS_FAIR: Final = (
    (0, "0: the tests take every valid solution"),
    (1, "1: most valid solutions pass, a few would not"),
    (2, "2: they miss some perfectly reasonable solutions"),
    (3, "3: too narrow or too broad, or they ask what the issue does not"),
)

OVERVIEW: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "task_kind": "",
        "strategy": "",
        "explains": Explains.GOLD.value,
        "difficulty": "",
        "exit": "",
        "exit_reason": "",
        "well_specified_score": None,
        "well_specified_reason": "",
        "tests_fair_score": None,
        "tests_fair_reason": "",
    }
)


def overview_of(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return every field of the overview, with its empty value where nothing was written."""
    return {name: stored.get(name, empty) for name, empty in OVERVIEW.items()}


def as_content(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the overview as a submission holds it."""
    flat = overview_of(stored)
    screening = {
        name: {"score": flat.pop(f"{name}_score"), "reason": flat.pop(f"{name}_reason")}
        for name in ("well_specified", "tests_fair")
    }
    return {**flat, **screening}


def from_content(overview: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is stored for the overview of a submission; fields it lacks stay unset."""
    stored = {name: overview[name] for name in OVERVIEW if name in overview}
    for name in ("well_specified", "tests_fair"):
        for part, value in (overview.get(name) or {}).items():
            stored[f"{name}_{part}"] = value
    return stored
