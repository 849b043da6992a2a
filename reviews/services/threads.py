"""Comment threads: open, reply, resolve, reopen."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.events import record
from accounts.models import User
from annotator.models import Annotation, AssignmentState, Submission
from reviews.content import find_citation, find_step
from reviews.errors import NotReviewable
from reviews.models import Comment, Thread
from reviews.querysets import reviewable_by
from reviews.services.locking import lock_assignment

# While the work is with the reviewer or back with the annotator; a verdict that is final
# closes the conversation's effect, so nothing blocking may appear or reappear after it.
OPEN_STATES = (AssignmentState.SUBMITTED, AssignmentState.CHANGES_REQUESTED)


@transaction.atomic
def open_thread(
    reviewer: User,
    submission: Submission,
    *,
    body: str,
    is_blocking: bool = True,
    reasoning_step_uid: UUID | None = None,
    citation_uid: UUID | None = None,
) -> Thread:
    """Comment on a reasoning step, one of its citations, or the whole where neither is named."""
    _check_open(reviewer, submission.annotation, submission)
    _check_anchor(submission, reasoning_step_uid, citation_uid)
    thread = Thread.objects.create(
        annotation=submission.annotation,
        submission=submission,
        reasoning_step_uid=reasoning_step_uid,
        citation_uid=citation_uid,
        is_blocking=is_blocking,
        opened_by=reviewer,
    )
    record(reviewer, "thread opened", thread, submission=submission.pk, is_blocking=is_blocking)
    Comment.objects.create(thread=thread, author=reviewer, body=body)
    return thread


@transaction.atomic
def reply(author: User, thread: Thread, *, body: str) -> Comment:
    """Add a comment; whoever sees the thread may, in any state of the assignment."""
    comment = Comment.objects.create(thread=thread, author=author, body=body)
    record(author, "thread answered", thread, comment=comment.pk)
    return comment


@transaction.atomic
def set_resolved(reviewer: User, thread: Thread, resolved: bool) -> Thread:
    """Resolve or reopen; doing it twice changes nothing the second time."""
    _check_open(reviewer, thread.annotation, thread.submission)
    change = {
        "resolved_at": timezone.now() if resolved else None,
        "resolved_by": reviewer if resolved else None,
    }
    changed = Thread.objects.filter(pk=thread.pk, resolved_at__isnull=resolved).update(**change)
    if changed:
        record(reviewer, "thread resolved" if resolved else "thread reopened", thread)
    thread.refresh_from_db(fields=list(change))
    return thread


def _check_open(reviewer: User, annotation: Annotation, submission: Submission) -> None:
    assignment = lock_assignment(annotation)
    if not reviewable_by(reviewer).filter(pk=submission.pk).exists():
        raise NotReviewable("Reviewers open and resolve threads, never about their own work.")
    if assignment.state not in OPEN_STATES:
        state = assignment.get_state_display().lower()
        raise NotReviewable(
            f"The assignment’s state is “{state}”: its threads stay as they are. "
            "You can still reply."
        )


def _check_anchor(
    submission: Submission, reasoning_step_uid: UUID | None, citation_uid: UUID | None
) -> None:
    if reasoning_step_uid is None and citation_uid is None:
        return
    step = find_step(submission.content, reasoning_step_uid)
    if step is None or (citation_uid and find_citation(step, citation_uid) is None):
        raise NotReviewable("This submission holds no such reasoning step or citation.")
