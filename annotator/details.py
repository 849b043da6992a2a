"""The fields that a reasoning step has by its kind, beside claim and rationale.

A draft keeps what was written under another kind, for a change of mind; a submission holds the
fields of the kind it has, all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from annotator.models import ReasoningKind

Details = dict[str, Any]

# Field to what it is as long as nobody wrote it.
DETAILS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        ReasoningKind.OBSERVATION: {},
        ReasoningKind.HYPOTHESIS: {"test": "", "outcome": "", "settled_by": ""},
        ReasoningKind.EXPERIMENT: {"stands_on": "", "expected": ""},
        ReasoningKind.DECISION: {"question": ""},
        ReasoningKind.CHANGE: {"hunks": [], "also_changed": ""},
        ReasoningKind.VERIFICATION: {"tests": [], "does_not_show": ""},
        ReasoningKind.DEAD_END: {"visible_from": None, "cost_steps": None, "instead": ""},
        ReasoningKind.ROOT_CAUSE: {"elsewhere": ""},
    }
)
DETAIL_NAMES: Final = tuple(dict.fromkeys(name for fields in DETAILS.values() for name in fields))

HYPOTHESIS_OUTCOMES: Final = ("confirmed", "refuted", "open")
EXPERIMENT_BASES: Final = ("probe", "trajectory")
CONSIDERED_BY: Final = ("agent", "gold", "both", "neither")


def details_of(kind: str, stored: Mapping[str, Any]) -> Details:
    """Return the fields of a kind, with their empty values where nothing was written."""
    return {name: stored.get(name, empty) for name, empty in DETAILS[kind].items()}


def empty_detail(name: str) -> Any:
    """Return what a field is as long as nobody wrote it."""
    return next(fields[name] for fields in DETAILS.values() if name in fields)
