from __future__ import annotations

from django.db import models
from django.db.models import Q

from trajectories.models import Repository, Task


class Runtime(models.TextChoices):
    """What an environment is made of before the recipe's own commands run."""

    PYTHON = "python"
    NODE = "node"


class Recipe(models.Model):
    """How to install and test a task; identical recipes are one row."""

    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the content.")
    runtime = models.CharField(max_length=20, choices=Runtime, default=Runtime.PYTHON)
    python_version = models.CharField(
        max_length=20, blank=True, help_text="Empty: the interpreter of the worker."
    )
    pre_install = models.JSONField(default=list, help_text="Shell commands.")
    packages = models.JSONField(default=list, help_text="Requirements, pinned.")
    install = models.JSONField(default=list, help_text="Shell commands, in /testbed.")
    environment = models.JSONField(default=dict, help_text="Variables for install and test.")
    test_command = models.TextField(blank=True)
    log_parser = models.CharField(
        max_length=100, blank=True, help_text="Empty: the swebench package's for the repository."
    )
    image = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.digest[:12]


class RecipeUse(models.Model):
    """Which recipe a task uses: its own, or that of its repository and version."""

    recipe = models.ForeignKey(Recipe, on_delete=models.PROTECT, related_name="uses")
    task = models.OneToOneField(
        Task, null=True, on_delete=models.CASCADE, related_name="recipe_use"
    )
    repository = models.ForeignKey(
        Repository, null=True, on_delete=models.CASCADE, related_name="recipe_uses"
    )
    version = models.CharField(max_length=100, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["repository", "version"],
                condition=Q(repository__isnull=False),
                name="recipe_use_version_once",
            ),
            models.CheckConstraint(
                condition=Q(task__isnull=False, repository__isnull=True, version="")
                | Q(task__isnull=True, repository__isnull=False),
                name="recipe_use_task_or_version",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.recipe} for {self.task or f'{self.repository} {self.version}'}"


class EnvironmentState(models.TextChoices):
    BUILDING = "building"
    READY = "ready"
    FAILED = "failed"


class Environment(models.Model):
    """The record of one build; the built folder is on the disk of the worker that made it."""

    key = models.CharField(
        max_length=64, unique=True, help_text="Hash of the recipe and the tree it was built from."
    )
    recipe = models.ForeignKey(Recipe, on_delete=models.PROTECT, related_name="environments")
    state = models.CharField(
        max_length=20, choices=EnvironmentState, default=EnvironmentState.BUILDING
    )
    reason = models.TextField(blank=True)
    log = models.TextField(blank=True)
    built_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    size_bytes = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return self.key[:12]
