"""Freeze an annotation and hand it in."""

from __future__ import annotations

from django.db import transaction

from accounts.events import record
from accounts.models import User
from annotator.checks import check_annotation
from annotator.models import Annotation, Submission
from annotator.services.editing import lock
from annotator.submissions import (
    build_content,
    canonical_sha256,
    live_rows,
    problems,
    schema_version_of,
)
from annotator.tasks import run_checks
from validation.models import Probe
from validation.services.probes import hand_in


class NotReady(Exception):
    """The annotation has problems, one sentence each."""

    def __init__(self, found: list[str]) -> None:
        self.problems = found
        super().__init__(" ".join(found))


def all_problems(annotation: Annotation) -> list[str]:
    """Return what keeps the annotation from being handed in, a sentence each."""
    report = check_annotation(annotation)
    # What a check looked for is said, or waived, there.
    others = [each.sentence for each in problems(annotation) if each.check not in report.checked]
    return [*(finding.message for finding in report.blocking), *others]


@transaction.atomic
def submit(user: User, annotation: Annotation) -> Submission:
    """Freeze the annotation as its next submission; raise NotWritable or NotReady."""
    locked = lock(user, annotation)
    found = all_problems(locked)
    if found:
        raise NotReady(found)
    content = build_content(locked, schema_version_of(locked))
    submission = Submission.objects.create(
        annotation=locked,
        number=locked.submissions.count() + 1,
        content=content,
        sha256=canonical_sha256(content),
        submitted_by=user,
    )
    hand_in(
        Probe.objects.filter(
            step_probe__deleted_at=None, step_probe__reasoning_step__in=live_rows(locked)
        )
    )
    locked.assignment.submit(user)
    record(user, "annotation submitted", submission, number=submission.number)
    run_checks.delay_on_commit(submission.pk)  # type: ignore[attr-defined]
    return submission
