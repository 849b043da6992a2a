"""Selection and visibility of runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from trajectories.models import Grant

if TYPE_CHECKING:
    # Named in strings below, which ruff does not read as types.
    from validation.models.run import Run  # noqa: F401


class RunQuerySet(models.QuerySet["Run"]):
    def verdicts(self) -> RunQuerySet:
        """Keep the runs that say how a tree fares, none of a probe.

        Those of an admission do once they have ended; while they wait in bulk, they keep nobody
        from asking for a verdict now.
        """
        of_admission = Q(purpose="admission", state="finished")
        return self.filter(Q(purpose="validation") | of_admission, with_test_patch=True)

    def visible_to(self, user: User) -> RunQuerySet:
        """Keep the runs whose outcome `user` may know.

        A run of a model patch belongs to its trajectory; one of base or gold to every
        trajectory of the task; one of a probe to who may read the probe.
        """
        if user.is_admin:
            return self
        grants = Grant.objects.filter(user=user, sees_verdicts=True)
        own = Q(trajectory__isnull=False) & Exists(grants.filter(trajectory=OuterRef("trajectory")))
        shared = Q(trajectory__isnull=True) & Exists(
            grants.filter(trajectory__task=OuterRef("task_revision__task"))
        )
        of_tests = ~Q(purpose="probe") & (own | shared)
        probes = self.model._meta.apps.get_model("validation", "Probe").objects.visible_to(user)
        return self.filter(of_tests | Q(probe_result__probe__in=probes))
