"""A task is admitted when its own tests prove that they can tell a right patch from none."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Event, User
from annotator.services.claiming import NothingToClaim, claim_next, free_slots
from tests.factories import make_batch
from tests.html import page_of
from tests.validation.conftest import F2P, GOLD, P2P, give_recipe, trajectory_with
from trajectories.models import Task, TaskRevision
from validation import broker
from validation.admission import Decision, RunFacts, decide
from validation.models import Admission, AdmissionState, Outcome, Run, RunState, RunTest, TreeName
from validation.sandbox import SandboxUnavailable, choose_sandbox
from validation.services.admission import conclude_admissions, let_in, request_admission
from validation.services.requests import RunRefused, request_run

STATUSES = st.sampled_from(["PASSED", "FAILED", "ERROR", "SKIPPED", "XFAIL", "MISSING"])


def base(**statuses: str) -> RunFacts:
    return RunFacts("base", "not_resolved", "", statuses)


def gold(**statuses: str) -> RunFacts:
    return RunFacts("gold", "resolved", "", statuses)


def decided(*runs: RunFacts) -> Decision:
    return decide(["fix"], ["keep"], runs)


# --- the decision ----------------------------------------------------------------------------


def test_a_task_whose_tests_do_as_claimed_is_admitted() -> None:
    assert decided(base(fix="FAILED", keep="PASSED"), gold(fix="PASSED", keep="PASSED")) == (
        Decision(is_admitted=True, reasons=(), flaky=())
    )


@pytest.mark.parametrize(
    ("on_base", "on_gold", "reason"),
    [
        (base(fix="PASSED", keep="PASSED"), gold(fix="PASSED", keep="PASSED"),
         "FAIL_TO_PASS passes on base already: fix (passed)."),
        (base(fix="FAILED", keep="ERROR"), gold(fix="PASSED", keep="PASSED"),
         "PASS_TO_PASS does not pass on base: keep (error)."),
        (base(fix="FAILED", keep="PASSED"), gold(fix="FAILED", keep="PASSED"),
         "FAIL_TO_PASS does not pass on gold: fix (failed)."),
        (base(fix="FAILED", keep="PASSED"), gold(fix="PASSED"),
         "PASS_TO_PASS does not pass on gold: keep (missing)."),
        (base(fix="FAILED", keep="PASSED"), gold(fix="SKIPPED", keep="PASSED"),
         "FAIL_TO_PASS does not pass on gold: fix (skipped)."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_test_and_status(
    on_base: RunFacts, on_gold: RunFacts, reason: str
) -> None:
    assert decided(on_base, on_gold) == Decision(is_admitted=False, reasons=(reason,), flaky=())


def test_a_missing_test_fails_on_base_and_a_skipped_one_is_kept() -> None:
    assert decided(base(keep="SKIPPED"), gold(fix="PASSED", keep="SKIPPED")).is_admitted


def test_a_test_that_does_not_end_alike_is_flaky_and_counts_for_nothing() -> None:
    runs = [
        base(fix="FAILED", keep="PASSED"),
        gold(fix="PASSED", keep="PASSED"),
        base(fix="ERROR", keep="FAILED"),
        gold(fix="PASSED", keep="PASSED"),
    ]
    assert decided(*runs) == Decision(is_admitted=True, reasons=(), flaky=("keep",))


def test_flaky_tests_alone_decide_nothing() -> None:
    runs = [base(fix="FAILED", keep="PASSED"), base(fix="PASSED", keep="PASSED")]
    decision = decided(*runs, gold(fix="PASSED", keep="PASSED"))
    assert decision.flaky == ("fix",)
    assert decision.reasons == (
        "Every FAIL_TO_PASS test is flaky, so nothing can be told by them.",
    )


def test_a_run_without_a_verdict_is_the_reason() -> None:
    broken = RunFacts("base", "invalid", "No test result in the log.", {})
    decision = decided(broken, base(fix="FAILED"), gold(fix="PASSED", keep="PASSED"))
    assert decision.reasons == (
        "1 of 2 runs on base ended without a verdict (invalid): No test result in the log.",
    )


def test_many_tests_are_counted_and_three_are_named() -> None:
    names = [f"t{number}" for number in range(5)]
    decision = decide(names, [], [base(**dict.fromkeys(names, "PASSED")), gold()])
    assert decision.reasons[0] == (
        "FAIL_TO_PASS passes on base already: t0 (passed), t1 (passed), t2 (passed) and 2 more."
    )


@given(st.lists(st.tuples(st.sampled_from(["base", "gold"]), STATUSES, STATUSES), max_size=8))
def test_the_order_of_runs_does_not_matter(runs: list[tuple[str, str, str]]) -> None:
    facts = [RunFacts(tree, "resolved", "", {"fix": a, "keep": b}) for tree, a, b in runs]
    first, second = decided(*facts), decided(*reversed(facts))
    assert (first.is_admitted, first.flaky) == (second.is_admitted, second.flaky)


# --- with the database -----------------------------------------------------------------------


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Use a queue of the test's own: tests in other processes share the broker."""
    monkeypatch.setattr(broker, "QUEUE", f"runs-{tmp_path.name}")
    monkeypatch.setattr(broker, "_KEY", f"worker-{tmp_path.name}:")


