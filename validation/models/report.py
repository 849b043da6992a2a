from __future__ import annotations

from django.db import models
from django.db.models import Q

from trajectories.models import Task, Trajectory


class Report(models.Model):
    """What somebody else's harness reported about a patch: a claim beside our own runs.

    Without a trajectory it is about the gold patch.
    """

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="reports")
    trajectory = models.ForeignKey(
        Trajectory, null=True, on_delete=models.CASCADE, related_name="reports"
    )
    is_resolved = models.BooleanField()
    passes = models.JSONField(default=dict, help_text="Whether each test passes, by its id.")
    loaded_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["trajectory"],
                condition=Q(trajectory__isnull=False),
                name="report_trajectory_once",
            ),
            models.UniqueConstraint(
                fields=["task"], condition=Q(trajectory__isnull=True), name="report_gold_once"
            ),
        ]

    def __str__(self) -> str:
        return f"report on {self.trajectory or f'gold of {self.task}'}"
