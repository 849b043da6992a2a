from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from annotator.models import Annotation, Assignment, Submission
from annotator.notes import Note, NoteEntry
from annotator.services.claiming import policy_of, release
from annotator.services.editing import commit_diagnosis
from annotator.services.submitting import submit
from tests.annotator.conftest import cite_thought, write
from tests.html import Page, page_of

pytestmark = pytest.mark.django_db


def url(assignment: Assignment, name: str = "workspace") -> str:
    return reverse(f"annotator:{name}", args=[assignment.pk])


def get(client: Client, assignment: Assignment, query: str = "") -> Page:
    return page_of(client.get(url(assignment) + query))


def test_steps_evidence_and_reasoning_stand_side_by_side(
    assignment: Assignment, annotator_client: Client
) -> None:
    page = get(annotator_client, assignment)
    assert page.select("[data-outline] [data-step]")
    assert page.select("#left-pane") and page.select("#right-pane")
    assert "No reasoning step yet" in page.text("#reasoning")
    assert page.texts("[data-add-step] button")[0] == "Observation"


def test_a_card_holds_what_was_written(annotation: Annotation, annotator_client: Client) -> None:
    step = write(
        annotation,
        "decision",
        claim="<b>claim</b>",
        rationale="why",
        covers=[1, 2],
        options=[{"title": "One", "for": "good", "against": "bad", "chosen": True}],
    )
    cite_thought(annotation, step)
    page = get(annotator_client, annotation.assignment)
    assert page.text(".claim") == "<b>claim</b>"
    assert page.text(".rationale") == "why"
    assert page.select("[data-covers]")[0].get("value") == "1-2"
    assert page.select("[name=option_title]")[0].get("value") == "One"
    assert page.texts(".cite-chip") == ["step 2 thought"]
    assert page.select("[data-card] input[name=version]")[0].get("value") == str(step.version)


def test_a_citation_leads_to_its_place(annotation: Annotation, annotator_client: Client) -> None:
    cite_thought(annotation)
    [chip] = get(annotator_client, annotation.assignment).select(".cite-chip")
    assert chip.get("href") == "?left=step&step=2&part=thought%4011-20"
    trajectory = annotation.assignment.membership.trajectory
    url = reverse("trajectories:step", args=[trajectory.pk, 2])
    assert chip.get("hx-get") == f"{url}?part=thought%4011-20"
    page = get(annotator_client, annotation.assignment, chip.get("href"))
    assert page.select("#left-pane [data-step-shown='2']")


@pytest.mark.parametrize("query", ["?step=x", "?step=-1", "?left=none&right=none", "?path=%00"])
def test_odd_addresses_show_the_page(
    assignment: Assignment, annotator_client: Client, query: str
) -> None:
    assert get(annotator_client, assignment, query).select("#reasoning")


def test_the_column_alone_is_for_the_script(
    assignment: Assignment, annotator_client: Client
) -> None:
    address = url(assignment, "reasoning")
    assert annotator_client.get(address).headers["Location"] == url(assignment)
    fragment = annotator_client.get(address, headers={"HX-Request": "true"})
    assert fragment.content.lstrip().startswith(b'<div id="reasoning"')


def test_queries_do_not_grow_with_what_is_written(
    annotation: Annotation, annotator_client: Client
) -> None:
    def more() -> int:
        for _ in range(3):
            cite_thought(annotation)
        with CaptureQueriesContext(connection) as captured:
            get(annotator_client, annotation.assignment)
        return len(captured)

    more()
    assert more() == more()


# --- blind first ----------------------------------------------------------------------------------


def test_gold_is_hidden_until_the_diagnosis_is_committed(
    annotator: User, annotation: Annotation, annotator_client: Client
) -> None:
    policy = policy_of(annotation.assignment.membership.batch)
    policy.blind_first = True
    policy.save()
    annotator.grants.update(sees_gold=False, sees_verdicts=False)
    page = get(annotator_client, annotation.assignment, "?right=gold")
    assert page.select("#first-diagnosis")
    assert "a + b" not in page.text("#right-pane")
    commit_diagnosis(annotator, annotation, "The **sign**.")
    page = get(annotator_client, annotation.assignment, "?right=gold")
    assert page.text(".diagnosis strong") == "sign"
    assert not page.select("#first-diagnosis")


# --- handing in -----------------------------------------------------------------------------------


def test_handing_in_leaves_the_page_for_reading(
    annotation: Annotation, annotator_client: Client
) -> None:
    write(annotation, claim="The sign", rationale="*why*")
    response = annotator_client.post(url(annotation.assignment, "submit"), follow=True)
    page = page_of(response)
    assert "Handed in as submission 1." in page.text("[data-messages]")
    assert "a reviewer reads it now" in page.text(".reasoning-note")
    assert page.text(".reasoning-card h3") == "The sign"
    assert not page.select("[data-autosave], [data-add-step], [data-open-dialog=submit]")


def test_what_is_missing_is_listed(annotation: Annotation, annotator_client: Client) -> None:
    write(annotation, claim="")
    response = annotator_client.post(url(annotation.assignment, "submit"), follow=True)
    page = page_of(response)
    assert page.texts("[data-problems] li") == ["R1 has no claim; say in one line what it states."]
    assert not Submission.objects.exists()


def test_handing_in_twice_is_told(annotation: Annotation, annotator_client: Client) -> None:
    write(annotation)
    for _ in range(2):
        response = annotator_client.post(url(annotation.assignment, "submit"), follow=True)
    assert b"it cannot be changed now" in response.content
    assert Submission.objects.count() == 1


def test_requested_changes_open_it_again(
    annotator: User, annotation: Annotation, annotator_client: Client
) -> None:
    write(annotation)
    submit(annotator, annotation)
    assignment = Assignment.objects.get()
    assignment.request_changes(annotator)
    assert get(annotator_client, assignment).select("[data-autosave]")


def test_a_released_trajectory_is_left(
    annotator: User, assignment: Assignment, annotator_client: Client
) -> None:
    release(annotator, assignment)
    response = annotator_client.get(url(assignment), follow=True)
    assert b"You gave this trajectory back" in response.content


# --- what reviewers said --------------------------------------------------------------------------


def remarks(annotation: Annotation) -> list[Note]:
    step = annotation.reasoning_steps.order_by("pk")[0]
    entry = NoteEntry("rosa", "Which <b>line</b>? **This** one?", step.created_at)
    on_step = Note(step.uid, None, 1, True, False, (entry,), "/reply/", "")
    on_all = Note(None, None, 2, False, True, (entry,), "", "")
    return [on_step, on_all]


def test_remarks_stand_beside_their_step(
    annotation: Annotation, annotator_client: Client, settings: Any
) -> None:
    settings.ANNOTATION_NOTES = f"{__name__}.remarks"
    write(annotation)
    page = get(annotator_client, annotation.assignment)
    [on_step] = page.select("[data-card] .note")
    assert "to be resolved" in on_step.text_content()
    assert on_step.cssselect("strong") and not on_step.cssselect("b")
    assert on_step.cssselect("form[action='/reply/']")
    assert len(page.select("#reasoning .note")) == 2


def test_without_a_provider_there_are_none(
    annotation: Annotation, annotator_client: Client, settings: Any
) -> None:
    settings.ANNOTATION_NOTES = ""
    assert not get(annotator_client, annotation.assignment).select(".note")
