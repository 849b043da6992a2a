from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from accounts.models import Role, User
from trajectories.models import Grant, TaskRevision, Trajectory
from validation.models.run import Run, TreeName


class ProbeJudgement(models.TextChoices):
    """How a claim fared when it was executed."""

    AS_CLAIMED = "as_claimed", "As claimed"
    NOT_AS_CLAIMED = "not_as_claimed", "Not as claimed"
    COULD_NOT_RUN = "could_not_run", "Could not run"


class ProbeQuerySet(models.QuerySet["Probe"]):
    def with_results(self) -> ProbeQuerySet:
        """Fetch the results, newest first, with their runs but not the logs (one query more)."""
        results = (
            ProbeResult.objects.select_related("run__recipe").defer("run__log").order_by("-pk")
        )
        return self.prefetch_related(models.Prefetch("results", results))

    def visible_to(self, user: User) -> ProbeQuerySet:
        """Keep the probes that `user` may read: their own, and for reviewers what was handed in."""
        if user.is_admin:
            return self
        grants = Grant.objects.filter(user=user, trajectory=OuterRef("trajectory"))
        own = Q(asked_by=user) & Exists(grants)
        if user.role != Role.REVIEWER:
            return self.filter(own)
        handed_in = Q(handed_in_at__isnull=False) & Exists(grants.filter(sees_verdicts=True))
        return self.filter(own | handed_in)


class Probe(models.Model):
    """A claim that can be executed: what to run, on which code, and what is expected of it.

    Its content never changes, which a trigger in the database holds; another claim is another
    probe. Each time it is run it gets a `ProbeResult`.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    task_revision = models.ForeignKey(TaskRevision, on_delete=models.PROTECT, related_name="probes")
    trajectory = models.ForeignKey(Trajectory, on_delete=models.PROTECT, related_name="probes")
    tree = models.CharField(max_length=20, choices=TreeName)
    with_test_patch = models.BooleanField(default=True)
    extra_patch = models.TextField(blank=True)
    # One of the two.
    command = models.TextField(blank=True)
    test_ids = models.JSONField(default=list)
    expectation = models.JSONField(help_text="What validation.probes reads.")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    # Since when reviewers may see it.
    handed_in_at = models.DateTimeField(null=True)

    objects = ProbeQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(command="") ^ Q(test_ids=[]),
                name="probe_command_or_tests",
            ),
        ]

    def __str__(self) -> str:
        return f"probe {self.uid} on {self.tree}"


class ProbeResult(models.Model):
    """One run of a probe and, once it was judged, how the claim fared."""

    probe = models.ForeignKey(Probe, on_delete=models.CASCADE, related_name="results")
    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="probe_result")
    judgement = models.CharField(max_length=20, choices=ProbeJudgement, blank=True)
    reason = models.TextField(blank=True)
    concluded_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(judgement="", concluded_at__isnull=True)
                | (~Q(judgement="") & Q(concluded_at__isnull=False)),
                name="probe_result_judged_once",
            ),
        ]
        indexes = [
            models.Index(fields=["run"], condition=Q(judgement=""), name="probe_result_open"),
        ]

    def __str__(self) -> str:
        return f"{self.probe}: {self.judgement or 'open'}"
