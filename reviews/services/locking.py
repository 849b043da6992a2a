"""The one row that everything about an annotation under review queues at."""

from __future__ import annotations

from annotator.models import Annotation, Assignment


def lock_assignment(annotation: Annotation) -> Assignment:
    """Lock and return the assignment as it is now, until the transaction ends.

    Verdicts, new threads and their resolution all take it first: no thread can be opened
    while an approval that looked for open threads is being written, and of two reviewers
    one comes second.
    """
    return Assignment.objects.select_for_update().get(pk=annotation.assignment_id)
