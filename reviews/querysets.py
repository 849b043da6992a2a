"""Selection and visibility of submissions under review, threads and exports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Count, Exists, OuterRef, Q

from accounts.models import User
from annotator.models import Assignment, AssignmentState, Submission
from annotator.models.assignment import WRITABLE_STATES
from annotator.querysets import SubmissionQuerySet

if TYPE_CHECKING:
    # Named in strings below, which ruff does not read as types.
    from reviews.models import Export, Thread  # noqa: F401


def reviewable_by(user: User) -> SubmissionQuerySet:
    """Select the submissions that `user` may judge: nobody's own, and none too early.

    Who is still writing about the same trajectory stays independent of what others wrote.
    """
    if not (user.is_reviewer or user.is_admin):
        return Submission.objects.none()
    still_writing = Assignment.objects.filter(
        annotator=user,
        state__in=WRITABLE_STATES,
        membership__trajectory=OuterRef("annotation__assignment__membership__trajectory"),
    )
    own = Q(annotation__assignment__annotator=user) | Q(submitted_by=user)
    return Submission.objects.visible_to(user).exclude(own).filter(~Exists(still_writing))


def awaiting_review(user: User) -> SubmissionQuerySet:
    """Select what waits for a verdict that `user` may give, oldest first, with `n_open_threads`."""
    open_threads = Count(
        "annotation__threads", filter=Q(annotation__threads__resolved_at=None), distinct=True
    )
    return (
        reviewable_by(user)
        .latest_of_each()
        .filter(annotation__assignment__state=AssignmentState.SUBMITTED, review=None)
        .annotate(n_open_threads=open_threads)
        .defer("content")
        .order_by("submitted_at", "pk")
    )


class ThreadQuerySet(models.QuerySet["Thread"]):
    def visible_to(self, user: User) -> ThreadQuerySet:
        """Keep those about a person's own work; a reviewer sees all but those, an admin all."""
        if user.is_admin:
            return self
        own = Q(annotation__assignment__annotator=user)
        return self.exclude(own) if user.is_reviewer else self.filter(own)

    def in_the_way(self) -> ThreadQuerySet:
        """Keep the blocking ones that are open: no approval before they are resolved."""
        return self.filter(is_blocking=True, resolved_at=None)


class ExportQuerySet(models.QuerySet["Export"]):
    def visible_to(self, user: User) -> ExportQuerySet:
        """Exports are for admins."""
        return self if user.is_admin else self.none()
