from __future__ import annotations

from django.db import models

from trajectories.models.repository import Repository
from trajectories.querysets import TaskQuerySet


class Task(models.Model):
    """A SWE-bench instance. Its content is in revisions, since data sets disagree about it."""

    instance_id = models.CharField(max_length=300, unique=True)
    repository = models.ForeignKey(Repository, on_delete=models.PROTECT, related_name="tasks")
    current_revision = models.ForeignKey(
        "TaskRevision", null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TaskQuerySet.as_manager()

    class Meta:
        ordering = ["instance_id"]

    def __str__(self) -> str:
        return self.instance_id


class TaskRevision(models.Model):
    """What was known of a task after one row was loaded; runs and citations name the one they used.

    A text that is empty and a list that is null are not known: a row that lacks a field takes
    the value of the revision before it.
    """

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField(help_text="From 1.")
    content_sha256 = models.CharField(max_length=64)
    dataset = models.CharField(max_length=200, blank=True)

    base_commit = models.CharField(max_length=64)
    environment_setup_commit = models.CharField(max_length=64, blank=True)
    version = models.CharField(max_length=100, blank=True)
    problem_statement = models.TextField()
    hints_text = models.TextField(blank=True)
    patch = models.TextField(blank=True, help_text="The gold patch.")
    test_patch = models.TextField(blank=True)
    fail_to_pass = models.JSONField(null=True)
    pass_to_pass = models.JSONField(null=True)
    upstream_created_at = models.CharField(max_length=40, blank=True)
    difficulty = models.CharField(max_length=40, blank=True)
    # Fields of the row that are none of the above, such as a recipe or an image name.
    extra = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["task", "number"]
        constraints = [
            models.UniqueConstraint(fields=["task", "number"], name="task_revision_number"),
            models.UniqueConstraint(
                fields=["task", "content_sha256"], name="task_revision_content"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task} revision {self.number}"

    @property
    def has_tests(self) -> bool:
        """False for a row of a data set without test lists: such a task cannot be validated."""
        return bool(self.fail_to_pass)


class TaskRow(models.Model):
    """A row as it came, and the revision it led to; the same row again changes nothing."""

    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="rows")
    revision = models.ForeignKey(TaskRevision, on_delete=models.PROTECT, related_name="rows")
    row_sha256 = models.CharField(max_length=64)
    dataset = models.CharField(max_length=200, blank=True)
    row = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["task", "row_sha256"], name="task_row_content"),
        ]

    def __str__(self) -> str:
        return f"{self.task} row {self.row_sha256[:10]}"
