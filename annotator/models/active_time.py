from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from annotator.models.assignment import Assignment
from annotator.querysets import TimeEntryQuerySet


class Activity(models.TextChoices):
    ANNOTATING = "annotating"
    REVIEWING = "reviewing"


class TimeKind(models.TextChoices):
    # Told by heartbeats while it passed.
    MEASURED = "measured"
    # Told by the browser afterwards: the server could not be reached meanwhile.
    LATE = "late", "Sent later"
    # Said by the person: nothing was used, or they worked elsewhere.
    CLAIMED = "claimed"
    CORRECTION = "correction"


class TimeEntry(models.Model):
    """A stretch of a person's work on an assignment. No two of a person overlap.

    A correction lies within the entry that it corrects and counts in its place; the entry stays. A
    trigger refuses DELETE, and every UPDATE but two: what is being measured grows, and a decision
    is made once. See docs/time.md.
    """

    assignment = models.ForeignKey(
        Assignment, on_delete=models.PROTECT, related_name="time_entries"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="time_entries"
    )
    activity = models.CharField(max_length=20, choices=Activity)
    kind = models.CharField(max_length=20, choices=TimeKind)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    # When the last heartbeat of what is being measured arrived; it may have told of a pause.
    seen_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)
    corrects = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="corrections"
    )
    # What a person said counts until a lead declines it; null: nobody has looked yet.
    is_accepted = models.BooleanField(null=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TimeEntryQuerySet.as_manager()

    class Meta:
        ordering = ["started_at", "pk"]
        verbose_name_plural = "time entries"
        indexes = [models.Index(fields=["person", "ended_at"], name="time_of_person")]
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at__gte=F("started_at")), name="time_runs_forward"
            ),
            models.CheckConstraint(
                condition=(
                    Q(kind=TimeKind.CORRECTION, corrects__isnull=False)
                    | (~Q(kind=TimeKind.CORRECTION) & Q(corrects__isnull=True))
                ),
                name="time_correction_corrects",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=(TimeKind.MEASURED, TimeKind.LATE)) | ~Q(reason=""),
                name="time_said_has_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} from {self.started_at:%Y-%m-%d %H:%M} by {self.person}"

    @property
    def length(self) -> timedelta:
        return self.ended_at - self.started_at

    @property
    def is_said(self) -> bool:
        """Tell whether a person said so, which a lead looks at."""
        return self.kind in (TimeKind.CLAIMED, TimeKind.CORRECTION)
