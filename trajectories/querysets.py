"""Selection and visibility of the evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

from accounts.models import User

if TYPE_CHECKING:
    # Named in strings below, which ruff does not read as types.
    from trajectories.models.task import Task  # noqa: F401
    from trajectories.models.trajectory import Step, Trajectory  # noqa: F401

# What a list of steps needs; the bodies stay in the database until one is looked at.
OUTLINE_FIELDS = (
    "id",
    "trajectory_id",
    "number",
    "kind",
    "summary",
    "files",
    "is_error",
    "duration_seconds",
    "cost_usd",
    "thought_chars",
    "observation_chars",
)


class TrajectoryQuerySet(models.QuerySet["Trajectory"]):
    def visible_to(self, user: User) -> TrajectoryQuerySet:
        """Keep what `user` may open: everything for an admin, else what a grant names."""
        return self if user.is_admin else self.filter(grants__user=user)


class TaskQuerySet(models.QuerySet["Task"]):
    def visible_to(self, user: User) -> TaskQuerySet:
        """Keep the tasks of the trajectories that `user` may open."""
        if user.is_admin:
            return self
        return self.filter(
            models.Exists(user.grants.filter(trajectory__task=models.OuterRef("pk")))
        )


class StepQuerySet(models.QuerySet["Step"]):
    def editing(self) -> StepQuerySet:
        """Load of the steps that change files what their edits are read from, in order."""
        changing = self.filter(kind__in=("edit", "submit", "vcs")).order_by("number")
        return changing.only("number", "files", "is_error", "tool_calls")

    def outline(self) -> StepQuerySet:
        """Load what the list of steps shows, without thoughts, calls and observations.

        `agent`, `condensation` and `elsewhere` are what a step's `extra` says of them, or None.
        """
        return self.only(*OUTLINE_FIELDS).annotate(
            agent=models.F("extra__agent"),
            condensation=models.F("extra__condensation"),
            elsewhere=models.F("extra__elsewhere"),
        )
