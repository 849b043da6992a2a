"""Having the claims of a reasoning step executed: the form, the list, citing, handing in."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from annotator.models import Annotation, Citation, ReasoningStep
from annotator.probe_forms import matching_tests
from annotator.services.submitting import NotReady, submit
from tests.annotator.conftest import cite_thought, write
from tests.html import page_of
from tests.probes import add_result, make_probe
from trajectories.models import Grant, TaskRevision
from validation.models import Probe, ProbeResult, Recipe, RunState

pytestmark = pytest.mark.django_db

F2P = "tests/test_core.py::test_add"
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _runs_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("validation.services.requests.send", lambda run_id: None)
    monkeypatch.setattr("validation.services.requests.sandbox_refusal", lambda: "")
    monkeypatch.setattr("validation.services.requests.recipe_for", lambda revision: recipe())


def recipe() -> Recipe:
    return Recipe.objects.get_or_create(digest="cd" * 32)[0]


@pytest.fixture
def step(annotation: Annotation) -> ReasoningStep:
    found = write(annotation)
    cite_thought(annotation, found)
    return found


def post(client: Client, step: ReasoningStep, htmx: bool = True, **data: Any) -> Any:
    values = {"tree": "base", "with_test_patch": "on", "expected": "fails", **data}
    url = reverse("annotator:step-check", args=[step.uid])
    return client.post(url, values, headers=HTMX if htmx else {})


def test_the_form_offers_the_trees_and_expectations(
    annotator_client: Client, step: ReasoningStep
) -> None:
    url = reverse("annotator:step-check", args=[step.uid])
    for headers in ({}, HTMX):
        page = page_of(annotator_client.get(url, headers=headers))
        trees = [option.get("value") for option in page.root.cssselect("[name=tree] option")]
        assert trees == ["base", "gold", "model"]


def test_a_command_is_asked_for_and_shown_on_its_step(
    annotator_client: Client, step: ReasoningStep
) -> None:
    response = post(annotator_client, step, command="python reproduce.py\r\nexit 3")
    assert response.status_code == 200
    probe = Probe.objects.get()
    assert probe.command == "python reproduce.py\nexit 3"
    assert probe.expectation == {"kind": "fails"}
    shown = response.content.decode()
    assert "queued" in shown and "ends with a status that is not 0" in shown
    assert f'id="probes-{step.uid}"' in shown and 'hx-swap-oob="true"' in shown
    column = annotator_client.get(
        reverse("annotator:reasoning", args=[step.annotation.assignment_id]), headers=HTMX
    )
    assert str(probe.uid) in column.content.decode()


def test_tests_are_chosen_by_their_ids(annotator_client: Client, step: ReasoningStep) -> None:
    data = {"test_id": ["", F2P, F2P, " "], "expected": "tests_fail"}
    assert post(annotator_client, step, htmx=False, **data).status_code == 302
    assert Probe.objects.get().test_ids == [F2P]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "Choose tests, or give a command"),
        ({"command": "x", "test_id": [F2P]}, "one of the two"),
        ({"command": "x", "expected": "tests_fail"}, "A command has no tests"),
        ({"test_id": ["tests/test_core.py::test_ad"], "expected": "tests_fail"}, f"Is it {F2P}?"),
        ({"command": "x", "expected": "exit_status", "value": "many"}, "number from 0 to 255"),
        ({"command": "x", "expected": "exit_status", "value": "²"}, "number from 0 to 255"),
        ({"command": "x", "expected": "output_contains"}, "expected to contain"),
        ({"command": "x", "expected": "output_matches", "value": "(a"}, "no regular expression"),
        ({"command": "x", "tree": "step-8"}, "step-8"),
        ({"command": "a\0b"}, "Null characters"),
    ],
)
def test_what_cannot_be_run_is_said_in_the_form_and_nothing_is_lost(
    annotator_client: Client, step: ReasoningStep, data: dict[str, Any], said: str
) -> None:
    response = post(annotator_client, step, extra_patch="my patch", **data)
    assert response.status_code == 422
    assert said in response.content.decode().replace("&#x27;", "'")
    assert "my patch" in response.content.decode()
    assert not Probe.objects.exists()


def test_more_rows_for_tests_keep_what_was_typed(
    annotator_client: Client, step: ReasoningStep
) -> None:
    response = post(annotator_client, step, more="1", test_id=[F2P, ""], command="half a comm")
    rows = page_of(response).root.cssselect("[name=test_id]")
    assert [row.get("value") for row in rows] == [F2P, "", "", ""]
    assert "half a comm" in response.content.decode()
    assert not Probe.objects.exists()


def test_before_the_first_diagnosis_neither_gold_nor_the_tests_are_run(
    annotator_client: Client, step: ReasoningStep
) -> None:
    Grant.objects.update(sees_gold=False, sees_verdicts=False)
    url = reverse("annotator:step-check", args=[step.uid])
    page = annotator_client.get(url, headers=HTMX).content.decode()
    assert "Gold" not in page and 'name="with_test_patch"' not in page
    for data in ({"tree": "gold", "with_test_patch": ""}, {"tree": "model"}):
        assert post(annotator_client, step, command="true", **data).status_code == 422
    assert not Probe.objects.exists()
    assert post(annotator_client, step, command="true", with_test_patch="").status_code == 200


def test_the_tasks_tests_are_offered_as_one_types(step: ReasoningStep) -> None:
    revision = TaskRevision(fail_to_pass=["a::test_new"], pass_to_pass=["a::test_old", "b::new"])
    assert matching_tests(revision, "NEW") == ["a::test_new", "b::new"]
    assert matching_tests(revision, "a old") == ["a::test_old"]
    assert matching_tests(revision, "", limit=1) == ["a::test_new"]


def test_a_result_is_cited_with_its_run_and_still_holds_after_another_one(
    annotator_client: Client, annotator: User, step: ReasoningStep
) -> None:
    trajectory = step.annotation.assignment.membership.trajectory
    probe = make_probe(annotator, trajectory, step)
    data = {"kind": "probe", "target": f'{{"probe": "{probe.uid}"}}', "step": str(step.uid)}
    url = reverse("annotator:cite", args=[step.annotation_id])
    assert annotator_client.post(url, data, headers=HTMX).status_code == 200
    citation = Citation.objects.get(kind="probe")
    assert citation.target == {"probe": str(probe.uid), "run": probe.results.get().run_id}
    assert citation.quote.startswith("As claimed: on base with test_patch: python reproduce.py")
    add_result(probe, "not_as_claimed")
    submission = submit(annotator, step.annotation)
    [frozen] = submission.content["reasoning_steps"][0]["probes"]
    assert frozen["result"]["judgement"] == "not_as_claimed"


def test_only_a_result_of_the_same_trajectory_is_cited(
    annotator_client: Client, annotator: User, step: ReasoningStep
) -> None:
    trajectory = step.annotation.assignment.membership.trajectory
    url = reverse("annotator:cite", args=[step.annotation_id])
    queued = make_probe(annotator, trajectory, judgement="")
    for uid in (queued.uid, "0" * 8 + "-0000-0000-0000-" + "0" * 12, "no uid"):
        data = {"kind": "probe", "target": f'{{"probe": "{uid}"}}', "step": str(step.uid)}
        assert annotator_client.post(url, data, headers=HTMX).status_code == 422


def test_a_submission_waits_for_its_checks_and_opens_them_to_reviewers(
    annotator: User, step: ReasoningStep
) -> None:
    trajectory = step.annotation.assignment.membership.trajectory
    probe = make_probe(annotator, trajectory, step, judgement="")
    with pytest.raises(NotReady, match="R1 has a check that still runs"):
        submit(annotator, step.annotation)
    probe.results.get().run.delete()
    add_result(probe, "could_not_run")
    content = submit(annotator, step.annotation).content
    assert content["schema_version"] == 3
    [frozen] = content["reasoning_steps"][0]["probes"]
    assert frozen["uid"] == str(probe.uid)
    assert frozen["result"]["tested_tree"] == "b" * 40
    assert Probe.objects.get().handed_in_at is not None


def test_a_removed_check_is_neither_handed_in_nor_shown_until_it_is_restored(
    annotator_client: Client, annotator: User, step: ReasoningStep
) -> None:
    probe = make_probe(annotator, step.annotation.assignment.membership.trajectory, step)
    for name, shown in (("annotator:probe-remove", False), ("annotator:probe-restore", True)):
        response = annotator_client.post(reverse(name, args=[probe.uid]), headers=HTMX)
        assert (f"probe-{probe.uid}" in response.content.decode()) is shown
    annotator_client.post(reverse("annotator:probe-remove", args=[probe.uid]), headers=HTMX)
    content = submit(annotator, step.annotation).content
    assert content["reasoning_steps"][0]["probes"] == []
    assert Probe.objects.get().handed_in_at is None


def test_a_fragment_polls_until_it_is_judged(
    annotator_client: Client, annotator: User, step: ReasoningStep
) -> None:
    trajectory = step.annotation.assignment.membership.trajectory
    probe = make_probe(annotator, trajectory, step, judgement="")
    url = reverse("validation:probe", args=[probe.uid])
    first = page_of(annotator_client.get(url, headers=HTMX)).root.cssselect(".probe")[0]
    poll = first.get("hx-get")
    assert annotator_client.get(poll, headers=HTMX).status_code == 204
    result = ProbeResult.objects.get()
    result.run.state = RunState.RUNNING
    result.run.save(update_fields=["state"])
    assert "running" in annotator_client.get(poll, headers=HTMX).content.decode()
    result.delete()
    add_result(probe)
    done = annotator_client.get(poll, headers=HTMX).content.decode()
    assert "as claimed ✓" in done and "hx-trigger" not in done


def test_another_run_is_had_by_a_button(
    annotator_client: Client, annotator: User, step: ReasoningStep
) -> None:
    probe = make_probe(annotator, step.annotation.assignment.membership.trajectory, step)
    url = reverse("validation:probe-rerun", args=[probe.uid])
    shown = annotator_client.post(url, headers=HTMX).content.decode()
    assert "queued" in shown and "Earlier:" in shown
    assert annotator_client.post(url).status_code == 302
    assert probe.results.count() == 2, "the one that is on its way is not asked for again"
