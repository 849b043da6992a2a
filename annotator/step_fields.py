"""The fields of a reasoning step by name, wherever they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from annotator.details import DETAIL_NAMES, empty_detail
from annotator.models import ReasoningStep

# Columns of their own; the fields of the kinds are together in `details`.
COLUMNS: Final = ("kind", "claim", "rationale", "options", "covers", "relations")
FIELDS: Final = (*COLUMNS, *DETAIL_NAMES)
TEXTS: Final = frozenset(
    {
        "claim",
        "rationale",
        "test",
        "expected",
        "question",
        "also_changed",
        "does_not_show",
        "instead",
        "elsewhere",
    }
)
LISTS: Final = frozenset({"options", "covers", "relations", "hunks", "tests"})
LABELS: Final[Mapping[str, str]] = {
    "kind": "Kind",
    "claim": "Claim",
    "rationale": "Rationale",
    "options": "Options",
    "covers": "Covered steps",
    "relations": "Relations",
    "test": "How to test it",
    "outcome": "How it ended",
    "settled_by": "Settled by",
    "stands_on": "Stands on",
    "expected": "What was expected",
    "question": "Question",
    "hunks": "Hunks",
    "also_changed": "What else had to change",
    "tests": "Tests",
    "does_not_show": "What they do not show",
    "visible_from": "Could be seen from step",
    "cost_steps": "Cost in steps",
    "instead": "What would have been right",
    "elsewhere": "Why not where the gold patch changes code",
}


def read_field(step: ReasoningStep, name: str) -> Any:
    """Return a field's value; its empty value where nobody wrote it."""
    if name in COLUMNS:
        return getattr(step, name)
    return step.details.get(name, empty_detail(name))


def read_fields(step: ReasoningStep) -> dict[str, Any]:
    return {name: read_field(step, name) for name in FIELDS}


def write_fields(step: ReasoningStep, values: Mapping[str, Any]) -> list[str]:
    """Set fields on the row, unsaved; return the columns that are to be saved."""
    columns = set()
    for name, value in values.items():
        if name in COLUMNS:
            setattr(step, name, value)
            columns.add(name)
        else:
            step.details = {**step.details, name: value}
            columns.add("details")
    return sorted(columns)


def as_logged_now(name: str, value: Any) -> Any:
    """Return a value of the edit log in the shape of today.

    Covered steps once carried their judgement; the log is never rewritten.
    """
    if name == "covers":
        return [each["step"] if isinstance(each, dict) else each for each in value or ()]
    return value
