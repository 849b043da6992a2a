from __future__ import annotations

from django.conf import settings
from django.db import models

from annotator.models import Annotation, Submission
from reviews.querysets import ThreadQuerySet


class Thread(models.Model):
    """A conversation about an annotation, anchored to a reasoning step or to the whole.

    It belongs to the annotation, so that it is still there when the next submission comes;
    `submission` is the one it was opened on.
    """

    annotation = models.ForeignKey(Annotation, on_delete=models.PROTECT, related_name="threads")
    submission = models.ForeignKey(Submission, on_delete=models.PROTECT, related_name="threads")
    reasoning_step_uid = models.UUIDField(null=True, blank=True)
    citation_uid = models.UUIDField(null=True, blank=True)
    # Approval waits until every blocking thread is resolved.
    is_blocking = models.BooleanField(default=True)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = ThreadQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return f"thread {self.pk} on {self.annotation}"


class Comment(models.Model):
    thread = models.ForeignKey(Thread, on_delete=models.PROTECT, related_name="comments")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="comments"
    )
    body = models.TextField(help_text="Markdown.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return self.body[:60]
