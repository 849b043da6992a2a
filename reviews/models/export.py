from __future__ import annotations

from django.conf import settings
from django.db import models

from reviews.querysets import ExportQuerySet
from trajectories.models import Batch


class ExportState(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


class Export(models.Model):
    """One export of a batch's approved submissions, as a zip of JSONL and JSON Schema."""

    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="exports")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    state = models.CharField(max_length=20, choices=ExportState, default=ExportState.QUEUED)
    reason = models.TextField(blank=True, help_text="Why it failed.")
    file = models.FileField(upload_to="exports/", max_length=300, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    n_annotations = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"export {self.pk} of {self.batch}"
