from __future__ import annotations

from django.conf import settings
from django.db import models

from trajectories.models.trajectory import Trajectory


class Grant(models.Model):
    """What a person may see of the evidence about one trajectory. Later rooms write it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="grants"
    )
    trajectory = models.ForeignKey(Trajectory, on_delete=models.CASCADE, related_name="grants")
    sees_gold = models.BooleanField(default=False)
    sees_verdicts = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "trajectory"], name="grant_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user} may see {self.trajectory}"
