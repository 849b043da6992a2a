from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from trajectories.models.trajectory import Step, Trajectory


class StepWords(models.Model):
    """The words of a step's texts, or of a part of very long ones, for the full-text search.

    A trajectory is indexed as a whole: it has rows for all of its steps, or none.
    """

    trajectory = models.ForeignKey(Trajectory, on_delete=models.CASCADE, related_name="+")
    step = models.ForeignKey(Step, on_delete=models.CASCADE, related_name="+")
    chunk = models.PositiveIntegerField()
    words = SearchVectorField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["step", "chunk"], name="step_words_chunk"),
        ]
        indexes = [GinIndex(fields=["words"], name="step_words")]

    def __str__(self) -> str:
        return f"words of step {self.step_id}, {self.chunk}"
