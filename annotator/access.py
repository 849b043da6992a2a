"""Who may open and who may write an annotation: the one place that the views ask."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied
from django.db.models import F, Q
from django.http import Http404
from django.shortcuts import get_object_or_404

from accounts.models import User
from annotator.models import (
    Annotation,
    Assignment,
    Citation,
    ReasoningStep,
    StepProbe,
    Submission,
    TimeEntry,
)
from trajectories.models import Batch, Trajectory

RELATIONS = (
    "annotator",
    "annotation",
    "membership__batch",
    "membership__trajectory__task__repository",
    "membership__trajectory__task_revision",
)


def get_assignment(user: User, pk: int) -> Assignment:
    """Return the person's own assignment (any, for an admin), or raise Http404."""
    visible = Assignment.objects.visible_to(user).select_related(*RELATIONS)
    return get_object_or_404(visible, pk=pk)


def get_own_assignment(user: User, pk: int) -> Assignment:
    """As `get_assignment`, for a change: 403 for an admin who only reads."""
    assignment = get_assignment(user, pk)
    if assignment.annotator_id != user.pk:
        raise PermissionDenied("Only its annotator changes this.")
    return assignment


def get_timed_assignment(user: User, pk: int) -> Assignment:
    """Return an assignment that the person works on, reviewers included, or raise Http404."""
    if not user.is_reviewer:
        return get_assignment(user, pk)
    reviewed = Submission.objects.visible_to(user).values("annotation__assignment")
    known = Assignment.objects.filter(Q(pk__in=reviewed) | Q(annotator=user))
    return get_object_or_404(known.select_related(*RELATIONS), pk=pk)


def get_assignment_to_claim(user: User, pk: int) -> Assignment:
    """As `get_timed_assignment`, to enter time: 403 for an admin where nothing was handed in."""
    assignment = get_timed_assignment(user, pk)
    if assignment.annotator_id != user.pk and not assignment.annotation.submissions.exists():
        raise PermissionDenied("Only who works on it enters time.")
    return assignment


def get_time_entry(user: User, pk: int) -> TimeEntry:
    """Return the person's own entry (any, for an admin), or raise Http404."""
    visible = TimeEntry.objects.visible_to(user).select_related("assignment", "person")
    return get_object_or_404(visible, pk=pk)


def get_own_time_entry(user: User, pk: int) -> TimeEntry:
    """As `get_time_entry`, for a correction: 403 for an admin who only reads."""
    entry = get_time_entry(user, pk)
    if entry.person_id != user.pk:
        raise PermissionDenied("Only who worked then corrects this.")
    return entry


def get_annotation(user: User, pk: int) -> Annotation:
    """Return the annotation for a change by its annotator; 404 unseen, 403 for an admin."""
    visible = Annotation.objects.visible_to(user).select_related(
        *(f"assignment__{relation}" for relation in RELATIONS if relation != "annotation")
    )
    annotation = get_object_or_404(visible, pk=pk)
    _require_own(user, annotation)
    return annotation


def get_reasoning_step(user: User, uid: uuid.UUID) -> ReasoningStep:
    """Return the reasoning step for a change by its annotator; 404 unseen, 403 for an admin."""
    step = get_object_or_404(
        ReasoningStep.objects.filter(annotation__in=Annotation.objects.visible_to(user)), uid=uid
    )
    step.annotation = get_annotation(user, step.annotation_id)
    return step


@dataclass(frozen=True)
class StepToSave:
    """A reasoning step, and how many edits its annotation had when the step was read."""

    step: ReasoningStep
    read_at: int

    def n_steps(self) -> int:
        """Return the number of the trajectory's steps (one query)."""
        trajectories = Trajectory.objects.filter(
            batch_memberships__assignments__annotation=self.step.annotation_id
        )
        return trajectories.only("n_steps").get().n_steps


def get_step_to_save(user: User, uid: uuid.UUID) -> StepToSave:
    """As `get_reasoning_step`; no other answer is as frequent, so it takes one short query."""
    rows = ReasoningStep.objects.annotate(
        annotator=F("annotation__assignment__annotator"), read_at=F("annotation__edit_count")
    )
    try:
        step = rows.get(uid=uid)
    except ReasoningStep.DoesNotExist as error:
        raise Http404 from error
    if not (step.annotator == user.pk or user.is_admin):
        raise Http404
    _require_annotator(user, step.annotator)
    return StepToSave(step, step.read_at)


def get_citation(user: User, uid: uuid.UUID) -> Citation:
    """Return the citation for a change by its annotator; 404 unseen, 403 for an admin."""
    annotations = Annotation.objects.visible_to(user)
    citation = get_object_or_404(
        Citation.objects.filter(reasoning_step__annotation__in=annotations).select_related(
            "reasoning_step"
        ),
        uid=uid,
    )
    step = citation.reasoning_step
    step.annotation = get_annotation(user, step.annotation_id)
    return citation


def get_step_probe(user: User, uid: uuid.UUID) -> StepProbe:
    """Return the check with this probe for a change by its annotator; 404 unseen, 403 else."""
    annotations = Annotation.objects.visible_to(user)
    step_probe = get_object_or_404(
        StepProbe.objects.filter(reasoning_step__annotation__in=annotations).select_related(
            "reasoning_step", "probe"
        ),
        probe__uid=uid,
    )
    step = step_probe.reasoning_step
    step.annotation = get_annotation(user, step.annotation_id)
    return step_probe


def get_batch(slug: str) -> Batch:
    """Return the batch, or raise Http404. Every annotator may see which batches there are."""
    return get_object_or_404(Batch, slug=slug)


def _require_own(user: User, annotation: Annotation) -> None:
    _require_annotator(user, annotation.assignment.annotator_id)


def _require_annotator(user: User, annotator_id: int) -> None:
    if annotator_id != user.pk:
        raise PermissionDenied("Only its annotator changes this.")