@pytest.fixture
def revision(calc_task: Task, queue: None) -> TaskRevision:
    assert calc_task.current_revision is not None
    return calc_task.current_revision


def end(run: Run, **statuses: str) -> None:
    """Finish a run as a worker would, with these tests."""
    Run.objects.filter(pk=run.pk).update(state=RunState.FINISHED, outcome=Outcome.RESOLVED)
    for test_id, status in ((F2P, statuses["fix"]), (P2P, statuses["keep"])):
        group = "fail_to_pass" if test_id == F2P else "pass_to_pass"
        RunTest.objects.create(run=run, test_id=test_id, group=group, status=status)


def end_all(admission: Admission, **of_gold: str) -> None:
    for run in admission.runs.all():
        is_gold = run.tree == TreeName.GOLD
        end(run, **(of_gold if is_gold else {"fix": "FAILED", "keep": "PASSED"}))


def shut(revision: TaskRevision) -> Admission:
    admission = request_admission(revision, n_repeats=1)
    end_all(admission, fix="FAILED", keep="PASSED")
    conclude_admissions()
    admission.refresh_from_db()
    return admission


def test_an_admission_waits_for_its_last_run(revision: TaskRevision) -> None:
    admission = request_admission(revision, n_repeats=2)
    assert [run.tree for run in admission.runs.order_by("pk")] == ["base", "gold"] * 2
    first, *others = admission.runs.order_by("pk")
    end(first, fix="FAILED", keep="PASSED")
    assert conclude_admissions() == 0
    for run in others:
        end(run, fix="PASSED" if run.tree == "gold" else "FAILED", keep="PASSED")
    assert conclude_admissions() == 1
    assert conclude_admissions() == 0
    admission.refresh_from_db()
    assert admission.state == AdmissionState.ADMITTED
    assert Event.objects.filter(verb="task admitted").count() == 1


def test_an_admission_on_its_way_is_not_asked_for_twice(revision: TaskRevision) -> None:
    assert request_admission(revision) == request_admission(revision)
    assert Run.objects.count() == 6


def test_no_patch_is_run_on_a_task_that_is_not_admitted(
    revision: TaskRevision, calc_task: Task, admin_user: User
) -> None:
    trajectory = trajectory_with(calc_task, GOLD)
    admission = shut(revision)
    assert admission.state == AdmissionState.NOT_ADMITTED
    with pytest.raises(RunRefused, match=r"FAIL_TO_PASS does not pass on gold: .*test_halve"):
        request_run(revision, TreeName.MODEL, trajectory=trajectory)
    with pytest.raises(RunRefused, match="Say why"):
        let_in(admission, reason=" ", user=admin_user)
    let_in(admission, reason="The gold patch needs a newer Python.", user=admin_user)
    assert request_run(revision, TreeName.MODEL, trajectory=trajectory).tree == TreeName.MODEL


def test_a_task_that_is_not_admitted_is_not_handed_out(
    revision: TaskRevision, calc_task: Task, annotator: User, admin_user: User
) -> None:
    batch = make_batch(trajectory_with(calc_task, GOLD))
    assert free_slots(batch, annotator) == 1
    admission = shut(revision)
    assert free_slots(batch, annotator) == 0
    with pytest.raises(NothingToClaim):
        claim_next(annotator, batch)
    let_in(admission, reason="Worth reading all the same.", user=admin_user)
    assert claim_next(annotator, batch).annotator == annotator


