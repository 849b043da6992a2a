"""Freeze an annotation and hand it in."""

from __future__ import annotations

from django.db import transaction

from accounts.events import record
from accounts.models import User
from annotator.models import Annotation, Submission
from annotator.services.editing import lock
from annotator.submissions import build_content, canonical_sha256, live_steps, problems
from validation.models import Probe
from validation.services.probes import hand_in


class NotReady(Exception):
    """The annotation has problems, one sentence each."""

    def __init__(self, found: list[str]) -> None:
        self.problems = found
        super().__init__(" ".join(found))


@transaction.atomic
def submit(user: User, annotation: Annotation) -> Submission:
    """Freeze the annotation as its next submission; raise NotWritable or NotReady."""
    locked = lock(user, annotation)
    found = problems(locked)
    if found:
        raise NotReady(found)
    content = build_content(locked)
    submission = Submission.objects.create(
        annotation=locked,
        number=locked.submissions.count() + 1,
        content=content,
        sha256=canonical_sha256(content),
        submitted_by=user,
    )
    hand_in(
        Probe.objects.filter(
            step_probe__deleted_at=None, step_probe__reasoning_step__in=live_steps(locked)
        )
    )
    locked.assignment.submit(user)
    record(user, "annotation submitted", submission, number=submission.number)
    return submission
