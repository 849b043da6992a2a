"""Writing through the pages: with the script that saves, and as plain forms."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from annotator.models import Annotation, ReasoningKind, ReasoningStep
from annotator.services.editing import delete_step, save_diagnosis, save_step
from tests.annotator.conftest import cite_thought, write
from tests.html import Page, page_of

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
SCRIPT = {"Accept": "application/json"}


def url(name: str, key: object) -> str:
    return reverse(f"annotator:{name}", args=[key])


def save(client: Client, step: ReasoningStep, headers: Any = SCRIPT, **data: Any) -> Any:
    values = {"version": step.version, **data}
    return client.post(url("step-save", step.uid), values, headers=headers)


def fresh(step: ReasoningStep) -> ReasoningStep:
    return ReasoningStep.objects.get(pk=step.pk)


@pytest.fixture
def step(annotation: Annotation) -> ReasoningStep:
    return write(annotation, claim="base")


# --- adding, moving, removing ---------------------------------------------------------------------


@pytest.mark.parametrize("kind", ReasoningKind.values)
def test_a_step_of_each_kind_is_added_and_is_the_active_one(
    annotation: Annotation, annotator_client: Client, kind: str
) -> None:
    response = annotator_client.post(url("step-add", annotation.pk), {"kind": kind}, headers=HTMX)
    page = page_of(response)
    step = ReasoningStep.objects.get()
    assert page.select("[data-reasoning]")[0].get("data-active") == str(step.uid)
    assert bool(page.select("fieldset.options")) == (kind == "decision")


def test_an_unknown_kind_is_refused(annotation: Annotation, annotator_client: Client) -> None:
    response = annotator_client.post(url("step-add", annotation.pk), {"kind": "poem"})
    assert response.status_code == 422
    assert not ReasoningStep.objects.exists()


def test_without_script_every_change_leads_back_to_the_workspace(
    annotation: Annotation, step: ReasoningStep, annotator_client: Client
) -> None:
    citation = cite_thought(annotation, step)
    posts = [
        (url("step-add", annotation.pk), {"kind": "observation"}),
        (url("step-save", step.uid), {"version": step.version, "claim": "plain"}),
        (url("step-move", step.uid), {"offset": 1}),
        (url("step-delete", step.uid), {}),
        (url("step-restore", step.uid), {}),
        (url("citation-remove", citation.uid), {}),
        (url("citation-restore", citation.uid), {}),
        (url("diagnosis", annotation.pk), {"first_diagnosis": "The sign."}),
    ]
    workspace = url("workspace", annotation.assignment_id)
    for address, data in posts:
        response = annotator_client.post(address, data)
        assert (response.status_code, response.headers["Location"]) == (302, workspace), address
    assert fresh(step).claim == "plain"


def test_a_move_that_is_none_is_refused(step: ReasoningStep, annotator_client: Client) -> None:
    response = annotator_client.post(url("step-move", step.uid), {"offset": "5"}, headers=HTMX)
    assert response.status_code == 422


def test_removing_offers_the_way_back(step: ReasoningStep, annotator_client: Client) -> None:
    page = page_of(annotator_client.post(url("step-delete", step.uid), headers=HTMX))
    assert not page.select("[data-card]")
    assert page.text(".reasoning-said") == "Removed: Observation: base"
    page = page_of(annotator_client.post(url("undo", step.annotation_id), headers=HTMX))
    assert page.text(".claim") == "base"


def test_removing_a_citation_offers_the_way_back(
    annotation: Annotation, step: ReasoningStep, annotator_client: Client
) -> None:
    citation = cite_thought(annotation, step)
    address = url("citation-remove", citation.uid)
    page = page_of(annotator_client.post(address, headers=HTMX))
    assert not page.select(".cite-chip")
    page = page_of(annotator_client.post(url("undo", annotation.pk), headers=HTMX))
    assert page.texts(".cite-chip") == ["step 2 thought"]


@pytest.mark.parametrize("name", ["step-add", "step-save", "step-move", "step-delete", "diagnosis"])
def test_what_is_handed_in_answers_409_in_one_sentence(
    annotator: User,
    annotation: Annotation,
    step: ReasoningStep,
    annotator_client: Client,
    name: str,
) -> None:
    annotation.assignment.submit(annotator)
    key = step.uid if name.startswith("step-") and name != "step-add" else annotation.pk
    data = {"kind": "observation", "version": 1, "claim": "x", "offset": 1, "first_diagnosis": "x"}
    response = annotator_client.post(url(name, key), data)
    assert response.status_code == 409
    assert response.content.decode() == ("This annotation is submitted; it cannot be changed now.")


# --- saving ---------------------------------------------------------------------------------------


def test_a_save_answers_with_the_new_version(step: ReasoningStep, annotator_client: Client) -> None:
    answer = save(annotator_client, step, claim="new", rationale="why").json()
    saved = fresh(step)
    assert (saved.claim, saved.rationale, saved.version) == ("new", "why", step.version + 1)
    assert answer["version"] == saved.version
    assert (answer["merged"], answer["reload"]) == ({}, False)


def test_what_another_window_changed_comes_back_with_the_save(
    annotator: User, step: ReasoningStep, annotator_client: Client
) -> None:
    save_step(annotator, step, {"claim": "theirs"}, step.version)
    answer = save(annotator_client, step, claim="base", rationale="mine").json()
    assert answer["merged"] == {"claim": "theirs"}
    assert (fresh(step).claim, fresh(step).rationale) == ("theirs", "mine")


@pytest.mark.parametrize("headers", [SCRIPT, {}])
def test_a_stale_save_shows_both_texts_and_stores_neither_over_the_other(
    annotator: User, step: ReasoningStep, annotator_client: Client, headers: Any
) -> None:
    save_step(annotator, step, {"claim": "theirs <b>"}, step.version)
    response = save(annotator_client, step, headers, claim="mine <i>", rationale="also mine")
    assert response.status_code == 409
    page = Page.of_text(response.content.decode())
    assert page.text("[data-mine]") == "mine <i>"
    assert page.text("[data-theirs]") == "theirs <b>"
    assert fresh(step).claim == "theirs <b>"
    form = page.select("form[data-merge]")[0]
    assert dict(form.form_values()) | {"csrfmiddlewaretoken": ""} == {
        "csrfmiddlewaretoken": "",
        "version": str(fresh(step).version),
        "claim": "mine <i>",
        "rationale": "also mine",
    }


def test_the_merge_is_saved_on_top_of_what_is_stored(
    annotator: User, step: ReasoningStep, annotator_client: Client
) -> None:
    save_step(annotator, step, {"claim": "theirs"}, step.version)
    page = Page.of_text(save(annotator_client, step, claim="mine").content.decode())
    values = dict(page.select("form[data-merge]")[0].form_values())
    merged = annotator_client.post(
        url("step-save", step.uid), {**values, "claim": "theirs and mine"}, headers=SCRIPT
    )
    assert merged.status_code == 200
    assert fresh(step).claim == "theirs and mine"


def test_lists_that_two_windows_changed_are_chosen_whole(
    annotator: User, step: ReasoningStep, annotator_client: Client
) -> None:
    theirs = [3]
    save_step(annotator, step, {"covers": theirs}, step.version)
    response = save(annotator_client, step, covers="1-2")
    assert response.status_code == 409
    page = Page.of_text(response.content.decode())
    choices = page.select("input[name=covers_json]")
    assert len(choices) == 2
    data = {"version": fresh(step).version, "covers_json": choices[1].get("value")}
    annotator_client.post(url("step-save", step.uid), data, headers=SCRIPT)
    assert fresh(step).covers == theirs


def test_covered_steps_and_options_are_read_from_the_form(
    annotation: Annotation, annotator_client: Client
) -> None:
    step = write(annotation, "decision")
    citation = cite_thought(annotation, step)
    data = {
        "covers": "1-2",
        "options_sent": "1",
        "option_title": ["One", "", " Two  words "],
        "option_for": ["good", "", ""],
        "option_against": ["", "", "bad"],
        "option_chosen": "2",
        "option_considered_by": ["agent", "", "neither"],
        "option_evidence": ["1", "", ""],
    }
    assert save(annotator_client, step, **data).status_code == 200
    saved = fresh(step)
    assert saved.covers == [1, 2]
    assert saved.options == [
        {
            "title": "One",
            "for": "good",
            "against": "",
            "considered_by": "agent",
            "chosen": False,
            "evidence": [str(citation.uid)],
        },
        {
            "title": "Two words",
            "for": "",
            "against": "bad",
            "considered_by": "neither",
            "chosen": True,
            "evidence": [],
        },
    ]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"version": "x"}, "whole number"),
        ({"version": "0"}, "greater than or equal to 1"),
        ({"claim": "x" * 501}, "at most 500"),
        ({"rationale": "a\0b"}, "Null characters"),
        ({"kind": "poem"}, "not one of the available choices"),
        ({"covers": "9"}, "the steps 1 to 3"),
        ({"options_json": "["}, "reload the page"),
        ({"options_json": '[{"title": 1}]'}, "reload the page"),
        ({"covers_json": '{"step": 1}'}, "reload the page"),
    ],
)
@pytest.mark.parametrize("headers", [SCRIPT, {}])
def test_a_bad_save_is_refused_with_the_reason(
    step: ReasoningStep, annotator_client: Client, data: dict[str, str], says: str, headers: Any
) -> None:
    response = save(annotator_client, step, headers, **data)
    assert response.status_code == 422
    assert says in response.content.decode()
    assert fresh(step).version == step.version


def test_text_is_kept_as_typed_but_for_line_ends(
    step: ReasoningStep, annotator_client: Client
) -> None:
    save(annotator_client, step, claim="one\r\n line", rationale="  a\r\n\r\n    code \U0001f600")
    saved = fresh(step)
    assert saved.claim == "one line"
    assert saved.rationale == "  a\n\n    code \U0001f600"


def test_a_save_of_a_removed_step_says_so(
    annotator: User, step: ReasoningStep, annotator_client: Client
) -> None:
    delete_step(annotator, step)
    response = save(annotator_client, step, claim="late")
    assert (response.status_code, response.headers["Content-Type"][:10]) == (409, "text/plain")
    assert "removed in another window" in response.content.decode()


def test_the_preview_is_the_saved_rationale_cleaned(
    annotation: Annotation, annotator_client: Client
) -> None:
    step = write(annotation, rationale="*why* <script>alert(1)</script>")
    page = page_of(annotator_client.get(url("step-preview", step.uid)))
    assert page.texts("em") == ["why"] and not page.select("script")


def test_an_unknown_step_is_not_found(annotator_client: Client) -> None:
    assert annotator_client.post(url("step-save", uuid4())).status_code == 404


# --- the first diagnosis --------------------------------------------------------------------------


def test_an_empty_diagnosis_is_not_committed(
    annotation: Annotation, annotator_client: Client
) -> None:
    data = {"first_diagnosis": "  ", "commit": "1"}
    response = annotator_client.post(url("diagnosis", annotation.pk), data)
    assert response.status_code == 422
    annotation.refresh_from_db()
    assert annotation.diagnosis_committed_at is None


def test_a_diagnosis_of_two_windows_is_told(
    annotator: User, annotation: Annotation, annotator_client: Client
) -> None:
    save_diagnosis(annotator, annotation, "theirs")
    data = {"first_diagnosis": "mine", "base": ""}
    response = annotator_client.post(url("diagnosis", annotation.pk), data, headers=SCRIPT)
    assert response.status_code == 409
    assert "another window" in response.content.decode()
    annotation.refresh_from_db()
    assert annotation.first_diagnosis == "theirs"
