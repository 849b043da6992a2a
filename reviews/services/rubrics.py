"""The rubric of a batch: yes-or-no questions that every review answers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import NamedTuple

from django.db import transaction

from accounts.events import record
from accounts.models import User
from reviews.models import Review, Rubric
from trajectories.models import Batch

DEFAULT_QUESTIONS = (
    "The root cause is stated and cites the code that holds it.",
    "Each claim can be checked against its citation in about thirty seconds.",
    "The options that were weighed are real: each could have been tried here.",
    "What went wrong in the trajectory is named at the step where it happened.",
    "A verification says which test or observation shows that the change works.",
)


class Criterion(NamedTuple):
    """A question; a retired one is no longer asked but earlier reviews answered it."""

    id: str
    question: str
    is_retired: bool = False


def criteria_of(rubric: Rubric) -> list[Criterion]:
    """Return all criteria in order, retired ones too."""
    return [
        Criterion(entry["id"], entry["question"], entry.get("is_retired", False))
        for entry in rubric.criteria
    ]


def asked(rubric: Rubric) -> list[Criterion]:
    return [criterion for criterion in criteria_of(rubric) if not criterion.is_retired]


def rubric_of(batch: Batch) -> Rubric:
    """Return the batch's rubric; its first use makes the default one."""
    default = [
        Criterion(f"c{number}", question) for number, question in enumerate(DEFAULT_QUESTIONS, 1)
    ]
    return Rubric.objects.get_or_create(
        batch=batch, defaults={"criteria": [_stored(criterion) for criterion in default]}
    )[0]


@transaction.atomic
def set_questions(admin: User, batch: Batch, questions: list[str]) -> Rubric:
    """Ask these questions from now on.

    A question keeps its id while its words stay the same. One that is no longer asked is
    retired where a review answered it, so that the answer keeps its question.
    """
    rubric = Rubric.objects.select_for_update().get(pk=rubric_of(batch).pk)
    before = criteria_of(rubric)
    known = {criterion.question: criterion.id for criterion in before}
    fresh = _fresh_ids(before)
    after = [
        Criterion(known.get(question) or next(fresh), question)
        for question in dict.fromkeys(questions)
    ]
    kept = {criterion.id for criterion in after}
    answered = _answered_ids(batch)
    retired = [
        criterion._replace(is_retired=True)
        for criterion in before
        if criterion.id not in kept and criterion.id in answered
    ]
    rubric.criteria = [_stored(criterion) for criterion in (*after, *retired)]
    rubric.save(update_fields=["criteria"])
    record(admin, "rubric changed", rubric, before=[c.question for c in before], after=questions)
    return rubric


def _stored(criterion: Criterion) -> dict[str, object]:
    stored: dict[str, object] = {"id": criterion.id, "question": criterion.question}
    return {**stored, "is_retired": True} if criterion.is_retired else stored


def _fresh_ids(criteria: list[Criterion]) -> Iterator[str]:
    """Yield ids that no criterion has; a retired one's is never given again."""
    highest = max((int(criterion.id.removeprefix("c")) for criterion in criteria), default=0)
    return (f"c{number}" for number in itertools.count(highest + 1))


def _answered_ids(batch: Batch) -> set[str]:
    reviews = Review.objects.filter(submission__annotation__assignment__membership__batch=batch)
    return {
        criterion_id
        for scores in reviews.values_list("scores", flat=True)
        for criterion_id in scores
    }
