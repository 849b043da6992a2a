from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from trajectories.models import TaskRevision, Trajectory
from validation.models.admission import Admission
from validation.models.recipe import Recipe
from validation.querysets import RunQuerySet


class TreeName(models.TextChoices):
    """The state of the code that a run tests."""

    BASE = "base"
    GOLD = "gold"
    MODEL = "model"


class RunPriority(models.IntegerChoices):
    """Which of two waiting runs goes first; somebody who waits before work in bulk."""

    BULK = 0
    PERSON = 10


class RunState(models.TextChoices):
    """How far a run is; how it ended is `Outcome`."""

    QUEUED = "queued"
    PREPARING = "preparing"
    RUNNING = "running"
    FINISHED = "finished"


class Outcome(models.TextChoices):
    RESOLVED = "resolved"
    NOT_RESOLVED = "not_resolved", "Not resolved"
    PATCH_DOES_NOT_APPLY = "patch_does_not_apply", "Patch does not apply"
    TIMED_OUT = "timed_out", "Timed out"
    INVALID = "invalid"
    INFRASTRUCTURE_FAILURE = "infrastructure_failure", "Infrastructure failure"
    # Of a command or of tests of somebody's own choice, which no verdict follows from.
    RAN = "ran"
    CANCELLED = "cancelled"


class TestStatus(models.TextChoices):
    PASSED = "PASSED"
    FAILED = "FAILED"
    ERROR = "ERROR"
    SKIPPED = "SKIPPED"
    XFAIL = "XFAIL"
    MISSING = "MISSING"

    __test__ = False


class TestGroup(models.TextChoices):
    FAIL_TO_PASS = "fail_to_pass", "FAIL_TO_PASS"
    PASS_TO_PASS = "pass_to_pass", "PASS_TO_PASS"
    OTHER = "other"

    __test__ = False


class Run(models.Model):
    """One execution of a task's tests in a sandbox.

    Whoever asked for a run points at it, never the other way round. A worker holds it by a
    lease (`lease_token`, renewed until it finishes); a lease that has expired may be taken.
    """

    task_revision = models.ForeignKey(TaskRevision, on_delete=models.PROTECT, related_name="runs")
    # Only where the tree is a model patch.
    trajectory = models.ForeignKey(
        Trajectory, null=True, on_delete=models.PROTECT, related_name="runs"
    )
    tree = models.CharField(max_length=20, choices=TreeName)
    with_test_patch = models.BooleanField(default=True)
    extra_patch = models.TextField(
        blank=True, help_text="Somebody's own, applied on the tree after everything else."
    )
    command = models.TextField(blank=True, help_text="In place of the recipe's test command.")
    test_ids = models.JSONField(
        default=list, help_text="The only tests whose status is asked for; empty: all of the task."
    )
    recipe = models.ForeignKey(Recipe, null=True, on_delete=models.PROTECT, related_name="runs")
    purpose = models.CharField(max_length=40, default="validation")
    priority = models.PositiveSmallIntegerField(choices=RunPriority, default=RunPriority.PERSON)
    # Only of a run that helps to decide whether a task is admitted.
    admission = models.ForeignKey(
        Admission, null=True, on_delete=models.CASCADE, related_name="runs"
    )
    repeat_of = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, related_name="repeats"
    )

    state = models.CharField(max_length=20, choices=RunState, default=RunState.QUEUED)
    outcome = models.CharField(max_length=40, choices=Outcome, blank=True)
    reason = models.TextField(blank=True, help_text="Why the outcome is not a verdict.")
    is_suspect = models.BooleanField(default=False)
    suspect_reasons = models.JSONField(default=list)
    log = models.TextField(blank=True, help_text="The test command's output, bounded.")
    log_is_truncated = models.BooleanField(default=False)
    full_log = models.CharField(
        max_length=200, blank=True, help_text="Of a longer output: its file in the data folder."
    )
    exit_code = models.IntegerField(null=True)
    n_tests_expected = models.PositiveIntegerField(null=True)
    n_tests_done = models.PositiveIntegerField(default=0)

    sandbox = models.CharField(max_length=40, blank=True, help_text="The backend it ran in.")
    environment_key = models.CharField(
        max_length=100, blank=True, help_text="Key of the environment, or digest of the image."
    )
    tested_tree = models.CharField(max_length=40, blank=True, help_text="Id of the git tree.")
    cpu_seconds = models.FloatField(null=True)
    peak_memory_bytes = models.BigIntegerField(null=True)

    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    worker = models.CharField(max_length=200, blank=True)
    attempt = models.PositiveIntegerField(default=0)

    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(tree=TreeName.MODEL, trajectory__isnull=False)
                | (~Q(tree=TreeName.MODEL) & Q(trajectory__isnull=True)),
                name="run_trajectory_iff_model",
            ),
            models.CheckConstraint(
                condition=(Q(state=RunState.FINISHED) & ~Q(outcome=""))
                | (~Q(state=RunState.FINISHED) & Q(outcome="")),
                name="run_outcome_iff_finished",
            ),
        ]
        indexes = [
            models.Index(
                fields=["state", "lease_expires_at"],
                condition=~Q(state=RunState.FINISHED),
                name="run_unfinished",
            ),
            models.Index(fields=["task_revision", "tree"], name="run_task_tree"),
        ]

    def __str__(self) -> str:
        return f"run {self.pk}: {self.tree} of {self.task_revision}"

    @property
    def is_finished(self) -> bool:
        return self.state == RunState.FINISHED


class RunCommand(models.Model):
    """One command of a run, in the order they ran."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="commands")
    phase = models.CharField(max_length=40)
    command = models.TextField()
    exit_code = models.IntegerField(null=True)
    output = models.TextField(blank=True)
    started_at = models.DateTimeField()
    duration_seconds = models.FloatField(null=True)

    class Meta:
        ordering = ["run", "id"]

    def __str__(self) -> str:
        return f"{self.phase}: {self.command[:60]}"


class RunTest(models.Model):
    """The status of one test in a run."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="tests")
    test_id = models.TextField()
    group = models.CharField(max_length=20, choices=TestGroup)
    status = models.CharField(max_length=10, choices=TestStatus)
    duration_seconds = models.FloatField(null=True)

    class Meta:
        ordering = ["run", "id"]
        constraints = [
            models.UniqueConstraint(fields=["run", "group", "test_id"], name="run_test_once"),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.test_id}"

    __test__ = False
