"""A stale save beside what is stored."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from annotator.covers import format_covers
from annotator.models import ReasoningStep
from annotator.services.merging import Conflict, StaleVersion
from annotator.step_fields import LABELS, LISTS, TEXTS


@dataclass(frozen=True)
class ConflictField:
    """A field that two windows changed: both texts, or both values as JSON for lists."""

    name: str
    # What the form calls it.
    input_name: str
    label: str
    is_text: bool
    mine: str
    theirs: str
    mine_shown: str
    theirs_shown: str


@dataclass(frozen=True)
class ConflictPanel:
    """A form that saves the merged step on top of the stored version."""

    step: ReasoningStep
    fields: tuple[ConflictField, ...]
    # The other fields that were sent, merged, as name and value of hidden inputs.
    hidden: tuple[tuple[str, str], ...]


def conflict_context(stale: StaleVersion) -> ConflictPanel:
    """Lay a stale save and what is stored side by side."""
    fields = tuple(_conflict_field(conflict) for conflict in stale.conflicts)
    return ConflictPanel(
        stale.step, fields, tuple(_as_input(*item) for item in stale.merged.items())
    )


def _conflict_field(conflict: Conflict) -> ConflictField:
    name, mine, theirs = conflict.field, conflict.mine, conflict.theirs
    return ConflictField(
        name=name,
        input_name=_as_input(name, mine)[0],
        label=LABELS[name],
        is_text=name in TEXTS,
        mine=_as_input(name, mine)[1],
        theirs=_as_input(name, theirs)[1],
        mine_shown=shown_value(name, mine),
        theirs_shown=shown_value(name, theirs),
    )


def _as_input(name: str, value: Any) -> tuple[str, str]:
    if name in LISTS:
        return f"{name}_json", json.dumps(value)
    return name, "" if value is None else str(value)


def shown_value(name: str, value: Any) -> str:
    """Write the value of a field as a person reads it."""
    if name == "covers":
        return format_covers(value) or "none"
    if name == "tests":
        return "\n".join(value) or "none"
    if name == "options":
        lines = (
            f"{'✓ ' if o['chosen'] else ''}{o['title']} — for: {o['for']} — against: {o['against']}"
            for o in value
        )
        return "\n".join(lines) or "none"
    if name in LISTS:
        return f"{len(value)} named" if value else "none"
    return str(value or "nothing")
