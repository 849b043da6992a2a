"""Checked claims on the review page, in the export, and executed again from it."""

from __future__ import annotations

import copy
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from annotator.frozen_probes import frozen_probe
from annotator.models import Assignment, StepProbe, Submission
from reviews.management.commands import rerun_probes
from reviews.services.reviewing import publish_review
from tests.html import page_of
from tests.probes import add_result, make_probe
from tests.reviews.factories import ANSWERS, make_assignment, make_content, step_content, submit
from trajectories.models import Batch
from validation.models import Probe, Recipe, Run
from validation.services.probes import hand_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _runs_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("validation.services.requests.send", lambda run_id: None)
    monkeypatch.setattr("validation.services.requests.sandbox_refusal", lambda: "")
    recipe = Recipe(digest="cd" * 32)

    def any_recipe(revision: object) -> Recipe:
        return Recipe.objects.get_or_create(digest=recipe.digest)[0]

    monkeypatch.setattr("validation.services.requests.recipe_for", any_recipe)


def frozen(probe: Probe) -> dict[str, Any]:
    return frozen_probe(StepProbe(probe=Probe.objects.with_results().get(pk=probe.pk)))


def content_with(*probes: dict[str, Any]) -> dict[str, Any]:
    return make_content(step_content(probes=list(probes)), schema_version=2)


@pytest.fixture
def assignment(annotator: User) -> Assignment:
    return make_assignment(annotator)


@pytest.fixture
def probe(annotator: User, assignment: Assignment) -> Probe:
    return make_probe(annotator, assignment.membership.trajectory)


@pytest.fixture
def submission(assignment: Assignment, probe: Probe) -> Submission:
    found = submit(assignment, content_with(frozen(probe)))
    hand_in([probe])
    return found


def test_a_reviewer_sees_the_result_of_then_and_runs_it_again(
    reviewer_client: Client, submission: Submission, probe: Probe
) -> None:
    url = reverse("reviews:submission", args=[submission.pk])
    shown = page_of(reviewer_client.get(url)).text(".review-step .probes")
    assert "When handed in: as claimed ✓" in " ".join(shown.split())
    assert "python reproduce.py" in shown
    again = reviewer_client.post(reverse("validation:probe-rerun", args=[probe.uid]))
    assert again.status_code == 302
    assert probe.results.count() == 2
    newest = probe.results.order_by("pk").last()
    assert newest is not None
    newest.delete()
    add_result(probe, "not_as_claimed")
    shown = " ".join(page_of(reviewer_client.get(url)).text(".review-step .probes").split())
    assert "When handed in: as claimed ✓" in shown and "not as claimed ✗" in shown


def test_the_page_takes_as_many_queries_for_many_probes_as_for_one(
    reviewer_client: Client,
    annotator: User,
    django_assert_max_num_queries: Any,
) -> None:
    counts = []
    for n in (1, 4):
        assignment = make_assignment(annotator)
        probes = [make_probe(annotator, assignment.membership.trajectory) for _ in range(n)]
        hand_in(probes)
        submission = submit(assignment, content_with(*map(frozen, probes)))
        url = reverse("reviews:submission", args=[submission.pk])
        reviewer_client.get(url)
        with django_assert_max_num_queries(200) as counted:
            reviewer_client.get(url)
        counts.append(len(counted))
    assert counts[0] == counts[1]


@pytest.fixture
def export(submission: Submission, reviewer: User, tmp_path: Path) -> Path:
    publish_review(reviewer, submission, verdict="approve", summary="", scores=ANSWERS)
    [batch] = Batch.objects.all()
    call_command("export_batch", batch.slug, out=tmp_path / "out", stdout=io.StringIO())
    return tmp_path / "out" / "annotations.jsonl"


def test_an_export_carries_what_it_takes_to_run_the_claim_again(export: Path) -> None:
    [line] = export.read_text().splitlines()
    [exported] = json.loads(line)["annotation"]["content"]["reasoning_steps"][0]["probes"]
    assert exported["command"] == "python reproduce.py"
    assert exported["result"]["environment_key"] == "a" * 64
    assert exported["result"]["tested_tree"] == "b" * 40


def rerun(export: Path, monkeypatch: pytest.MonkeyPatch, exit_code: int) -> tuple[str, Any]:
    """Run the command where every run ends with this status."""

    def finish(run_ids: list[int], **options: object) -> bool:
        done = {"state": "finished", "outcome": "ran", "finished_at": timezone.now()}
        Run.objects.filter(pk__in=run_ids).update(exit_code=exit_code, **done)
        return True

    monkeypatch.setattr(rerun_probes, "wait_for", finish)
    out, report = io.StringIO(), export.with_name("report.json")
    call_command("rerun_probes", export, report=report, stdout=out)
    return out.getvalue(), json.loads(report.read_text())["probes"]


@pytest.mark.parametrize(
    ("exit_code", "now", "same"), [(1, "as claimed", True), (0, "not as claimed", False)]
)
def test_a_claim_is_run_again_from_an_export(
    export: Path, monkeypatch: pytest.MonkeyPatch, exit_code: int, now: str, same: bool
) -> None:
    said, [row] = rerun(export, monkeypatch, exit_code)
    assert (row["then"], row["now"], row["is_same"]) == ("as claimed", now, same)
    assert f"now:  {now}. The exit status is {exit_code}." in said
    assert said.startswith("≠") is not same


def test_what_is_not_loaded_is_said_and_held_against_nobody(
    export: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = json.loads(export.read_text())
    line["annotation"]["content"]["task"]["content_sha256"] = "e" * 64
    other = copy.deepcopy(line)
    other["annotation"]["content"]["task"]["instance_id"] = "nobody__knows-1"
    export.write_text(f"{json.dumps(line)}\n\n{json.dumps(other)}\n")
    _, rows = rerun(export, monkeypatch, 1)
    assert [row["now"] for row in rows] == ["could not run"] * 2
    assert "load its row" in rows[0]["now_reason"]


@pytest.mark.parametrize("text", ["no json", "[]", "{}", '{"annotation": {"content": {}}}'])
def test_a_file_that_is_no_export_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "file.jsonl"
    file.write_text(text)
    with pytest.raises(CommandError):
        call_command("rerun_probes", file)
