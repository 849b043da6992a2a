"""What is said of the whole annotation, as it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from annotator.models import Annotation
from annotator.overview import (
    TESTS_FAIR,
    WELL_SPECIFIED,
    Difficulty,
    Exit,
    Explains,
    TaskKind,
    overview_of,
)

# Field, question, and what may be answered.
SCREENING_QUESTIONS = (
    ("well_specified", "Is the issue well specified?", WELL_SPECIFIED),
    ("tests_fair", "Are the tests fair?", TESTS_FAIR),
)


@dataclass(frozen=True)
class OverviewContext:
    """The overview's values, and what each may be."""

    values: dict[str, Any]

    @property
    def choices(self) -> dict[str, Any]:
        return {
            "task_kind": TaskKind.choices,
            "difficulty": Difficulty.choices,
            "exit": Exit.choices,
            "explains": Explains.choices,
        }

    @property
    def in_short(self) -> str:
        """What was chosen, in the words before a colon: Bug fix · under 15 minutes · Solved."""
        labels = (
            dict(self.choices[name]).get(self.values[name], "")
            for name in ("task_kind", "difficulty", "exit")
        )
        return " · ".join(label.partition(":")[0] for label in labels if label)

    @property
    def screening(self) -> tuple[tuple[str, str, Any, Any, str], ...]:
        """Name, question, answers, score and reason of each screening question."""
        return tuple(
            (
                name,
                question,
                answers,
                self.values[f"{name}_score"],
                self.values[f"{name}_reason"],
            )
            for name, question, answers in SCREENING_QUESTIONS
        )

    @property
    def n_open(self) -> int:
        """Count what is still to be answered."""
        asked = ("task_kind", "strategy", "difficulty", "exit")
        scores = ("well_specified_score", "tests_fair_score")
        return sum(not self.values[name] for name in asked) + sum(
            self.values[name] is None for name in scores
        )


def overview_context(annotation: Annotation) -> OverviewContext:
    return OverviewContext(overview_of(annotation.overview))
