"""Run again what was run, and set two runs beside each other."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import User
from tests.factories import grant, make_task
from tests.html import page_of
from tests.validation.conftest import GOLD, give_recipe, trajectory_with
from trajectories.models import Task, Trajectory
from validation import broker
from validation.models import (
    Admission,
    AdmissionState,
    Outcome,
    Run,
    RunPriority,
    RunState,
    RunTest,
    TestGroup,
    TreeName,
)
from validation.services.repeating import refusal_of_repeat, repeat_run
from validation.services.requests import RunRefused, cancel_run

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "QUEUE", "runs-of-repeating-tests")
    monkeypatch.setattr(broker, "_KEY", "repeating-tests:")


@pytest.fixture
def trajectory(calc_task: Task) -> Trajectory:
    return trajectory_with(calc_task, GOLD)


def ended(task: Task, tree: TreeName = TreeName.BASE, **fields: object) -> Run:
    given = {"state": RunState.FINISHED, "outcome": Outcome.NOT_RESOLVED, **fields}
    return Run.objects.create(
        task_revision=task.current_revision,
        tree=tree,
        **{"recipe": task.recipe_use.recipe, **given},
    )


def results(run: Run, group: TestGroup = TestGroup.OTHER, **statuses: str) -> None:
    for test_id, status in statuses.items():
        RunTest.objects.create(run=run, test_id=test_id, group=group, status=status)


# --- repeating ----------------------------------------------------------------------------------


def test_a_repetition_has_the_recipe_and_tree_of_the_first(
    calc_task: Task, trajectory: Trajectory, admin_user: User
) -> None:
    run = ended(calc_task, TreeName.MODEL, trajectory=trajectory, extra_patch="x")
    give_recipe(calc_task, "another command")
    again = repeat_run(run, user=admin_user)
    alike = ("task_revision", "tree", "trajectory", "with_test_patch", "extra_patch", "recipe")
    assert all(getattr(again, name) == getattr(run, name) for name in alike)
    assert (again.repeat_of, again.requested_by) == (run, admin_user)
    assert (again.state, again.priority) == (RunState.QUEUED, RunPriority.PERSON)


def test_what_is_on_its_way_is_not_asked_for_twice(calc_task: Task, admin_user: User) -> None:
    run = ended(calc_task)
    again = repeat_run(run, user=admin_user)
    assert repeat_run(run, user=admin_user) == again
    cancel_run(again, user=admin_user)
    assert repeat_run(run, user=admin_user) != again


def test_a_repetition_of_an_admissions_run_leaves_the_admission_alone(
    calc_task: Task, admin_user: User
) -> None:
    admission = Admission.objects.create(
        task_revision=calc_task.current_revision, recipe=calc_task.recipe_use.recipe, n_repeats=1
    )
    again = repeat_run(ended(calc_task, purpose="admission", admission=admission), user=admin_user)
    assert (again.purpose, again.admission) == ("validation", None)


def test_what_cannot_be_repeated_says_why(
    calc_task: Task, trajectory: Trajectory, admin_user: User
) -> None:
    running = Run.objects.create(task_revision=calc_task.current_revision, tree=TreeName.BASE)
    assert "once it is finished" in refusal_of_repeat(running)
    assert "reasoning step" in refusal_of_repeat(ended(calc_task, purpose="probe"))
    assert "recipe" in refusal_of_repeat(ended(calc_task, recipe=None))
    Admission.objects.create(
        task_revision=calc_task.current_revision,
        recipe=calc_task.recipe_use.recipe,
        n_repeats=1,
        state=AdmissionState.NOT_ADMITTED,
        reasons=["It is flaky."],
    )
    model = ended(calc_task, TreeName.MODEL, trajectory=trajectory)
    with pytest.raises(RunRefused, match="not admitted: It is flaky"):
        repeat_run(model, user=admin_user)
    assert refusal_of_repeat(ended(calc_task)) == ""


def test_one_click_repeats_a_run(
    annotator: User, annotator_client: Client, calc_task: Task, trajectory: Trajectory
) -> None:
    run = ended(calc_task)
    assert annotator_client.post(f"/runs/{run.pk}/repeat/").status_code == 404
    grant(annotator, trajectory)
    found = page_of(annotator_client.get(f"/runs/{run.pk}/"))
    assert found.texts(f'form[action="/runs/{run.pk}/repeat/"] button') == ["Run this once more"]
    response = annotator_client.post(f"/runs/{run.pk}/repeat/")
    again = Run.objects.get(repeat_of=run)
    assert (response.status_code, response.headers["Location"]) == (302, f"/runs/{again.pk}/")
    assert annotator_client.get(f"/runs/{run.pk}/repeat/").status_code == 405


def test_a_run_names_the_others_of_its_tree(
    admin_client: Client, calc_task: Task, trajectory: Trajectory
) -> None:
    first, gold = ended(calc_task), ended(calc_task, TreeName.GOLD)
    model = ended(calc_task, TreeName.MODEL, trajectory=trajectory)
    ended(calc_task, command="ls", purpose="probe")
    again = ended(calc_task, repeat_of=first)
    found = page_of(admin_client.get(f"/runs/{again.pk}/"))
    section = 'section[aria-labelledby="alike"]'
    assert found.texts(f"{section} tbody td:first-child") == [str(first.pk)]
    assert found.texts(f"{section} td.soft") == ["is repeated by this one"]
    (link,) = found.select(f"{section} td:last-child a")
    assert link.get("href") == f"/runs/{first.pk}/beside/{again.pk}/"
    found = page_of(admin_client.get(f"/runs/{first.pk}/"))
    assert found.texts(f"{section} td.soft") == ["repeats this one"]
    for run in (gold, model):
        assert not page_of(admin_client.get(f"/runs/{run.pk}/")).select(section)


# --- beside each other --------------------------------------------------------------------------


def test_what_ended_otherwise_is_listed(admin_client: Client, calc_task: Task) -> None:
    same = {"tested_tree": "1" * 40, "environment_key": "k" * 64, "sandbox": "bubblewrap"}
    a = ended(calc_task, cpu_seconds=1.24, **same)
    b = ended(calc_task, cpu_seconds=3.0, **same)
    results(a, same="PASSED", gone="PASSED", flaky="PASSED")
    results(b, same="PASSED", flaky="FAILED", new="SKIPPED")
    results(a, TestGroup.FAIL_TO_PASS, f2p="FAILED")
    results(b, TestGroup.FAIL_TO_PASS, f2p="PASSED")
    found = page_of(admin_client.get(f"/runs/{a.pk}/beside/{b.pk}/"))
    table = 'section[aria-labelledby="changed"]'
    assert found.texts(f"{table} tbody th[scope=row]") == ["f2p", "gone", "flaky", "new"]
    assert found.texts(f"{table} tbody td") == [
        *("✗ FAILED", "✓ PASSED"),
        *("✓ PASSED", "not reported"),
        *("✓ PASSED", "✗ FAILED"),
        *("not reported", "↷ SKIPPED"),
    ]
    assert found.texts(f"{table} th.run-beside-group") == ["FAIL_TO_PASS", "Other"]
    assert found.texts(".notice") == [
        "4 of 5 tests ended otherwise."
        " Tree, recipe and environment are the same, so chance has a part in it."
    ]
    differing = found.texts(".is-different th")
    assert [text.split(" ≠")[0] for text in differing] == ["Seconds of CPU time"]


def test_what_differs_about_the_runs_is_said(admin_client: Client, calc_task: Task) -> None:
    a, b = (ended(calc_task, tested_tree=tree * 40, environment_key=tree) for tree in "12")
    results(a, t="PASSED")
    results(b, t="FAILED")
    found = page_of(admin_client.get(f"/runs/{a.pk}/beside/{b.pk}/"))
    assert found.text(".notice").endswith("The runs differ in: tree id, environment.")


def test_durations_are_set_beside_each_other(admin_client: Client, calc_task: Task) -> None:
    a, b = ended(calc_task), ended(calc_task)
    for run, slow, quick in ((a, 1.0, 0.01), (b, 3.5, 0.02)):
        for test_id, seconds in (("slow", slow), ("quick", quick), ("unknown", None)):
            RunTest.objects.create(
                run=run,
                test_id=test_id,
                group=TestGroup.OTHER,
                status="PASSED",
                duration_seconds=seconds,
            )
    found = page_of(admin_client.get(f"/runs/{a.pk}/beside/{b.pk}/"))
    table = 'section[aria-labelledby="durations"]'
    assert found.texts(f"{table} tbody th") == ["slow"]
    assert found.texts(f"{table} tbody td") == ["1.00", "3.50", "+2.50"]
    assert found.texts(".notice") == ["All 3 tests ended alike."]


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.FINISHED])
def test_runs_without_results_are_compared_as_far_as_they_go(
    admin_client: Client, calc_task: Task, state: RunState
) -> None:
    a = ended(calc_task, outcome=Outcome.TIMED_OUT)
    fields = {"outcome": Outcome.TIMED_OUT if state == RunState.FINISHED else "", "state": state}
    b = ended(calc_task, **fields)
    found = page_of(admin_client.get(f"/runs/{a.pk}/beside/{b.pk}/"))
    said = found.text(".notice")
    assert said.startswith("Not both" if state == RunState.QUEUED else "Neither run")


def test_runs_of_two_tasks_are_not_compared(admin_client: Client, calc_task: Task) -> None:
    other = make_task("other__other-1")
    b = Run.objects.create(task_revision=other.current_revision, tree=TreeName.BASE)
    assert admin_client.get(f"/runs/{ended(calc_task).pk}/beside/{b.pk}/").status_code == 404


def test_both_runs_must_be_known(
    annotator: User, annotator_client: Client, calc_task: Task, trajectory: Trajectory
) -> None:
    grant(annotator, trajectory)
    hidden = trajectory_with(calc_task, GOLD)
    a = ended(calc_task, TreeName.MODEL, trajectory=trajectory)
    b = ended(calc_task, TreeName.MODEL, trajectory=hidden)
    assert annotator_client.get(f"/runs/{a.pk}/beside/{a.pk}/").status_code == 200
    for first, second in ((a, b), (b, a)):
        assert annotator_client.get(f"/runs/{first.pk}/beside/{second.pk}/").status_code == 404


@pytest.mark.parametrize("n", [1, 8])
def test_the_number_of_queries_does_not_grow(
    admin_client: Client,
    calc_task: Task,
    n: int,
    django_assert_num_queries: Callable[..., object],
) -> None:
    a, b = ended(calc_task), ended(calc_task)
    for _ in range(n):
        ended(calc_task)
    for run in (a, b):
        results(run, **{f"t{number}": "PASSED" if run == a else "FAILED" for number in range(n)})
    with django_assert_num_queries(8):  # type: ignore[attr-defined]
        admin_client.get(f"/runs/{a.pk}/beside/{b.pk}/")
    with django_assert_num_queries(8):  # type: ignore[attr-defined]
        admin_client.get(f"/runs/{b.pk}/")
