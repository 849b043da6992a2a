from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from reviews.models import Rubric
from reviews.services.rubrics import DEFAULT_QUESTIONS, asked, criteria_of, rubric_of, set_questions
from tests.factories import make_batch
from tests.reviews.factories import make_approved
from trajectories.models import Batch


@pytest.fixture
def batch(db: None) -> Batch:
    return make_batch()


def ids(rubric: Rubric) -> list[str]:
    return [criterion.id for criterion in asked(rubric)]


def test_first_use_makes_the_default_rubric_once(batch: Batch) -> None:
    assert rubric_of(batch) == rubric_of(batch)
    assert [criterion.question for criterion in asked(rubric_of(batch))] == [*DEFAULT_QUESTIONS]


def test_question_keeps_its_id_when_others_change(batch: Batch, admin_user: User) -> None:
    first, second, *_ = DEFAULT_QUESTIONS
    rubric = set_questions(admin_user, batch, ["New?", second, first])
    assert ids(rubric) == ["c6", "c2", "c1"]


def test_answered_question_is_retired_and_unanswered_forgotten(
    batch: Batch, admin_user: User, annotator: User, reviewer: User
) -> None:
    make_approved(annotator, reviewer, batch=batch)
    set_questions(admin_user, batch, ["New?"])
    rubric = set_questions(admin_user, batch, ["Newer?"])
    assert ids(rubric) == ["c7"]
    retired = [criterion.id for criterion in criteria_of(rubric) if criterion.is_retired]
    assert retired == ["c1", "c2", "c3", "c4", "c5"]


def test_retired_question_asked_again_gets_its_id_back(
    batch: Batch, admin_user: User, annotator: User, reviewer: User
) -> None:
    make_approved(annotator, reviewer, batch=batch)
    set_questions(admin_user, batch, ["New?"])
    assert ids(set_questions(admin_user, batch, [DEFAULT_QUESTIONS[2]])) == ["c3"]


def test_admin_edits_the_rubric_on_its_page(batch: Batch, admin_client: Client) -> None:
    address = reverse("reviews:rubric", args=[batch.slug])
    assert DEFAULT_QUESTIONS[1] in admin_client.get(address).content.decode()
    admin_client.post(address, {"questions": "One?\n\n  Two?  \nOne?\n"})
    assert [criterion.question for criterion in asked(rubric_of(batch))] == ["One?", "Two?"]


@pytest.mark.parametrize(
    ("questions", "reason"),
    [
        (" \n ", "required"),
        ("x" * 301, "Question 1 is longer"),
        ("\n".join(map(str, range(21))), "at most 20"),
    ],
)
def test_bad_rubric_is_refused_with_a_reason(
    batch: Batch, admin_client: Client, questions: str, reason: str
) -> None:
    response = admin_client.post(
        reverse("reviews:rubric", args=[batch.slug]), {"questions": questions}
    )
    assert response.status_code == 422
    assert reason in response.content.decode()
