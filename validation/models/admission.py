from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Max, Q

from trajectories.models import TaskRevision
from validation.models.recipe import Recipe


class AdmissionState(models.TextChoices):
    PENDING = "pending"
    ADMITTED = "admitted"
    NOT_ADMITTED = "not_admitted", "Not admitted"


class AdmissionQuerySet(models.QuerySet["Admission"]):
    def decided_of(self, revision: TaskRevision) -> Admission | None:
        """Return the decision that counts for a revision: its newest."""
        decided = self.filter(task_revision=revision).exclude(state=AdmissionState.PENDING)
        return decided.order_by("-pk").first()

    def decided(self) -> AdmissionQuerySet:
        """Keep of each revision the decision that counts."""
        known = self.exclude(state=AdmissionState.PENDING).order_by()
        newest = known.values("task_revision").annotate(newest=Max("pk")).values("newest")
        return self.filter(pk__in=newest)

    def shut_revisions(self) -> models.QuerySet[Admission, int]:
        """Return the ids of the revisions that are not handed out, for a subquery."""
        shut = self.decided().filter(state=AdmissionState.NOT_ADMITTED, let_in_by=None)
        return shut.order_by().values_list("task_revision", flat=True)


class Admission(models.Model):
    """Whether a task, with its recipe, proved that its tests can tell a right patch from none.

    Its runs are on base, where FAIL_TO_PASS must fail and PASS_TO_PASS pass, and on gold, where all
    must pass, each several times. The newest decision on a revision counts.
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

    objects = AdmissionQuerySet.as_manager()

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
