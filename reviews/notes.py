"""What the workspace shows its annotator of the review threads (setting ANNOTATION_NOTES)."""

from __future__ import annotations

from django.urls import reverse

from annotator.models import Annotation
from annotator.notes import Note, NoteEntry
from reviews.models import Thread


def notes_for(annotation: Annotation) -> list[Note]:
    """Return the annotation's threads, oldest first (two queries).

    An annotator answers; only reviewers resolve, so there is no address for that.
    """
    threads = Thread.objects.filter(annotation=annotation).prefetch_related("comments__author")
    return [_note(thread) for thread in threads]


def _note(thread: Thread) -> Note:
    return Note(
        reasoning_step_uid=thread.reasoning_step_uid,
        citation_uid=thread.citation_uid,
        thread_id=thread.pk,
        is_blocking=thread.is_blocking,
        is_resolved=thread.resolved_at is not None,
        entries=tuple(
            NoteEntry(comment.author.display_name, comment.body, comment.created_at)
            for comment in thread.comments.all()
        ),
        reply_url=reverse("reviews:reply", args=[thread.pk]),
        resolve_url="",
    )
