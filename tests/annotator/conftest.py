"""An annotator with a trajectory claimed, and what may be written on it."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from annotator.citations.sources import Selected, find_passage
from annotator.citations.targets import ThoughtTarget
from annotator.models import Annotation, Assignment, Citation, ReasoningStep
from annotator.services.citing import cite
from annotator.services.claiming import claim_next
from annotator.services.editing import add_step, save_step
from tests.factories import make_batch, make_trajectory
from trajectories.access import Sight
from trajectories.models import Batch


@pytest.fixture
def batch(db: None) -> Batch:
    return make_batch(make_trajectory())


@pytest.fixture
def assignment(annotator: User, batch: Batch) -> Assignment:
    return claim_next(annotator, batch)


@pytest.fixture
def annotation(assignment: Assignment) -> Annotation:
    return assignment.annotation


def write(annotation: Annotation, kind: str = "observation", **values: Any) -> ReasoningStep:
    """Add a reasoning step with something in it, as its annotator does."""
    author = annotation.assignment.annotator
    step = add_step(author, annotation, kind)
    return save_step(author, step, {"claim": "add() subtracts", **values}, step.version)


def cite_thought(annotation: Annotation, step: ReasoningStep | None = None) -> Citation:
    """Cite a few words of the second step's thought."""
    trajectory = annotation.assignment.membership.trajectory
    passage = find_passage(trajectory, Sight(True, True), ThoughtTarget(2), Selected("I run the"))
    return cite(annotation.assignment.annotator, annotation, "thought", passage, step)
