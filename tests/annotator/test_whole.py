"""What is said of the whole: overview, judgements, waivers."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from annotator.models import Annotation, ReasoningStep
from annotator.services import whole
from annotator.services.claiming import policy_of
from annotator.services.editing import add_step
from annotator.submissions import build_content, schema_violations
from annotator.versions import as_latest, as_version
from tests.annotator.conftest import cite_thought, write
from tests.html import page_of

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
SCRIPT = {"Accept": "application/json"}


def post(client: Client, name: str, annotation: Annotation, headers: object = HTMX, **data: object):  # type: ignore[no-untyped-def]
    return client.post(reverse(f"annotator:{name}", args=[annotation.pk]), data, headers=headers)


def fresh(annotation: Annotation) -> Annotation:
    return Annotation.objects.get(pk=annotation.pk)


def test_a_run_of_steps_is_judged_in_one_go_and_one_undo(
    annotation: Annotation, annotator_client: Client
) -> None:
    page = page_of(post(annotator_client, "judge", annotation, steps="1-3", judgement="misstep"))
    assert page.texts(".judged") == ["1-3 misstep"]
    assert fresh(annotation).judgements.keys() == {"1", "2", "3"}
    post(annotator_client, "undo", annotation)
    assert fresh(annotation).judgements == {}


def test_a_misstep_keeps_what_was_said_when_it_is_judged_again(
    annotation: Annotation, annotator: User, annotator_client: Client
) -> None:
    whole.judge(annotator, annotation, [2], "misstep")
    data = {"step": 2, "judgement": "misstep", "misstep": "wrong-cause", "is_decisive": "1"}
    response = post(
        annotator_client, "judgement", annotation, SCRIPT, version=2, should_have="Look.", **data
    )
    assert response.json()["version"] == 3
    whole.judge(annotator, annotation, [1, 2], "misstep")
    assert fresh(annotation).judgements["2"] == {
        "judgement": "misstep",
        "misstep": "wrong-cause",
        "should_have": "Look.",
        "is_decisive": True,
    }
    whole.judge(annotator, annotation, [2], "neutral")
    assert fresh(annotation).judgements["2"]["misstep"] == ""


def test_a_decisive_step_that_was_not_judged_is_neutral(
    annotation: Annotation, annotator_client: Client
) -> None:
    post(annotator_client, "judge", annotation, steps="2", judgement="toggle_decisive")
    assert fresh(annotation).judgements["2"]["judgement"] == "neutral"
    post(annotator_client, "judge", annotation, steps="2", judgement="toggle_decisive")
    assert fresh(annotation).judgements["2"]["is_decisive"] is False


def test_two_windows_that_write_different_fields_are_merged(
    annotation: Annotation, annotator_client: Client
) -> None:
    one = post(annotator_client, "overview", annotation, SCRIPT, version=1, strategy="Read it.")
    two = post(annotator_client, "overview", annotation, SCRIPT, version=1, exit="solved")
    assert (one.status_code, two.status_code) == (200, 200)
    assert fresh(annotation).overview == {"strategy": "Read it.", "exit": "solved"}


def test_the_same_field_written_twice_is_a_conflict(
    annotation: Annotation, annotator_client: Client
) -> None:
    post(annotator_client, "overview", annotation, SCRIPT, version=1, strategy="Read it.")
    response = post(annotator_client, "overview", annotation, SCRIPT, version=1, strategy="Run it.")
    assert response.status_code == 409
    assert "Read it." in response.content.decode()
    assert fresh(annotation).overview["strategy"] == "Read it."


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("overview", {"version": "1", "exit": "lost"}),
        ("overview", {"version": "1", "well_specified_score": "4"}),
        ("overview", {"exit": "solved"}),
        ("judge", {"steps": "9", "judgement": "misstep"}),
        ("judge", {"steps": "1", "judgement": "great"}),
        ("judgement", {"version": "1", "step": "1", "judgement": "great"}),
        ("waive", {"check_id": "", "place": "//"}),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(
    annotation: Annotation, annotator_client: Client, name: str, data: dict[str, str]
) -> None:
    assert post(annotator_client, name, annotation, **data).status_code == 422
    assert fresh(annotation).edit_count == 0


def test_there_is_one_root_cause_above_the_chain(annotation: Annotation, annotator: User) -> None:
    first = add_step(annotator, annotation, "root_cause")
    assert add_step(annotator, annotation, "root_cause") == first
    write(annotation, claim="Seen")
    cite_thought(annotation, first)
    content = build_content(annotation)
    assert content["root_cause"]["uid"] == str(first.uid)
    assert len(content["root_cause"]["citations"]) == 1
    assert [step["claim"] for step in content["reasoning_steps"]] == ["Seen"]


def test_a_batch_that_fixed_version_2_hands_in_version_2(
    annotation: Annotation, annotator: User
) -> None:
    policy = policy_of(annotation.assignment.membership.batch)
    policy.schema_version = 2
    policy.save()
    step = write(annotation, "decision", covers=[1, 2], question="Where?")
    whole.judge(annotator, annotation, [2], "misstep")
    content = build_content(fresh(annotation))
    for version in (1, 2):
        assert schema_violations(as_version({**content, "reasoning_steps": []}, version))
    old = as_version(content, 2)
    assert old["reasoning_steps"][0]["covers"] == [
        {"step": 1, "judgement": ""},
        {"step": 2, "judgement": "misstep"},
    ]
    latest = as_latest(old)
    assert latest["reasoning_steps"][0]["covers"] == [1, 2]
    assert latest["judgements"] == content["judgements"]
    assert ReasoningStep.objects.get(pk=step.pk).details == {"question": "Where?"}
