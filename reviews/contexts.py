"""What the pages of reviewers show, selected and named; templates do no work."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from accounts.models import User
from annotator.models import AssignmentState, Submission
from reviews.content import (
    CitationContent,
    anchor_title,
    citation_title,
    cited_title,
    find_step,
)
from reviews.forms import ReviewForm
from reviews.models import Comment, Review, Thread
from reviews.querysets import awaiting_review, reviewable_by
from reviews.services.rubrics import asked, criteria_of, rubric_of
from reviews.services.threads import OPEN_STATES
from trajectories.models import Batch, Trajectory
from validation.contexts import VerdictsContext
from validation.models import TreeName

WHOLE = "whole"
REFERENCES = (TreeName.BASE, TreeName.GOLD)
QUEUE_ROWS = 200
LATELY_ROWS = 20
ROW_RELATIONS = (
    "annotation__assignment__annotator",
    "annotation__assignment__membership__batch",
    "annotation__assignment__membership__trajectory__task",
)
# Megabytes that no row shows.
HEAVY = (
    "annotation__assignment__membership__trajectory__model_patch",
    "annotation__assignment__membership__trajectory__extra",
)


# --- the queue ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Queue:
    waiting: list[Submission]
    n_waiting: int
    lately: list[Review]


def queue_context(user: User, batch: Batch | None) -> Queue:
    """List what waits for `user`, oldest first, and what was decided lately."""
    waiting = awaiting_review(user)
    visible = Submission.objects.visible_to(user)
    if batch is not None:
        waiting = waiting.filter(annotation__assignment__membership__batch=batch)
        visible = visible.filter(annotation__assignment__membership__batch=batch)
    lately = Review.objects.filter(submission__in=visible).order_by("-published_at")
    relations = [f"submission__{relation}" for relation in ROW_RELATIONS]
    heavy = [f"submission__{column}" for column in HEAVY]
    return Queue(
        waiting=list(waiting.select_related(*ROW_RELATIONS).defer("content", *HEAVY)[:QUEUE_ROWS]),
        n_waiting=waiting.count(),
        lately=list(
            lately.select_related("reviewer", *relations).defer("submission__content", *heavy)[
                :LATELY_ROWS
            ]
        ),
    )


# --- threads ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CommentView:
    comment: Comment
    role: str


@dataclass(frozen=True)
class RefusedComment:
    """A comment that was refused: it stays in its form, with the reason."""

    body: str
    error: str
    # None: it would have opened a thread.
    thread_id: int | None = None


@dataclass(frozen=True)
class ThreadView:
    thread: Thread
    comments: list[CommentView]
    # What of the step it is about, where that is not the step itself.
    about: str
    # Where it was opened, if that was an earlier submission.
    opened_on: int | None
    may_resolve: bool


@dataclass(frozen=True)
class CitationChoice:
    uid: str
    title: str


@dataclass(frozen=True)
class ThreadBox:
    """The threads of one reasoning step, or of the whole, and the form for a new one."""

    submission: Submission
    anchor: str
    threads: list[ThreadView]
    citations: list[CitationChoice]
    may_comment: bool
    refused: RefusedComment | None = None

    @property
    def is_whole(self) -> bool:
        return self.anchor == WHOLE

    @property
    def shows_form(self) -> bool:
        """Keep what was refused in sight, also where no comment may be made any more."""
        is_refused = self.refused is not None and self.refused.thread_id is None
        return self.may_comment or is_refused


def threads_of(submission: Submission) -> dict[str, list[Thread]]:
    """Return the annotation's threads up to this submission by anchor: a step's uid or `whole`."""
    threads = (
        Thread.objects.filter(
            annotation=submission.annotation, submission__number__lte=submission.number
        )
        .select_related("opened_by", "resolved_by", "submission")
        .prefetch_related("comments__author")
        .order_by("created_at", "pk")
    )
    found: dict[str, list[Thread]] = defaultdict(list)
    for thread in threads:
        found[anchor_of(thread.reasoning_step_uid)].append(thread)
    return found


def anchor_of(uid: UUID | None) -> str:
    return WHOLE if uid is None else str(uid)


def thread_box(
    submission: Submission,
    anchor: str,
    *,
    may_comment: bool,
    threads: list[Thread] | None = None,
    refused: RefusedComment | None = None,
) -> ThreadBox:
    """Show the threads at one anchor; `threads` spares the query where they are known."""
    if threads is None:
        threads = threads_of(submission)[anchor]
    step = find_step(submission.content, anchor)
    cited: list[CitationContent] = step["citations"] if step else []
    return ThreadBox(
        submission=submission,
        anchor=anchor,
        threads=[thread_view(thread, submission, may_resolve=may_comment) for thread in threads],
        citations=[
            CitationChoice(citation["uid"], f"[{number}] {citation_title(citation)}")
            for number, citation in enumerate(cited, start=1)
        ],
        may_comment=may_comment and (step is not None or anchor == WHOLE),
        refused=refused,
    )


def thread_view(thread: Thread, submission: Submission, *, may_resolve: bool) -> ThreadView:
    annotator_id = submission.annotation.assignment.annotator_id
    comments = [
        CommentView(comment, "annotator" if comment.author_id == annotator_id else "reviewer")
        for comment in thread.comments.all()
    ]
    anchor = thread.reasoning_step_uid
    cited = thread.citation_uid
    about = cited_title(submission.content, anchor, cited) if cited else ""
    is_earlier = thread.submission_id != submission.pk
    opened_on = thread.submission.number if is_earlier else None
    return ThreadView(thread, comments, about, opened_on, may_resolve)


def may_comment(user: User, submission: Submission) -> bool:
    """Say whether `user` may open and resolve threads here now."""
    is_newest = not newer_than(submission)
    is_open = submission.annotation.assignment.state in OPEN_STATES
    return is_newest and is_open and reviewable_by(user).filter(pk=submission.pk).exists()


def newer_than(submission: Submission) -> Submission | None:
    """Return the newest submission of the annotation if it is not this one."""
    newer = submission.annotation.submissions.filter(number__gt=submission.number)
    return newer.defer("content").order_by("-number").first()


# --- the decision -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    question: str
    is_yes: bool


@dataclass(frozen=True)
class Blocker:
    """A thread that stands in the way of an approval; `anchor` is where on the page it is."""

    title: str
    anchor: str


@dataclass(frozen=True)
class Decision:
    """The review of a submission: published, or the form to write it, or why there is none."""

    submission: Submission
    form: ReviewForm | None
    review: Review | None
    answers: list[Answer]
    blockers: list[Blocker]
    why_not: str = ""
    error: str = ""


def decision_context(
    user: User, submission: Submission, *, form: ReviewForm | None = None, error: str = ""
) -> Decision:
    review = Review.objects.filter(submission=submission).select_related("reviewer").first()
    why_not = _why_not(user, submission)
    if form is None and not review and not why_not:
        form = ReviewForm(criteria=asked(rubric_of(batch_of(submission))))
    return Decision(
        submission=submission,
        form=form,
        review=review,
        answers=answers_of(review) if review else [],
        blockers=blockers_of(submission),
        why_not=why_not,
        error=error,
    )


def blockers_of(submission: Submission) -> list[Blocker]:
    threads = Thread.objects.filter(annotation=submission.annotation).in_the_way()
    return [
        Blocker(
            anchor_title(submission.content, thread.reasoning_step_uid, thread.citation_uid),
            anchor_of(thread.reasoning_step_uid),
        )
        for thread in threads
    ]


def answers_of(review: Review) -> list[Answer]:
    """Return the answers with their questions, in the rubric's order."""
    return [
        Answer(criterion.question, review.scores[criterion.id])
        for criterion in criteria_of(rubric_of(batch_of(review.submission)))
        if criterion.id in review.scores
    ]


