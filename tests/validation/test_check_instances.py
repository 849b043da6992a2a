"""Known instances are run and compared with what is expected of them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.validation.conftest import F2P, GOLD, P2P, diff, trajectory_with
from tests.validation.tiny_tasks import need_sandbox_and_grading
from trajectories.models import Task
from validation import broker
from validation.expectations import (
    ExpectationError,
    Found,
    counted,
    differences,
    read_expectations,
)
from validation.models import Run

EXPECTED: dict[str, Any] = {
    "instance_id": "retrace__calc-1",
    "expected_before": {"fail_to_pass": {"FAILED": 1}, "pass_to_pass": {"PASSED": 1}},
    "expected_after": {"fail_to_pass": {"PASSED": 1}, "pass_to_pass": {"PASSED": 1}},
}
NEAR_MISS = EXPECTED | {
    "expected_after": {
        "fail_to_pass": {"PASSED": 1},
        "pass_to_pass": {"PASSED": 1, "FAILED": 2, "MISSING": 1},
    },
    "pass_to_pass_not_passing_after": {"FAILED": ["b", "c"], "MISSING": ["d"]},
}


def text(*rows: object) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)


# --- what is expected ------------------------------------------------------------------------


def test_gold_resolves_and_base_does_not_where_all_is_well() -> None:
    (known,) = read_expectations(text(EXPECTED))
    outcomes = {tree: known.outcomes(tree) for tree in ("base", "empty", "gold")}
    assert outcomes == {
        "base": ("not_resolved",),
        "empty": ("not_resolved",),
        "gold": ("resolved",),
    }
    assert known.is_admitted


def test_a_near_miss_is_not_admitted_and_its_gold_not_resolved() -> None:
    (known,) = read_expectations(text(NEAR_MISS))
    assert not known.is_admitted
    assert known.outcomes("gold") == ("not_resolved",)
    assert known.after.single == {"b": "FAILED", "c": "FAILED", "d": "MISSING"}


def test_a_model_patch_needs_a_verdict_or_the_one_that_is_known() -> None:
    (known,) = read_expectations(text(EXPECTED | {"expected_patches": {"a.traj": "resolved"}}))
    nothing = Found("not_resolved", {}, {})
    assert differences(known, "model", nothing, trajectory_file="b.traj") == []
    assert differences(known, "model", nothing, trajectory_file="a.traj") == [
        "The outcome is not_resolved, expected was resolved."
    ]
    broken = Found("infrastructure_failure", {}, {})
    assert differences(known, "model", broken, trajectory_file="b.traj") == [
        "The outcome is infrastructure_failure, expected was a verdict."
    ]


def test_each_test_that_ends_otherwise_is_named() -> None:
    (known,) = read_expectations(text(NEAR_MISS))
    found = Found("not_resolved", {"f": "PASSED"}, {"a": "PASSED", "b": "FAILED", "c": "PASSED"})
    assert differences(known, "gold", found) == [
        "PASS_TO_PASS is PASSED 2, FAILED 1, expected was FAILED 2, MISSING 1, PASSED 1.",
        "c is PASSED, expected was FAILED.",
        "d is not named by the task, expected was MISSING.",
    ]


def test_counts_of_nothing_are_said_so() -> None:
    assert counted({"PASSED": 0}) == "nothing"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "there is no line"),
        ("not json\n", "line 1: Expecting value"),
        ("[]\n", "line 1: an expectation must be a JSON object"),
        (text(EXPECTED, {"instance_id": "a__b-1"}), "line 2: expected_before is missing"),
        (text(EXPECTED | {"expected_after": {"fail_to_pass": {}}}), "pass_to_pass is missing"),
        (text(EXPECTED | {"expected_patches": ["a"]}), "line 1: "),
        (text(EXPECTED | {"expected_before": 3}), "line 1: "),
    ],
)
def test_a_line_that_is_no_expectation_is_named(content: str, reason: str) -> None:
    with pytest.raises(ExpectationError, match=reason):
        read_expectations(content)


# --- the command -----------------------------------------------------------------------------


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    need_sandbox_and_grading()
    monkeypatch.setattr(broker, "QUEUE", f"runs-{tmp_path.name}")
    monkeypatch.setattr(broker, "_KEY", f"worker-{tmp_path.name}:")


def check(tmp_path: Path, *rows: object, instances: tuple[str, ...] = ()) -> tuple[str, Any, str]:
    """Return what the command printed, its report, and how it failed."""
    path, report, out = tmp_path / "expected.jsonl", tmp_path / "report.json", io.StringIO()
    path.write_text(text(*rows))
    failure = ""
    try:
        call_command("check_instances", str(path), *instances, report=report, stdout=out)
    except CommandError as error:
        failure = str(error)
    return out.getvalue(), json.loads(report.read_text())["instances"], failure


@pytest.mark.django_db(transaction=True)
def test_an_instance_that_is_as_expected_ends_well(
    calc_task: Task, tmp_path: Path, sandbox: None
) -> None:
    solves = trajectory_with(calc_task, GOLD)
    breaks = trajectory_with(calc_task, diff("calc.py", "nothing of it\n", "x\n"))
    out, (report,), failure = check(tmp_path, EXPECTED)
    assert failure == ""
    assert out.splitlines()[-1] == "Instances: 1, runs: 5, differences: 0."
    assert [(run["tree"], run["trajectory"], run["outcome"]) for run in report["runs"]] == [
        ("base", None, "not_resolved"),
        ("empty", None, "not_resolved"),
        ("gold", None, "resolved"),
        ("model", solves.pk, "resolved"),
        ("model", breaks.pk, "patch_does_not_apply"),
    ]
    assert report["runs"][2]["tests"] == {F2P: "PASSED", P2P: "PASSED"}
    assert (report["is_admitted"], report["is_admitted_expected"]) == (True, True)
    assert Run.objects.verdicts().filter(tree="base").count() == 1


@pytest.mark.django_db(transaction=True)
def test_differences_are_told_and_end_with_1(
    calc_task: Task, tmp_path: Path, sandbox: None
) -> None:
    trajectory = trajectory_with(calc_task, GOLD)
    wrong = EXPECTED | {
        "expected_before": {"fail_to_pass": {"ERROR": 1}, "pass_to_pass": {"FAILED": 1}},
        "pass_to_pass_not_passing_before": {"FAILED": [P2P]},
        "expected_patches": {trajectory.file_name: "not_resolved"},
    }
    out, (report,), failure = check(tmp_path, wrong)
    assert failure == "8 differences from what was expected."
    assert "≠ FAIL_TO_PASS is FAILED 1, expected was ERROR 1." in out
    assert f"≠ {P2P} is PASSED, expected was FAILED." in out
    assert "≠ The outcome is resolved, expected was not_resolved." in out
    assert "≠ It would be admitted, expected was not admitted." in out
    assert [len(run["differences"]) for run in report["runs"]] == [3, 3, 0, 1]


@pytest.mark.django_db(transaction=True)
def test_only_the_named_instances_are_run(calc_task: Task, tmp_path: Path, sandbox: None) -> None:
    other = EXPECTED | {"instance_id": "retrace__calc-9"}
    _, (report,), _ = check(tmp_path, other, EXPECTED, instances=("retrace__calc-1",))
    assert report["instance_id"] == "retrace__calc-1"


@pytest.mark.django_db(transaction=True)
def test_a_task_that_is_not_loaded_is_a_difference(tmp_path: Path, sandbox: None) -> None:
    out, (report,), failure = check(tmp_path, EXPECTED)
    assert "≠ The task is not loaded: load its row (load_tasks)." in out
    assert (report["runs"], report["is_admitted"]) == ([], None)
    assert failure == "1 differences from what was expected."


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("check_instances", str(tmp_path / "none.jsonl"))
    path = tmp_path / "expected.jsonl"
    path.write_text(text(EXPECTED))
    with pytest.raises(CommandError, match="has no expectation of nobody__knows-1"):
        call_command("check_instances", str(path), "nobody__knows-1")
