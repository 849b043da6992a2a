"""The writing: policy, assignments, annotations, reasoning steps, citations, submissions."""

from __future__ import annotations

from annotator.models.active_time import Activity, TimeEntry, TimeKind
from annotator.models.annotation import Annotation, CheckReport, Edit, Submission
from annotator.models.assignment import Assignment, AssignmentState, BatchPolicy
from annotator.models.reasoning import (
    CHAIN_KINDS,
    Citation,
    CitationKind,
    Judgement,
    ReasoningKind,
    ReasoningStep,
    Relation,
    StepProbe,
)

__all__ = [
    "CHAIN_KINDS",
    "Activity",
    "Annotation",
    "Assignment",
    "AssignmentState",
    "BatchPolicy",
    "CheckReport",
    "Citation",
    "CitationKind",
    "Edit",
    "Judgement",
    "ReasoningKind",
    "ReasoningStep",
    "Relation",
    "StepProbe",
    "Submission",
    "TimeEntry",
    "TimeKind",
]
