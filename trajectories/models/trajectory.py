from __future__ import annotations

from django.db import models

from trajectories.models.task import Task, TaskRevision
from trajectories.querysets import StepQuerySet, TrajectoryQuerySet


class SourceFile(models.Model):
    """A trajectory file as it came, byte for byte."""

    sha256 = models.CharField(max_length=64, unique=True)
    size_bytes = models.BigIntegerField()
    content = models.FileField(upload_to="originals/", max_length=200)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.sha256


class Trajectory(models.Model):
    """One agent's attempt at one task."""

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="trajectories")
    # The newest one; citations of drafts are re-anchored when it changes (TASK_REVISED).
    task_revision = models.ForeignKey(TaskRevision, on_delete=models.PROTECT, related_name="+")
    source_file = models.ForeignKey(
        SourceFile, on_delete=models.PROTECT, related_name="trajectories"
    )
    item_key = models.CharField(
        max_length=300, blank=True, help_text="Which item of the file; empty where it has one."
    )
    file_name = models.CharField(max_length=500)
    format = models.CharField(max_length=60)
    agent_name = models.CharField(max_length=200, blank=True)
    model_name = models.CharField(max_length=200, blank=True)
    exit_status = models.CharField(max_length=300, blank=True)
    # Null: the agent left no patch, which is not the same as an empty one.
    model_patch = models.TextField(null=True)  # noqa: DJ001
    cost_usd = models.DecimalField(max_digits=12, decimal_places=6, null=True)
    duration_seconds = models.FloatField(null=True)
    n_steps = models.PositiveIntegerField(default=0)
    extra = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TrajectoryQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        verbose_name_plural = "trajectories"
        constraints = [
            models.UniqueConstraint(
                fields=["task", "source_file", "item_key"], name="trajectory_content"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task} by {self.label}"

    @property
    def label(self) -> str:
        """Name the agent and model as far as the file tells them."""
        return trajectory_label(self.agent_name, self.model_name, self.file_name)


def trajectory_label(agent_name: str, model_name: str, file_name: str) -> str:
    """Return what a trajectory is called, where only these of its fields are at hand."""
    return " · ".join(name for name in (agent_name, model_name) if name) or file_name


class StepKind(models.TextChoices):
    THINK = "think"
    SEARCH = "search"
    READ = "read"
    EDIT = "edit"
    RUN = "run"
    TEST = "test"
    VCS = "vcs", "Version control"
    SUBMIT = "submit"
    OTHER = "other"


class Step(models.Model):
    """One turn of the agent: thought, tool calls, observations."""

    trajectory = models.ForeignKey(Trajectory, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveIntegerField(help_text="From 1, in the order of the file.")
    kind = models.CharField(max_length=20, choices=StepKind)
    summary = models.CharField(max_length=300)
    files = models.JSONField(default=list, help_text="Paths the step read or changed.")
    is_error = models.BooleanField(default=False)
    duration_seconds = models.FloatField(null=True)
    cost_usd = models.DecimalField(max_digits=12, decimal_places=6, null=True)
    timestamp = models.CharField(max_length=40, blank=True, help_text="ISO 8601, or empty.")
    thought_chars = models.PositiveIntegerField(default=0)
    observation_chars = models.PositiveIntegerField(default=0)
    thought = models.TextField(blank=True)
    tool_calls = models.JSONField(
        default=list, help_text="[{tool_call_id, function_name, arguments}], in order."
    )
    observations = models.JSONField(
        default=list, help_text="[{tool_call_id, content, exit_code}], in order."
    )
    extra = models.JSONField(default=dict)

    objects = StepQuerySet.as_manager()

    class Meta:
        ordering = ["trajectory", "number"]
        constraints = [
            models.UniqueConstraint(fields=["trajectory", "number"], name="step_number"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.summary}"