def batch_of(submission: Submission) -> Batch:
    return submission.annotation.assignment.membership.batch


def trajectory_of(submission: Submission) -> Trajectory:
    return submission.annotation.assignment.membership.trajectory


def _why_not(user: User, submission: Submission) -> str:
    assignment = submission.annotation.assignment
    if assignment.annotator_id == user.pk or submission.submitted_by_id == user.pk:
        return "You wrote this; somebody else reviews it."
    if not reviewable_by(user).filter(pk=submission.pk).exists():
        return "You still write about this trajectory yourself; submit that first."
    if newer_than(submission):
        return "A newer submission exists; that one is reviewed."
    if assignment.state != AssignmentState.SUBMITTED:
        state = assignment.get_state_display().lower()
        return f"The assignment’s state is “{state}”; there is nothing to decide."
    return ""


# --- the runs -----------------------------------------------------------------------------------


def run_warnings(tests: VerdictsContext) -> list[str]:
    """Say which trees have no finished run, and where base or gold contradict the task."""
    columns = tests.columns
    missing = [column.label for column in columns if not (column.run and column.run.is_finished)]
    warnings = [f"No finished test run of {' and '.join(missing)}."] if missing else []
    odd = [
        column.chip.text
        for column in columns
        if column.label in REFERENCES and column.chip.tone in ("bad", "warn")
    ]
    return warnings + [f"The task does not behave as it claims: {text}." for text in odd]
