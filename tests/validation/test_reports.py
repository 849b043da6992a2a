"""Reports of other harnesses: read, kept, and shown as claims beside our own runs."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from tests.factories import grant, make_trajectory
from tests.validation.conftest import F2P, GOLD, P2P, trajectory_with
from tests.validation.test_matrix import ids_of, matrix_of, run_of
from trajectories.models import Task, Trajectory
from validation.models import Report, TreeName
from validation.reports import ReportError, read_reports


@pytest.fixture
def trajectory(calc_task: Task) -> Trajectory:
    return trajectory_with(calc_task, GOLD)


def report(passing: list[str], failing: list[str], instance_id: str = "retrace__calc-1") -> str:
    lists = {"success": passing, "failure": failing}
    return json.dumps(
        {instance_id: {"resolved": not failing, "tests_status": {"FAIL_TO_PASS": lists}}}
    )


def load(folder: Path, text: str, **options: Any) -> str:
    path = folder / "report.json"
    path.write_text(text)
    said = StringIO()
    call_command("load_reports", path, stdout=said, stderr=said, **options)
    return said.getvalue()


def test_a_report_of_an_instance_says_what_each_test_did(corpus: Path) -> None:
    folder = corpus / "trajectories/eval-reports/django__django-11001"
    [found] = read_reports((folder / "report.json").read_bytes())
    assert (found.instance_id, found.is_resolved) == ("django__django-11001", True)
    assert len(found.passes) == 120
    assert all(found.passes.values())


def test_the_summary_of_a_run_says_what_is_resolved(corpus: Path) -> None:
    data = (corpus / "trajectories/eval-reports/gold.fresh-verified.json").read_bytes()
    found = read_reports(data)
    assert len(found) == 500
    assert all(report.is_resolved and not report.passes for report in found)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "3", '{"a": {"resolved": 1}}', '{"patch_is_None": false}', "{"]
)
def test_what_is_no_report_is_refused(text: str) -> None:
    with pytest.raises(ReportError):
        read_reports(text.encode())


@pytest.mark.parametrize("status", [3, [], {"FAIL_TO_PASS": 3}, {"FAIL_TO_PASS": {"success": [1]}}])
def test_odd_statuses_are_left_out(status: object) -> None:
    [found] = read_reports(json.dumps({"a": {"resolved": True, "tests_status": status}}).encode())
    assert found.passes == {}


def test_a_report_is_kept_once_for_each_patch(trajectory: Trajectory, tmp_path: Path) -> None:
    assert "1 loaded" in load(tmp_path, report([F2P], []))
    load(tmp_path, report([], [F2P]))
    load(tmp_path, report([F2P], []), gold=True)
    kept = Report.objects.order_by("trajectory").values_list("trajectory", "is_resolved", "passes")
    assert list(kept) == [(trajectory.pk, False, {F2P: False}), (None, True, {F2P: True})]


def test_a_report_that_may_be_about_several_trajectories_names_one(
    trajectory: Trajectory, tmp_path: Path
) -> None:
    other = make_trajectory(trajectory.task, agent_name="Other")
    with pytest.raises(CommandError):
        load(tmp_path, report([F2P], []))
    load(tmp_path, report([F2P], []), agent="Other")
    assert Report.objects.get().trajectory == other


def test_reports_about_tasks_that_are_not_loaded_are_counted(
    trajectory: Trajectory, tmp_path: Path
) -> None:
    with pytest.raises(CommandError):
        load(tmp_path, report([F2P], [], "somewhere__else-1"))
    assert not Report.objects.exists()


def test_a_run_that_contradicts_the_report_is_marked(
    admin_client: Client, trajectory: Trajectory, tmp_path: Path
) -> None:
    load(tmp_path, report([F2P], [P2P]))
    run_of(trajectory, TreeName.MODEL, {F2P: "FAILED", P2P: "FAILED"})
    page = matrix_of(admin_client, trajectory, "outcome=changed")
    assert ids_of(page) == [F2P]
    assert page.select(".test-unclaimed")[0].get("title") == "Not what a report claims"
    assert "passes with the model’s patch by a report" in page.text("td.test-claims")
    assert "a report: model does not resolve" in page.text(".tests-head")


def test_before_the_diagnosis_no_report_is_shown(
    annotator: User, annotator_client: Client, trajectory: Trajectory, tmp_path: Path
) -> None:
    load(tmp_path, report([F2P], []))
    load(tmp_path, report([F2P], []), gold=True)
    grant(annotator, trajectory, sees_gold=False, sees_verdicts=False)
    page = matrix_of(annotator_client, trajectory)
    assert "report" not in page.text("#tests")
    assert "resolve" not in page.text("#tests")