def test_a_newer_decision_counts(revision: TaskRevision, calc_task: Task, annotator: User) -> None:
    batch = make_batch(trajectory_with(calc_task, GOLD))
    shut(revision)
    again = request_admission(revision, n_repeats=1)
    assert free_slots(batch, annotator) == 0
    end_all(again, fix="PASSED", keep="PASSED")
    conclude_admissions()
    assert free_slots(batch, annotator) == 1


# --- with a sandbox --------------------------------------------------------------------------


@pytest.fixture
def sandbox() -> None:
    pytest.importorskip("swebench", reason="swebench belongs to requirements/runs.txt")
    try:
        choose_sandbox()
    except SandboxUnavailable as error:
        pytest.skip(str(error))


def admit(tmp_path: Path, *instances: str, **options: Any) -> tuple[str, dict[str, Any]]:
    out, report = io.StringIO(), tmp_path / "report.json"
    call_command("admit_tasks", *instances, report=report, stdout=out, wait=True, **options)
    found: dict[str, Any] = json.loads(report.read_text())
    return out.getvalue(), found


@pytest.mark.django_db(transaction=True)
def test_a_real_task_is_admitted_and_one_with_a_broken_runner_is_not(
    calc_task: Task, queue: None, sandbox: None, tmp_path: Path
) -> None:
    said, found = admit(tmp_path, calc_task.instance_id, repeats=2)
    assert said == "retrace__calc-1: admitted.\n"
    assert len(found["admissions"][0]["runs"]) == 4
    give_recipe(calc_task, "true")
    said, found = admit(tmp_path, calc_task.instance_id, repeats=1)
    assert said.startswith("retrace__calc-1: not admitted.\n    The run on base ended without a")
    assert found["admissions"][0]["state"] == "not_admitted"


@pytest.mark.django_db(transaction=True)
def test_a_flaky_test_is_held_against_nobody(
    calc_task: Task, queue: None, sandbox: None, tmp_path: Path
) -> None:
    revision = calc_task.current_revision
    assert revision is not None
    admission = request_admission(revision, n_repeats=2)
    for number, run in enumerate(admission.runs.order_by("pk")):
        is_gold = run.tree == TreeName.GOLD
        keep = "FAILED" if number == 2 else "PASSED"
        end(run, fix="PASSED" if is_gold else "FAILED", keep=keep)
    conclude_admissions()
    breaks_it = GOLD + (
        "diff --git a/run_tests.py b/run_tests.py\n--- a/run_tests.py\n+++ b/run_tests.py\n"
        "@@ -8,3 +8,5 @@\n \n class Result(unittest.TestResult):\n"
        "     def addSuccess(self, test):\n"
        '+        if "add" in test.id():\n'
        "+            return self.addFailure(test, None)\n"
    )
    trajectory = trajectory_with(calc_task, breaks_it)
    call_command(
        "validate", calc_task.instance_id, trees=["model"], wait=True, stdout=io.StringIO()
    )
    run = trajectory.runs.get()
    assert run.outcome == Outcome.RESOLVED, run.reason
    assert run.tests.get(test_id=P2P).status == "FAILED"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Name tasks"),
        (["nobody__knows-1"], "There is no task nobody__knows-1"),
        (["--batch", "none"], "There is no batch none"),
        (["x", "--repeats", "0"], "a number from 1 to 20"),
    ],
)
@pytest.mark.django_db
def test_what_makes_no_sense_is_named(arguments: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("admit_tasks", *arguments)


def test_a_flaky_test_is_called_so_among_the_results(
    revision: TaskRevision, calc_task: Task, admin_client: Client
) -> None:
    admission = request_admission(revision, n_repeats=2)
    for number, run in enumerate(admission.runs.order_by("pk")):
        is_gold = run.tree == TreeName.GOLD
        keep = "FAILED" if number == 2 else "PASSED"
        end(run, fix="PASSED" if is_gold else "FAILED", keep=keep)
    conclude_admissions()
    trajectory = trajectory_with(calc_task, GOLD)
    tests = page_of(admin_client.get(reverse("validation:tests", args=[trajectory.pk])))
    (row,) = [row for row in tests.select("tbody tr") if "flaky" in row.text_content()]
    assert "test_add" in row.text_content()
