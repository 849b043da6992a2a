"""Reasoning steps as they are stored, for reading: see `annotator.contexts.reading`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from annotator.contexts.chips import Chip
from annotator.contexts.places import Link, places_here
from annotator.contexts.reading import StepReading, read_step
from annotator.details import details_of
from annotator.models import ReasoningKind, ReasoningStep
from trajectories.models import Trajectory


def row_as_content(step: ReasoningStep) -> dict[str, Any]:
    """Return what is read of a step, in the shape that a submission has; without its evidence."""
    return {
        "uid": str(step.uid),
        "kind": step.kind,
        "claim": step.claim,
        "details": details_of(step.kind, step.details),
        "options": step.options if step.kind == ReasoningKind.DECISION else [],
        "covers": step.covers,
        "relations": step.relations,
    }


class RowReader:
    """Shows the steps of one annotation; `rows` are all of them, the root cause included."""

    def __init__(
        self, trajectory: Trajectory, rows: Sequence[ReasoningStep], *, has_details: bool
    ) -> None:
        self.places = places_here(trajectory)
        self.has_details = has_details
        contents = [row_as_content(row) for row in rows]
        chain = [each for each in contents if each["kind"] != ReasoningKind.ROOT_CAUSE]
        root = next((each for each in contents if each not in chain), None)
        self.chain = self.places.chain(chain, root)

    def read(self, step: ReasoningStep, chips: Sequence[Chip]) -> StepReading:
        """Show a step; `chips` are its citations, whose numbers name them as evidence."""
        evidence = {
            str(chip.uid): Link(f"[{number}]", chip.href, "" if chip.page else chip.url, chip.pane)
            for number, chip in enumerate(chips, start=1)
        }
        content = row_as_content(step)
        return read_step(content, self.places, self.chain, evidence, has_details=self.has_details)
