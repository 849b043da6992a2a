"""The writing: policy, assignments, annotations, reasoning steps, citations, submissions."""

from __future__ import annotations

from annotator.models.annotation import Annotation, Edit, Submission
from annotator.models.assignment import Assignment, AssignmentState, BatchPolicy
from annotator.models.reasoning import (
    Citation,
    CitationKind,
    Judgement,
    ReasoningKind,
    ReasoningStep,
    StepProbe,
)

__all__ = [
    "Annotation",
    "Assignment",
    "AssignmentState",
    "BatchPolicy",
    "Citation",
    "CitationKind",
    "Edit",
    "Judgement",
    "ReasoningKind",
    "ReasoningStep",
    "StepProbe",
    "Submission",
]
