"""Make assignments, submissions and reviews with contents that hold together."""

from __future__ import annotations

import itertools
import uuid
from typing import Any

from accounts.models import User
from annotator.models import Annotation, Assignment, Submission
from annotator.submissions import canonical_sha256
from reviews.models import Verdict
from reviews.services.reviewing import publish_review
from tests.factories import make_batch, make_trajectory
from trajectories.models import Batch, BatchTrajectory, Grant, Trajectory

_numbers = itertools.count(1)
ANSWERS = {f"c{number}": True for number in range(1, 6)}


def make_assignment(
    annotator: User, batch: Batch | None = None, trajectory: Trajectory | None = None, **fields: Any
) -> Assignment:
    """Make an active assignment with its empty annotation, in a batch of its own by default."""
    trajectory = trajectory or make_trajectory()
    batch = batch or make_batch(trajectory)
    membership, _ = BatchTrajectory.objects.get_or_create(
        batch=batch, trajectory=trajectory, defaults={"position": next(_numbers)}
    )
    values = {"slot": membership.assignments.count() + 1, **fields}
    assignment = Assignment.objects.create(membership=membership, annotator=annotator, **values)
    Annotation.objects.create(assignment=assignment)
    Grant.objects.get_or_create(
        user=annotator,
        trajectory=trajectory,
        defaults={"sees_gold": True, "sees_verdicts": True},
    )
    return assignment


def citation_content(**fields: Any) -> dict[str, Any]:
    quote = "    return a - b"
    return {
        "uid": str(uuid.uuid4()),
        "kind": "patch",
        "target": {
            "which": "gold",
            "path": "pkg/core.py",
            "side": "old",
            "start_line": 2,
            "end_line": 2,
        },
        "quote": quote,
        "prefix": "def add(a, b):\n",
        "suffix": "\n",
        "start": 15,
        "end": 15 + len(quote),
        "content_sha256": "ab" * 32,
        **fields,
    }


def step_content(**fields: Any) -> dict[str, Any]:
    return {
        "uid": str(uuid.uuid4()),
        "kind": "observation",
        "claim": "add() subtracts its second argument",
        "rationale": "The body of `add` reads **a - b**.",
        "options": [],
        "covers": [{"step": 1, "judgement": "productive"}],
        "citations": [citation_content()],
        **fields,
    }


def make_content(*steps: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return the content of a submission; `submit` adds what it is about."""
    return {
        "schema_version": 1,
        "first_diagnosis": "The sign is wrong.",
        "diagnosis_committed_at": None,
        "edit_count": 7,
        "reasoning_steps": list(steps) or [step_content()],
        **fields,
    }


def about(trajectory: Trajectory) -> dict[str, Any]:
    revision = trajectory.task_revision
    return {
        "task": {
            "instance_id": trajectory.task.instance_id,
            "base_commit": revision.base_commit,
            "revision": revision.number,
            "content_sha256": revision.content_sha256,
        },
        "trajectory": {
            "format": trajectory.format,
            "source_file_sha256": trajectory.source_file.sha256,
            "item_key": trajectory.item_key,
            "n_steps": trajectory.n_steps,
        },
    }


def submit(
    assignment: Assignment, content: dict[str, Any] | None = None, number: int | None = None
) -> Submission:
    """Hand in `content` as the assignment's next submission."""
    content = {**about(assignment.membership.trajectory), **(content or make_content())}
    submission = Submission.objects.create(
        annotation=assignment.annotation,
        number=number or assignment.annotation.submissions.count() + 1,
        content=content,
        sha256=canonical_sha256(content),
        submitted_by=assignment.annotator,
    )
    assignment.submit(assignment.annotator)
    return submission


def make_submission(
    annotator: User,
    *,
    batch: Batch | None = None,
    trajectory: Trajectory | None = None,
    content: dict[str, Any] | None = None,
) -> Submission:
    return submit(make_assignment(annotator, batch, trajectory), content)


def make_approved(annotator: User, reviewer: User, **fields: Any) -> Submission:
    """Make a submission that `reviewer` has approved."""
    submission = make_submission(annotator, **fields)
    publish_review(reviewer, submission, verdict=Verdict.APPROVE, summary="", scores=ANSWERS)
    return Submission.objects.get(pk=submission.pk)
