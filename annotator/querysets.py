"""Selection and visibility of assignments, annotations and submissions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models

from accounts.models import User

if TYPE_CHECKING:
    # Named in strings below, which ruff does not read as types.
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
