"""Open a submission for review, and publish the verdict on it."""

from __future__ import annotations

from django.db import transaction

from accounts.events import record
from accounts.models import User
from annotator.models import Assignment, AssignmentState, Submission
from reviews.content import anchor_title
from reviews.errors import AlreadyReviewed, NotReviewable, OpenThreads
from reviews.models import Review, Rubric, Thread, Verdict
from reviews.querysets import reviewable_by
from reviews.services.locking import lock_assignment
from reviews.services.rubrics import asked, rubric_of
from reviews.verdicts import verdict_words
from trajectories.models import Grant, Trajectory


@transaction.atomic
def grant_evidence(reviewer: User, trajectory: Trajectory) -> None:
    """Let the reviewer see all evidence of the trajectory; an admin needs no grant."""
    if reviewer.is_admin:
        return
    full = {"sees_gold": True, "sees_verdicts": True}
    grant, made = Grant.objects.get_or_create(user=reviewer, trajectory=trajectory, defaults=full)
    if made or not (grant.sees_gold and grant.sees_verdicts):
        Grant.objects.filter(pk=grant.pk).update(**full)
        record(reviewer, "evidence opened for review", trajectory)


@transaction.atomic
def publish_review(
    reviewer: User,
    submission: Submission,
    *,
    verdict: str,
    summary: str,
    scores: dict[str, bool],
) -> Review:
    """Write the verdict and move the assignment.

    Raise NotReviewable, AlreadyReviewed or OpenThreads with the reason. The assignment's row is
    locked, so of two reviewers at once the second is told who came first.
    """
    assignment = lock_assignment(submission.annotation)
    _check_reviewable(reviewer, submission, assignment)
    _check_scores(submission, scores)
    if verdict == Verdict.APPROVE:
        _check_threads(submission)
    review = Review.objects.create(
        submission=submission, reviewer=reviewer, verdict=verdict, summary=summary, scores=scores
    )
    record(reviewer, "review published", review, submission=submission.pk, verdict=str(verdict))
    _move(assignment, reviewer, verdict)
    return review


def _check_reviewable(reviewer: User, submission: Submission, assignment: Assignment) -> None:
    if not reviewable_by(reviewer).filter(pk=submission.pk).exists():
        raise NotReviewable(
            "Nobody reviews their own work, or work on what they still write about."
        )
    earlier = Review.objects.filter(submission=submission).select_related("reviewer").first()
    if earlier is not None:
        raise AlreadyReviewed(
            f"{earlier.reviewer} published a review of this submission at "
            f"{earlier.published_at:%H:%M} UTC: {verdict_words(earlier)}. "
            "Yours was not published; what you wrote is still in the form."
        )
    newest = Submission.objects.filter(annotation=submission.annotation).order_by("-number").first()
    if newest != submission:
        raise NotReviewable("A newer submission exists; review that one.")
    if assignment.state != AssignmentState.SUBMITTED:
        state = assignment.get_state_display().lower()
        raise NotReviewable(f"The assignment’s state is “{state}”; there is nothing to decide.")


def _check_scores(submission: Submission, scores: dict[str, bool]) -> None:
    """Refuse answers to other questions than are asked now.

    The rubric stays locked until the review is written, so that no question which it answers
    can be forgotten at the same moment.
    """
    rubric = rubric_of(submission.annotation.assignment.membership.batch)
    rubric = Rubric.objects.select_for_update().get(pk=rubric.pk)
    if set(scores) != {criterion.id for criterion in asked(rubric)}:
        raise NotReviewable(
            "The rubric was changed meanwhile. Reload the page to answer it as it is now; "
            "the summary is kept in this browser."
        )


def _check_threads(submission: Submission) -> None:
    blocking = Thread.objects.filter(annotation=submission.annotation).in_the_way()
    titles = [
        anchor_title(submission.content, thread.reasoning_step_uid, thread.citation_uid)
        for thread in blocking
    ]
    if titles:
        raise OpenThreads(
            f"{len(titles)} blocking thread{'s are' if len(titles) > 1 else ' is'} open: "
            f"{'; '.join(titles)}. Resolve, or request changes instead."
        )


def _move(assignment: Assignment, reviewer: User, verdict: str) -> None:
    if verdict == Verdict.APPROVE:
        assignment.approve(reviewer)
    elif verdict == Verdict.REQUEST_CHANGES:
        assignment.request_changes(reviewer)
    else:
        assignment.reject(reviewer)
