"""The rows that everything about an annotation under review queues at."""

from __future__ import annotations

from annotator.models import Annotation, Assignment


def lock_assignment(annotation: Annotation) -> Assignment:
    """Lock annotation and assignment until the transaction ends; return the latter as it is now.

    Verdicts, new threads and their resolution all come here first: no thread can be opened
    while an approval that looked for open threads is being written, and of two reviewers one
    comes second. The annotation goes first because the annotator's writing locks it first.
    """
    Annotation.objects.select_for_update().only("pk").get(pk=annotation.pk)
    return Assignment.objects.select_for_update().get(pk=annotation.assignment_id)
