"""Runs of what somebody chose: a command or tests, on a tree with a patch of their own."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from tests.factories import grant
from tests.validation.conftest import (
    CALC,
    F2P,
    FIXED,
    GOLD,
    P2P,
    diff,
    give_recipe,
    trajectory_with,
)
from trajectories.models import Task
from validation.grading import client
from validation.models import Outcome, Probe, ProbeResult, TreeName
from validation.probes import (
    ExitStatus,
    Expectation,
    Fails,
    OutputContains,
    OutputMatches,
    TestsFail,
    TestsPass,
)
from validation.sandbox import SandboxUnavailable, choose_sandbox
from validation.services.execution import execute_run
from validation.services.plans import files_with
from validation.services.probes import Claim, ask, conclude_probes

# A lease is renewed by a thread, which sees only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _sandbox_and_grading() -> None:
    pytest.importorskip("swebench", reason="swebench belongs to requirements/runs.txt")
    try:
        choose_sandbox()
    except SandboxUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture(autouse=True, scope="module")
def _end_grading() -> object:
    yield
    client.close()


@pytest.fixture
def check(calc_task: Task, annotator: User, monkeypatch: pytest.MonkeyPatch) -> Any:
    # The worker here is this test.
    monkeypatch.setattr("validation.services.requests.send", lambda run_id: None)
    trajectory = trajectory_with(calc_task, GOLD)
    grant(annotator, trajectory)

    def checked(tree: TreeName, expectation: Expectation, **claim: Any) -> ProbeResult:
        probe = ask(annotator, trajectory, Claim(tree, expectation, **claim))
        result = probe.results.get()
        assert execute_run(result.run_id)
        assert conclude_probes() == 1
        return ProbeResult.objects.select_related("run").get(pk=result.pk)

    return checked


def test_a_test_is_checked_on_every_tree(check: Any) -> None:
    for tree, expectation in (
        (TreeName.BASE, TestsFail()),
        (TreeName.GOLD, TestsPass()),
        (TreeName.MODEL, TestsPass()),
    ):
        result = check(tree, expectation, test_ids=(F2P,))
        assert (result.judgement, result.run.outcome) == ("as_claimed", Outcome.RAN), tree
        assert result.run.log


def test_a_claim_that_the_run_denies_is_not_as_claimed(check: Any) -> None:
    result = check(TreeName.BASE, TestsPass(), test_ids=(F2P, P2P))
    assert result.judgement == "not_as_claimed"
    assert result.reason == f"1 of 2 tests do not pass: {F2P} (FAILED)."


def test_without_the_test_patch_a_new_test_could_not_be_run(check: Any) -> None:
    result = check(TreeName.BASE, TestsFail(), test_ids=(F2P,), with_test_patch=False)
    assert (result.judgement, F2P in result.reason) == ("could_not_run", True)


def test_a_command_runs_where_the_tests_would_and_its_outcome_is_no_verdict(check: Any) -> None:
    command = "python -c 'import calc; print(calc.halve(3))'"
    result = check(TreeName.BASE, OutputMatches("^1$"), command=command)
    assert (result.judgement, result.run.outcome) == ("as_claimed", Outcome.RAN)
    assert result.run.commands.last().command == command
    assert check(TreeName.GOLD, OutputContains("1.5"), command=command).judgement == "as_claimed"
    assert list(result.run.tests.all()) == []


def test_the_exit_status_of_a_command_is_its_own(check: Any) -> None:
    assert check(TreeName.BASE, ExitStatus(3), command="exit 3").judgement == "as_claimed"
    assert check(TreeName.BASE, Fails(), command="true").judgement == "not_as_claimed"


def test_an_own_patch_goes_on_after_everything_else(check: Any) -> None:
    command = "python -c 'import calc; print(calc.halve(3))'"
    undone = diff("calc.py", FIXED, CALC)
    result = check(TreeName.GOLD, OutputMatches("^1$"), command=command, extra_patch=undone)
    assert result.judgement == "as_claimed"
    failing = check(TreeName.GOLD, TestsFail(), test_ids=(F2P,), extra_patch=undone)
    assert failing.judgement == "as_claimed"


@pytest.mark.parametrize("patch", [GOLD, "no patch at all\n", diff("../x.py", "", "x\n")])
def test_an_own_patch_that_does_not_apply_could_not_be_run(check: Any, patch: str) -> None:
    result = check(TreeName.GOLD, Fails(), command="true", extra_patch=patch)
    assert result.judgement == "could_not_run"
    assert "own patch does not apply" in result.reason


def test_a_task_whose_tests_do_not_start_says_so(check: Any, calc_task: Task) -> None:
    give_recipe(calc_task, "echo nothing; exit 4")
    result = check(TreeName.BASE, TestsFail(), test_ids=(F2P,))
    assert result.judgement == "could_not_run"
    assert "the tests did not run" in result.reason


def test_a_command_reaches_no_network_and_none_of_our_files(check: Any) -> None:
    command = (
        "cat /etc/shadow; python -c \"import socket; socket.create_connection(('127.0.0.1', 1))\""
    )
    assert check(TreeName.BASE, Fails(), command=command).judgement == "as_claimed"


def test_only_the_files_that_hold_the_tests_are_run() -> None:
    files = ["tests/a.py", "tests/b.py"]
    assert files_with(["tests/b.py::test_x"], files) == ["tests/b.py"]
    assert files_with(["tests/b.py::test_x", "test_named_without_file"], files) == files
    assert files_with([], files) == files
    assert files_with(["test_x (app.tests.Case)"], ["app.tests", "other.tests"]) == ["app.tests"]


def test_nothing_of_a_probe_is_left_to_conclude(check: Any) -> None:
    check(TreeName.BASE, Fails(), command="false")
    assert conclude_probes() == 0
    assert Probe.objects.count() == 1
