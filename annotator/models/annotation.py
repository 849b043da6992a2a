from __future__ import annotations

from django.conf import settings
from django.db import models

from annotator.models.assignment import Assignment
from annotator.querysets import AnnotationQuerySet, SubmissionQuerySet


class Annotation(models.Model):
    """One annotator's reconstruction for one trajectory: an ordered list of reasoning steps."""

    assignment = models.OneToOneField(
        Assignment, on_delete=models.PROTECT, related_name="annotation"
    )
    first_diagnosis = models.TextField(blank=True, help_text="Root cause and plan, Markdown.")
    # Once set, the diagnosis is fixed and the grant shows gold patch and verdicts.
    diagnosis_committed_at = models.DateTimeField(null=True, blank=True)
    # What is said of the whole, beside the chain. Counted like a step's edits, for the same reason.
    version = models.PositiveIntegerField(default=1)
    overview = models.JSONField(
        default=dict, help_text="Field to value, see annotator/overview.py; unset ones are absent."
    )
    judgements = models.JSONField(
        default=dict,
        help_text="Trajectory step to {judgement, misstep, should_have, is_decisive}.",
    )
    waivers = models.JSONField(
        default=dict, help_text="“check|place” of a finding that is let stand, to the reason."
    )
    # Loaded with content that nobody here has worked on; it is no progress of anybody's.
    is_prefilled = models.BooleanField(default=False)
    # Number of the last row of the edit log.
    edit_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    objects = AnnotationQuerySet.as_manager()

    def __str__(self) -> str:
        return f"annotation of {self.assignment}"


class Edit(models.Model):
    """One change to an annotation. Append-only: undo, history and merge rest on it.

    A trigger in the database refuses UPDATE and DELETE.
    """

    annotation = models.ForeignKey(Annotation, on_delete=models.PROTECT, related_name="edits")
    number = models.PositiveIntegerField(help_text="From 1 within the annotation.")
    # Null where the edit concerns the annotation as a whole.
    reasoning_step = models.ForeignKey(
        "ReasoningStep", null=True, on_delete=models.PROTECT, related_name="edits"
    )
    action = models.CharField(max_length=40)
    changes = models.JSONField(default=dict, help_text="{field: [before, after]}")
    version = models.PositiveIntegerField(
        null=True, help_text="Of the reasoning step, or of the whole, after the edit."
    )
    # Edits of one gesture are undone together; it goes by the number of its first edit.
    gesture = models.PositiveIntegerField(null=True)
    # The gesture that this one takes back; null for writing.
    reverts = models.PositiveIntegerField(null=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["annotation", "number"]
        constraints = [
            models.UniqueConstraint(fields=["annotation", "number"], name="edit_number"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.action}"


class Submission(models.Model):
    """The annotation as it was when handed in. A trigger refuses UPDATE and DELETE."""

    annotation = models.ForeignKey(Annotation, on_delete=models.PROTECT, related_name="submissions")
    number = models.PositiveIntegerField(help_text="From 1 within the annotation.")
    content = models.JSONField()
    sha256 = models.CharField(max_length=64, help_text="Of the content as canonical JSON.")
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    submitted_at = models.DateTimeField(auto_now_add=True)

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        ordering = ["annotation", "number"]
        constraints = [
            models.UniqueConstraint(fields=["annotation", "number"], name="submission_number"),
        ]

    def __str__(self) -> str:
        return f"submission {self.number} of {self.annotation}"


class CheckReport(models.Model):
    """What the checks found in a submission, once a worker has run them."""

    submission = models.OneToOneField(
        Submission, on_delete=models.CASCADE, related_name="check_report"
    )
    findings = models.JSONField(
        default=list, help_text="[{check, severity, message, place, offer}], as they stood."
    )
    waived = models.JSONField(default=list, help_text="The same with the reason of the waiver.")
    checked = models.JSONField(default=list, help_text="Ids of the checks that ran.")
    # Why they could not be run; empty: they were.
    failure = models.TextField(blank=True)
    finished_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"checks of {self.submission}"
