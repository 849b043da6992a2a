"""What reviewers said about an annotation, as the workspace shows it.

Reviews belong to a later room. The setting ANNOTATION_NOTES names a function that takes an
annotation and returns its notes as plain data; without it there are none.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from annotator.models import Annotation


@dataclass(frozen=True)
class NoteEntry:
    """One comment; `body` is Markdown."""

    author: str
    body: str
    created_at: datetime


@dataclass(frozen=True)
class Note:
    """A thread about a reasoning step, one of its citations, or (both None) the whole."""

    reasoning_step_uid: UUID | None
    citation_uid: UUID | None
    thread_id: int
    is_blocking: bool
    is_resolved: bool
    entries: tuple[NoteEntry, ...]
    # Where a reply is posted (field `body`); empty where none may be made.
    reply_url: str
    resolve_url: str


def notes_for(annotation: Annotation) -> list[Note]:
    """Return the notes on an annotation, oldest first."""
    provider = getattr(settings, "ANNOTATION_NOTES", "")
    return cast(list[Note], import_string(provider)(annotation)) if provider else []
