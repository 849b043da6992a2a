"""Probes as rows: asked for, concluded once, seen by few."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from accounts.models import User
from tests.factories import grant
from tests.validation.conftest import F2P, trajectory_with
from trajectories.models import Task, Trajectory
from validation.contexts import latest_runs
from validation.models import Outcome, Probe, Run, RunState, TreeName
from validation.probes import Fails, OutputContains, TestsFail
from validation.querysets import RunQuerySet
from validation.services import sweeping
from validation.services.probes import Claim, ask, conclude_probes, hand_in, rerun
from validation.services.requests import RunRefused

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("validation.services.requests.send", lambda run_id: None)
    monkeypatch.setattr("validation.services.requests.sandbox_refusal", lambda: "")
    monkeypatch.setattr(sweeping, "queue_length", lambda: 1)


@pytest.fixture
def trajectory(calc_task: Task, annotator: User) -> Trajectory:
    found = trajectory_with(calc_task, None)
    grant(annotator, found)
    return found


def finish(probe: Probe, **fields: object) -> Run:
    run = probe.results.order_by("pk").last().run  # type: ignore[union-attr]
    values = {"state": RunState.FINISHED, "outcome": Outcome.RAN, "exit_code": 1, **fields}
    Run.objects.filter(pk=run.pk).update(**values)
    return run


COMMAND = Claim(TreeName.BASE, Fails(), command="false")


def test_a_probe_is_a_run_of_its_own_purpose(annotator: User, trajectory: Trajectory) -> None:
    claim = Claim(TreeName.BASE, TestsFail(), test_ids=(F2P,), extra_patch="p")
    run = ask(annotator, trajectory, claim).results.get().run
    assert (run.purpose, run.test_ids, run.extra_patch) == ("probe", [F2P], "p")
    assert (run.trajectory, run.requested_by) == (None, annotator)


def test_it_is_concluded_exactly_once(annotator: User, trajectory: Trajectory) -> None:
    probe = ask(annotator, trajectory, COMMAND)
    assert conclude_probes() == 0
    finish(probe)
    assert [conclude_probes(), conclude_probes()] == [1, 0]
    result = probe.results.get()
    assert (result.judgement, result.reason) == ("as_claimed", "The exit status is 1.")


def test_a_sweeper_concludes_what_a_dead_worker_left(
    annotator: User, trajectory: Trajectory
) -> None:
    probe = ask(annotator, trajectory, COMMAND)
    finish(probe, exit_code=0)
    sweeping.sweep()
    assert probe.results.get().judgement == "not_as_claimed"


@pytest.mark.parametrize(
    "outcome",
    [
        Outcome.TIMED_OUT,
        Outcome.CANCELLED,
        Outcome.INFRASTRUCTURE_FAILURE,
        Outcome.PATCH_DOES_NOT_APPLY,
        Outcome.INVALID,
    ],
)
def test_what_did_not_run_to_its_end_is_held_against_nobody(
    annotator: User, trajectory: Trajectory, outcome: str
) -> None:
    probe = ask(annotator, trajectory, COMMAND)
    finish(probe, outcome=outcome, reason="Because.")
    conclude_probes()
    result = probe.results.get()
    assert result.judgement == "could_not_run"
    assert result.reason.endswith("Because.")


def test_an_output_that_was_cut_denies_nothing(annotator: User, trajectory: Trajectory) -> None:
    probe = ask(annotator, trajectory, Claim(TreeName.BASE, OutputContains("x"), command="yes"))
    finish(probe, log="y\ny\n", log_is_truncated=True)
    conclude_probes()
    assert probe.results.get().judgement == "could_not_run"


def test_another_run_is_another_result_and_the_first_one_stays(
    annotator: User, trajectory: Trajectory
) -> None:
    probe = ask(annotator, trajectory, COMMAND)
    assert rerun(annotator, probe) == probe.results.get(), "the first one is on its way"
    first = finish(probe)
    conclude_probes()
    again = rerun(annotator, probe)
    assert again.run.repeat_of == first
    finish(probe, exit_code=0)
    conclude_probes()
    found = list(probe.results.values_list("judgement", flat=True))
    assert found == ["as_claimed", "not_as_claimed"]


def test_what_was_claimed_never_changes(annotator: User, trajectory: Trajectory) -> None:
    probe = ask(annotator, trajectory, COMMAND)
    for change in ({"command": "true"}, {"tree": "gold"}, {"expectation": {"kind": "tests_pass"}}):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            Probe.objects.filter(pk=probe.pk).update(**change)
    hand_in([probe])
    probe.refresh_from_db()
    assert (probe.command, probe.handed_in_at is not None) == ("false", True)


@pytest.mark.parametrize("more", [{"command": ""}, {"test_ids": (F2P,)}])
def test_a_probe_has_a_command_or_tests(
    annotator: User, trajectory: Trajectory, more: dict[str, Any]
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ask(annotator, trajectory, replace(COMMAND, **more))


@pytest.mark.parametrize(
    ("gold", "verdicts", "allowed"),
    [
        (False, False, {("base", False), ("model", False)}),
        (False, True, {("base", False), ("base", True), ("model", False), ("model", True)}),
        (True, False, {("base", False), ("model", False)}),
        (True, True, {(tree, patch) for tree in TreeName.values for patch in (False, True)}),
    ],
)
def test_who_may_not_see_it_cannot_have_it_run(
    reviewer: User,
    trajectory: Trajectory,
    gold: bool,
    verdicts: bool,
    allowed: set[tuple[str, bool]],
) -> None:
    grant(reviewer, trajectory, sees_gold=gold, sees_verdicts=verdicts)
    got = set()
    for tree in TreeName:
        for patch in (False, True):
            claim = Claim(tree, Fails(), command="false", with_test_patch=patch)
            try:
                ask(reviewer, trajectory, claim)
                got.add((tree.value, patch))
            except RunRefused:
                assert not Probe.objects.filter(tree=tree, with_test_patch=patch).exists()
    assert got == allowed


def readers(run: Run, *people: User) -> list[User]:
    return [who for who in people if RunQuerySet(Run).visible_to(who).filter(pk=run.pk).exists()]


def test_a_draft_is_seen_by_who_wrote_it_until_it_is_handed_in(
    annotator: User, reviewer: User, admin_user: User, other_annotator: User, trajectory: Trajectory
) -> None:
    for who in (reviewer, other_annotator):
        grant(who, trajectory)
    probe = ask(annotator, trajectory, COMMAND)
    run = finish(probe)
    people = (annotator, reviewer, admin_user, other_annotator)
    assert readers(run, *people) == [annotator, admin_user]
    hand_in([probe])
    assert readers(run, *people) == [annotator, reviewer, admin_user]


def test_a_person_without_the_verdicts_reads_their_own_run(
    reviewer: User, trajectory: Trajectory
) -> None:
    grant(reviewer, trajectory, sees_gold=False, sees_verdicts=False)
    claim = Claim(TreeName.BASE, Fails(), command="false", with_test_patch=False)
    run = finish(ask(reviewer, trajectory, claim))
    assert readers(run, reviewer) == [reviewer]


def test_a_probe_is_no_verdict_on_its_tree(annotator: User, trajectory: Trajectory) -> None:
    finish(ask(annotator, trajectory, COMMAND))
    assert latest_runs(trajectory.task_revision, trajectory) == {}
