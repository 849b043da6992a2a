"""Selection and visibility of assignments, annotations, submissions and active time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Exists, F, OuterRef, Sum

from accounts.models import User

if TYPE_CHECKING:
    # Named in strings below, which ruff does not read as types.
    from annotator.models.active_time import TimeEntry
    from annotator.models.annotation import Annotation, Submission  # noqa: F401
    from annotator.models.assignment import Assignment  # noqa: F401


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def visible_to(self, user: User) -> AssignmentQuerySet:
        """Keep the person's own; an admin sees all."""
        return self if user.is_admin else self.filter(annotator=user)

    def holding_slot(self) -> AssignmentQuerySet:
        """Leave out the released ones, which no longer take a slot."""
        return self.exclude(state="released")

    def writable(self) -> AssignmentQuerySet:
        """Keep those whose annotation may still be written."""
        return self.filter(state__in=("active", "changes_requested"))


class AnnotationQuerySet(models.QuerySet["Annotation"]):
    def visible_to(self, user: User) -> AnnotationQuerySet:
        """Keep the person's own drafts; an admin sees all. Reviewers read submissions."""
        return self if user.is_admin else self.filter(assignment__annotator=user)


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def visible_to(self, user: User) -> SubmissionQuerySet:
        """Keep a person's own; a reviewer sees all but their own, an admin all."""
        if user.is_admin:
            return self
        if user.is_reviewer:
            return self.exclude(annotation__assignment__annotator=user)
        return self.filter(annotation__assignment__annotator=user)

    def latest_of_each(self) -> SubmissionQuerySet:
        """Keep the highest number of each annotation."""
        newer = self.model.objects.filter(
            annotation=models.OuterRef("annotation"), number__gt=models.OuterRef("number")
        )
        return self.filter(~models.Exists(newer))


class TimeEntryQuerySet(models.QuerySet["TimeEntry"]):
    def visible_to(self, user: User) -> TimeEntryQuerySet:
        """Keep a person's own; an admin sees all."""
        return self if user.is_admin else self.filter(person=user)

    def counting(self) -> TimeEntryQuerySet:
        """Keep what counts: not declined, and of an entry and its corrections the last one."""
        corrections = self.model.objects.exclude(is_accepted=False)
        corrected = corrections.filter(corrects=OuterRef("pk"))
        newer = corrections.filter(corrects=OuterRef("corrects"), pk__gt=OuterRef("pk"))
        return self.exclude(is_accepted=False).filter(
            ~Exists(corrected), ~Exists(newer), ~Exists(self._declined_original())
        )

    def _declined_original(self) -> models.QuerySet[TimeEntry]:
        return self.model.objects.filter(pk=OuterRef("corrects"), is_accepted=False)

    def total(self) -> timedelta:
        """Add up the lengths (one query)."""
        found = self.aggregate(total=Sum(F("ended_at") - F("started_at")))["total"]
        return found or timedelta()
