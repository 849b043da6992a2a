from __future__ import annotations

from django.conf import settings
from django.db import models

from trajectories.models.trajectory import Trajectory


class SeenFile(models.Model):
    """A file of a diff that a person has read, in the content that it had then."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="seen_files"
    )
    trajectory = models.ForeignKey(Trajectory, on_delete=models.CASCADE, related_name="seen_files")
    which = models.CharField(max_length=20, help_text="model, gold, step-8 …")
    path = models.TextField()
    digest = models.CharField(max_length=64, help_text="SHA-256 of the file's change and names")
    seen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "trajectory", "which", "digest"], name="file_seen_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} has seen {self.path} of {self.which}"
