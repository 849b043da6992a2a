from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from accounts.models import Event, User
from annotator.models import Assignment, AssignmentState, Submission
from reviews.errors import AlreadyReviewed, NotReviewable, OpenThreads, ReviewUserError
from reviews.models import Review
from reviews.querysets import reviewable_by
from reviews.services.reviewing import grant_evidence, publish_review
from reviews.services.rubrics import set_questions
from reviews.services.threads import open_thread, set_resolved
from tests.reviews.factories import ANSWERS, make_assignment, make_content, make_submission, submit
from trajectories.access import Sight, sight_of


def publish(reviewer: User, submission: Submission, verdict: str = "approve") -> Review:
    return publish_review(reviewer, submission, verdict=verdict, summary="Because.", scores=ANSWERS)


def state_of(submission: Submission) -> str:
    return Assignment.objects.get(annotation__submissions=submission).state


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        ("approve", AssignmentState.APPROVED),
        ("request_changes", AssignmentState.CHANGES_REQUESTED),
        ("reject", AssignmentState.REJECTED),
    ],
)
def test_verdict_moves_the_assignment_with_its_events(
    annotator: User, reviewer: User, verdict: str, state: str
) -> None:
    submission = make_submission(annotator)
    review = publish(reviewer, submission, verdict)
    assert state_of(submission) == state
    assert (review.verdict, review.scores) == (verdict, ANSWERS)
    verbs = Event.objects.filter(actor=reviewer).values_list("verb", flat=True)
    assert set(verbs) == {"review published", f"assignment {state}"}


def test_admin_who_annotated_cannot_review_own_work(admin_user: User) -> None:
    submission = make_submission(admin_user)
    with pytest.raises(NotReviewable, match="own work"):
        publish(admin_user, submission)
    assert not reviewable_by(admin_user).exists()
    assert state_of(submission) == AssignmentState.SUBMITTED


def test_reviewer_who_was_annotator_cannot_review_own_work(annotator: User) -> None:
    submission = make_submission(annotator)
    annotator.role = "reviewer"
    annotator.save(update_fields=["role"])
    with pytest.raises(NotReviewable, match="own work"):
        publish(annotator, submission)


def test_annotator_cannot_review(annotator: User, other_annotator: User) -> None:
    with pytest.raises(NotReviewable):
        publish(other_annotator, make_submission(annotator))


def test_who_still_writes_about_the_trajectory_cannot_review_it(
    annotator: User, admin_user: User
) -> None:
    submission = make_submission(annotator)
    membership = submission.annotation.assignment.membership
    own = make_assignment(admin_user, membership.batch, membership.trajectory)
    with pytest.raises(NotReviewable, match="still write"):
        publish(admin_user, submission)
    submit(own)
    publish(admin_user, submission)


def test_open_blocking_thread_refuses_approval_and_is_named(
    annotator: User, reviewer: User
) -> None:
    submission = make_submission(annotator)
    [step] = submission.content["reasoning_steps"]
    thread = open_thread(reviewer, submission, body="Why?", reasoning_step_uid=step["uid"])
    open_thread(reviewer, submission, body="Nice", is_blocking=False)
    with pytest.raises(OpenThreads, match="1 blocking thread is open: R1 “add"):
        publish(reviewer, submission)
    assert state_of(submission) == AssignmentState.SUBMITTED
    set_resolved(reviewer, thread, True)
    publish(reviewer, submission)


def test_open_blocking_thread_does_not_stop_a_request_for_changes(
    annotator: User, reviewer: User
) -> None:
    submission = make_submission(annotator)
    open_thread(reviewer, submission, body="Why?")
    publish(reviewer, submission, "request_changes")


def test_thread_of_an_earlier_submission_still_blocks(annotator: User, reviewer: User) -> None:
    first = make_submission(annotator)
    open_thread(reviewer, first, body="Why?")
    publish(reviewer, first, "request_changes")
    assignment = Assignment.objects.get(annotation=first.annotation)
    second = submit(assignment, make_content())
    with pytest.raises(OpenThreads, match="the whole submission"):
        publish(reviewer, second)


def test_answers_to_an_older_rubric_are_refused(
    annotator: User, reviewer: User, admin_user: User
) -> None:
    submission = make_submission(annotator)
    set_questions(admin_user, submission.annotation.assignment.membership.batch, ["New?"])
    with pytest.raises(NotReviewable, match="rubric was changed"):
        publish(reviewer, submission)


def test_second_reviewer_is_told_who_came_first(
    annotator: User, reviewer: User, admin_user: User
) -> None:
    submission = make_submission(annotator)
    publish(reviewer, submission)
    with pytest.raises(AlreadyReviewed, match=r"rosa published .*: approved"):
        publish(admin_user, submission, "reject")
    assert state_of(submission) == AssignmentState.APPROVED


def test_older_submission_cannot_be_decided(annotator: User, reviewer: User) -> None:
    first = make_submission(annotator)
    assignment = first.annotation.assignment
    assignment.request_changes(reviewer)
    submit(assignment)
    with pytest.raises(NotReviewable, match="newer submission"):
        publish(reviewer, first)


def test_opening_grants_the_reviewer_gold_and_verdicts_once(
    annotator: User, reviewer: User
) -> None:
    trajectory = make_submission(annotator).annotation.assignment.membership.trajectory
    grant_evidence(reviewer, trajectory)
    grant_evidence(reviewer, trajectory)
    assert sight_of(reviewer, trajectory) == Sight(sees_gold=True, sees_verdicts=True)
    assert Event.objects.filter(verb="evidence opened for review").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_reviewers_at_once_leave_one_review(
    annotator: User, reviewer: User, admin_user: User
) -> None:
    submission = make_submission(annotator)
    outcomes = at_once(
        lambda: publish(reviewer, submission), lambda: publish(admin_user, submission, "reject")
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["AlreadyReviewed", "Review"]
    review = Review.objects.get()
    assert state_of(submission) == {"approve": "approved", "reject": "rejected"}[review.verdict]


@pytest.mark.django_db(transaction=True)
def test_thread_opened_while_approving_never_ends_open_on_an_approved_one(
    annotator: User, reviewer: User, admin_user: User
) -> None:
    submission = make_submission(annotator)
    outcomes = at_once(
        lambda: publish(reviewer, submission),
        lambda: open_thread(admin_user, submission, body="Wait"),
    )
    errors = [outcome for outcome in outcomes if isinstance(outcome, ReviewUserError)]
    assert len(errors) == 1


def at_once(*actions: Callable[[], Any]) -> list[Any]:
    """Run the actions in threads that start together; return each result or error."""
    barrier = threading.Barrier(len(actions))
    outcomes: list[Any] = []

    def run(action: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            outcomes.append(action())
        except ReviewUserError as error:
            outcomes.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
