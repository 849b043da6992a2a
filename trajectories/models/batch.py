from __future__ import annotations

from django.db import models

from trajectories.models.task import Task
from trajectories.models.trajectory import Trajectory


class Batch(models.Model):
    """A set of trajectories to annotate. Its policy and rubric belong to later rooms."""

    slug = models.SlugField(max_length=100, unique=True)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "batches"

    def __str__(self) -> str:
        return self.title


class BatchTask(models.Model):
    """A task of a batch, with or without trajectories yet."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="task_memberships")
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="batch_memberships")
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["batch", "position"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "task"], name="batch_task_once"),
        ]

    def __str__(self) -> str:
        return f"{self.batch}: {self.task}"


class BatchTrajectory(models.Model):
    """A trajectory of a batch: what annotators claim, in this order."""

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="memberships")
    trajectory = models.ForeignKey(
        Trajectory, on_delete=models.PROTECT, related_name="batch_memberships"
    )
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["batch", "position"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "trajectory"], name="batch_trajectory_once"),
        ]

    def __str__(self) -> str:
        return f"{self.batch}: {self.trajectory}"
