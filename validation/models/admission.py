from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from trajectories.models import TaskRevision
from validation.models.recipe import Recipe


class AdmissionState(models.TextChoices):
    PENDING = "pending"
    ADMITTED = "admitted"
    NOT_ADMITTED = "not_admitted", "Not admitted"


class Admission(models.Model):
    """Whether a task, with its recipe, proved that its tests can tell a right patch from none.

    Its runs are on base, where FAIL_TO_PASS must fail and PASS_TO_PASS pass, and on gold, where all
    must pass, each several times. The newest admission of a revision counts.
    """

    task_revision = models.ForeignKey(
        TaskRevision, on_delete=models.CASCADE, related_name="admissions"
    )
    recipe = models.ForeignKey(Recipe, on_delete=models.PROTECT, related_name="admissions")
    n_repeats = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=20, choices=AdmissionState, default=AdmissionState.PENDING)
    reasons = models.JSONField(default=list, help_text="Why it is not admitted, a sentence each.")
    flaky_tests = models.JSONField(
        default=list, help_text="Ids of the tests that did not end alike each time."
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    decided_at = models.DateTimeField(null=True)
    # An admin may let a task in that is not admitted.
    let_in_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    let_in_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(let_in_by__isnull=True, let_in_reason="")
                | Q(let_in_by__isnull=False, state=AdmissionState.NOT_ADMITTED),
                name="admission_let_in_is_not_admitted",
            ),
        ]

    def __str__(self) -> str:
        return f"admission of {self.task_revision}: {self.state}"

    @property
    def is_open(self) -> bool:
        """Tell whether patches are run on the task, and annotators get it."""
        return self.state == AdmissionState.ADMITTED or self.let_in_by_id is not None
