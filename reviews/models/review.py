from __future__ import annotations

from django.conf import settings
from django.db import models

from annotator.models import Submission
from trajectories.models import Batch


class Rubric(models.Model):
    """What a reviewer answers about every submission of a batch: yes-or-no questions.

    Binary facts agree between reviewers where ordinal scales do not.
    """

    batch = models.OneToOneField(Batch, on_delete=models.CASCADE, related_name="rubric")
    criteria = models.JSONField(default=list, help_text="[{id, question}], in order.")

    def __str__(self) -> str:
        return f"rubric of {self.batch}"


class Verdict(models.TextChoices):
    APPROVE = "approve"
    REQUEST_CHANGES = "request_changes", "Request changes"
    REJECT = "reject"


class Review(models.Model):
    """A reviewer's published verdict on a submission; it is written once and stays."""

    submission = models.OneToOneField(Submission, on_delete=models.PROTECT, related_name="review")
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reviews"
    )
    verdict = models.CharField(max_length=20, choices=Verdict)
    summary = models.TextField(blank=True, help_text="Markdown.")
    scores = models.JSONField(default=dict, help_text="Criterion id to true or false.")
    published_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.get_verdict_display()}: {self.submission}"
