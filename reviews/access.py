"""Who may see submissions, threads and exports: the one place that the views ask."""

from __future__ import annotations

from django.shortcuts import get_object_or_404

from accounts.models import User
from annotator.models import Submission
from reviews.models import Export, Thread
from trajectories.models import Batch


def get_submission(user: User, pk: int) -> Submission:
    """Return the submission with what its page shows around it, or raise Http404."""
    visible = Submission.objects.visible_to(user).select_related(
        "annotation__assignment__annotator",
        "annotation__assignment__membership__batch",
        "annotation__assignment__membership__trajectory__task__repository",
        "annotation__assignment__membership__trajectory__task_revision",
        "review__reviewer",
    )
    return get_object_or_404(visible, pk=pk)


def get_thread(user: User, pk: int) -> Thread:
    """Return the thread with its annotation, or raise Http404."""
    visible = Thread.objects.visible_to(user).select_related(
        "annotation__assignment__annotator", "submission"
    )
    return get_object_or_404(visible, pk=pk)


def get_batch(slug: str) -> Batch:
    """Return the batch for an admin's page about it, or raise Http404."""
    return get_object_or_404(Batch, slug=slug)


def get_export(user: User, pk: int) -> Export:
    """Return the export with its batch, or raise Http404."""
    visible = Export.objects.visible_to(user).select_related("batch", "requested_by")
    return get_object_or_404(visible, pk=pk)
