"""What the workspace shows its annotator of the review threads (setting ANNOTATION_NOTES)."""

from __future__ import annotations

from django.urls import reverse

from annotator.models import Annotation
from annotator.notes import Note, NoteEntry
from reviews.models import Review, Thread, Verdict
from reviews.services.rubrics import criteria_of, rubric_of
from reviews.verdicts import verdict_words


def notes_for(annotation: Annotation) -> list[Note]:
    """Return the reviews of the annotation, newest first, then its threads, oldest first."""
    reviews = Review.objects.filter(submission__annotation=annotation)
    reviews = reviews.select_related("reviewer", "submission").defer("submission__content")
    newest_first = list(reviews.order_by("-submission__number"))
    threads = Thread.objects.filter(annotation=annotation).prefetch_related("comments__author")
    return [
        *_review_notes(annotation, newest_first),
        *(_thread_note(thread) for thread in threads),
    ]


def _review_notes(annotation: Annotation, reviews: list[Review]) -> list[Note]:
    if not reviews:
        return []
    batch = annotation.assignment.membership.batch
    questions = {criterion.id: criterion.question for criterion in criteria_of(rubric_of(batch))}
    newest = annotation.submissions.order_by("-number").values_list("number", flat=True)[0]
    return [
        Note(
            reasoning_step_uid=None,
            citation_uid=None,
            # No thread has it, and the page needs one that differs from the others.
            thread_id=-review.pk,
            is_blocking=review.verdict != Verdict.APPROVE,
            is_resolved=review.submission.number < newest,
            entries=(
                NoteEntry(
                    review.reviewer.display_name, _body(review, questions), review.published_at
                ),
            ),
            reply_url="",
            resolve_url="",
        )
        for review in reviews
    ]


def _body(review: Review, questions: dict[str, str]) -> str:
    """Say the verdict, the summary, and which questions of the rubric were answered no."""
    verdict = verdict_words(review).capitalize()
    parts = [f"**{verdict}** (submission {review.submission.number})", review.summary]
    unmet = [questions[key] for key, answer in review.scores.items() if not answer]
    if unmet:
        parts.append("\n".join(["Answered *no*:", "", *(f"- {question}" for question in unmet)]))
    return "\n\n".join(part for part in parts if part)


def _thread_note(thread: Thread) -> Note:
    """Show a thread; an annotator answers, only reviewers resolve."""
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
