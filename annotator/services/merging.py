"""Three-way merge of a reasoning step's fields, whole field by whole field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from annotator.models import ReasoningStep


@dataclass(frozen=True)
class Conflict:
    """A field that both sides changed: what it was, what is being saved, what is stored."""

    field: str
    base: Any
    mine: Any
    theirs: Any


class StaleVersion(Exception):
    """A save was made from an older version, and both sides changed the same field."""

    def __init__(
        self, step: ReasoningStep, conflicts: list[Conflict], merged: Mapping[str, Any]
    ) -> None:
        self.step = step
        self.conflicts = conflicts
        # The other fields of the save, as they would have been stored.
        self.merged = dict(merged)
        super().__init__("This reasoning step was changed in another window meanwhile.")


def merge(
    base: Mapping[str, Any], mine: Mapping[str, Any], theirs: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Conflict]]:
    """Return the merged values of the fields in `mine`, and the fields that cannot be merged."""
    merged: dict[str, Any] = {}
    conflicts = []
    for field, value in mine.items():
        if value == theirs[field] or value == base[field]:
            merged[field] = theirs[field]
        elif theirs[field] == base[field]:
            merged[field] = value
        else:
            conflicts.append(Conflict(field, base[field], value, theirs[field]))
    return merged, conflicts
