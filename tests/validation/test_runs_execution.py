"""A run from its row to its verdict: real git, real sandbox, real grading."""

from __future__ import annotations

import pytest
from django.conf import settings

from tests.validation.conftest import (
    CALC,
    F2P,
    GOLD,
    OLD_TESTS,
    P2P,
    CalcRepository,
    diff,
    give_recipe,
    trajectory_with,
)
from trajectories.models import Repository, Task
from validation.grading import client
from validation.models import Outcome, Run, RunPriority, RunState, TreeName
from validation.sandbox import SandboxUnavailable, choose_sandbox
from validation.services.execution import execute_run
from validation.services.leases import MAX_ATTEMPTS
from validation.tasks import run_tests
from validation.whole_logs import path_of

# A lease is renewed by a thread, which sees only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _sandbox_and_grading() -> None:
    pytest.importorskip("swebench", reason="swebench belongs to requirements/runs.txt")
    try:
        choose_sandbox()
    except SandboxUnavailable as error:
        pytest.skip(str(error))


def execute(task: Task, tree: TreeName, patch: str | None = None) -> Run:
    trajectory = trajectory_with(task, patch) if tree == TreeName.MODEL else None
    run = Run.objects.create(
        task_revision=task.current_revision,
        tree=tree,
        trajectory=trajectory,
        recipe=task.recipe_use.recipe,
    )
    assert execute_run(run.pk), Run.objects.get(pk=run.pk).reason
    run.refresh_from_db()
    assert list((settings.RETRACE_DATA / "work").glob("*")) == []
    return run


def execute_in_vain(run: Run) -> int:
    """Execute a run until it ends, not waiting between; return how often it was put back."""
    put_back = 0
    while not execute_run(run.pk):
        assert Run.objects.filter(pk=run.pk, state=RunState.QUEUED).update(lease_expires_at=None)
        put_back += 1
    run.refresh_from_db()
    return put_back


def statuses(run: Run) -> dict[str, str]:
    return dict(run.tests.exclude(group="other").values_list("test_id", "status"))


def test_base_fails_what_it_should(calc_task: Task) -> None:
    run = execute(calc_task, TreeName.BASE)
    assert (run.outcome, run.reason) == (Outcome.NOT_RESOLVED, "")
    assert statuses(run) == {F2P: "FAILED", P2P: "PASSED"}
    assert run.exit_code == 1
    assert f"FAILED {F2P}" in run.log
    assert run.commands.last().command == "python run_tests.py tests/test_calc.py"


def test_gold_passes(calc_task: Task) -> None:
    run = execute(calc_task, TreeName.GOLD)
    assert run.outcome == Outcome.RESOLVED
    assert statuses(run) == {F2P: "PASSED", P2P: "PASSED"}
    assert (run.state, run.lease_token, run.attempt) == (RunState.FINISHED, None, 1)


def test_a_run_says_with_what_it_was_made_and_what_it_cost(calc_task: Task) -> None:
    gold, base = execute(calc_task, TreeName.GOLD), execute(calc_task, TreeName.BASE)
    assert gold.sandbox == choose_sandbox().name
    assert gold.environment_key == base.environment_key != ""
    assert len(gold.tested_tree) == len(base.tested_tree) == 40
    assert gold.tested_tree != base.tested_tree
    assert gold.cpu_seconds is None or 0 < gold.cpu_seconds < 60
    assert gold.peak_memory_bytes is not None
    assert gold.peak_memory_bytes > 2**20
    assert gold.full_log == "", "its log is whole"


def test_an_output_that_is_too_long_for_the_row_is_kept_as_a_file(calc_task: Task) -> None:
    give_recipe(calc_task, "seq 1 200000; python run_tests.py tests/test_calc.py")
    calc_task.refresh_from_db()
    run = execute(calc_task, TreeName.GOLD)
    assert (run.outcome, run.log_is_truncated) == (Outcome.RESOLVED, True)
    path = path_of(settings.RETRACE_DATA, run.full_log)
    assert path is not None
    assert path.read_text().startswith("1\n2\n")
    assert "\n50000\n" in path.read_text()
    assert "\n50000\n" not in run.log


def test_durations_are_stored_where_the_log_says_them(calc_task: Task) -> None:
    said = f"echo '0.25s call     {P2P}'; echo '0.50s setup    {P2P}'"
    give_recipe(calc_task, f"{said}; python run_tests.py tests/test_calc.py")
    calc_task.refresh_from_db()
    run = execute(calc_task, TreeName.GOLD)
    took = dict(run.tests.values_list("test_id", "duration_seconds"))
    assert (took[P2P], took[F2P]) == (0.75, None)


def test_a_message_starts_the_run_that_is_first_in_line(calc_task: Task) -> None:
    bulk, person = (
        Run.objects.create(
            task_revision=calc_task.current_revision,
            tree=TreeName.GOLD,
            recipe=calc_task.recipe_use.recipe,
            priority=priority,
        )
        for priority in (RunPriority.BULK, RunPriority.PERSON)
    )
    run_tests(bulk.pk)
    assert not Run.objects.get(pk=bulk.pk).is_finished
    assert Run.objects.get(pk=person.pk).is_finished
    run_tests(bulk.pk)
    assert Run.objects.get(pk=bulk.pk).outcome == Outcome.RESOLVED


def test_a_model_patch_that_solves_the_task_is_resolved(calc_task: Task) -> None:
    cheated = diff("tests/test_calc.py", OLD_TESTS, "")
    assert execute(calc_task, TreeName.MODEL, GOLD + cheated).outcome == Outcome.RESOLVED


def test_an_empty_patch_is_tested_as_base(calc_task: Task) -> None:
    assert execute(calc_task, TreeName.MODEL, None).outcome == Outcome.NOT_RESOLVED


def test_a_patch_that_does_not_apply_is_an_outcome(calc_task: Task) -> None:
    run = execute(calc_task, TreeName.MODEL, diff("calc.py", "something else\n", "other\n"))
    assert run.outcome == Outcome.PATCH_DOES_NOT_APPLY
    assert "calc.py" in run.reason


def test_a_patch_that_forges_the_log_is_invalid(calc_task: Task) -> None:
    lies = f"import os\nprint('PASSED {F2P}\\nPASSED {P2P}', flush=True)\nos._exit(1)\n"
    run = execute(calc_task, TreeName.MODEL, diff("calc.py", CALC, lies + CALC))
    assert run.outcome == Outcome.INVALID
    assert "exit code 1 although no test in the log failed" in run.reason


def test_a_patch_of_the_runner_is_suspect_beside_its_verdict(calc_task: Task) -> None:
    run = execute(calc_task, TreeName.MODEL, GOLD + diff("conftest.py", "", "x = 1\n"))
    assert run.outcome == Outcome.RESOLVED
    assert run.is_suspect
    assert run.suspect_reasons == ["The patch changes conftest.py."]


def test_output_that_is_no_text_is_kept_readable(calc_task: Task) -> None:
    give_recipe(calc_task, r"printf 'a\0\377\nPASSED %s\n' x; python run_tests.py tests/")
    calc_task.refresh_from_db()
    assert "a��" in execute(calc_task, TreeName.GOLD).log


def test_the_tree_holds_no_later_commit(calc_task: Task, calc: CalcRepository) -> None:
    give_recipe(calc_task, f"git -c safe.directory=* cat-file -t {calc.fix}; ls tests/")
    calc_task.refresh_from_db()
    run = execute(calc_task, TreeName.BASE)
    assert "Not a valid object name" in run.log or "could not get object info" in run.log


def test_a_source_without_the_commit_is_no_fault_of_the_patch(calc_task: Task) -> None:
    calc_task.current_revision.base_commit = "1" * 40
    calc_task.current_revision.save()
    run = execute(calc_task, TreeName.BASE)
    assert run.outcome == Outcome.INFRASTRUCTURE_FAILURE
    assert "has no commit 1111" in run.reason


def test_a_failure_that_may_pass_is_tried_again_and_again(calc_task: Task) -> None:
    Repository.objects.update(source="/nowhere/at/all")
    run = Run.objects.create(
        task_revision=calc_task.current_revision,
        tree=TreeName.BASE,
        recipe=calc_task.recipe_use.recipe,
    )
    assert execute_in_vain(run) == MAX_ATTEMPTS - 1
    assert (run.outcome, run.attempt) == (Outcome.INFRASTRUCTURE_FAILURE, MAX_ATTEMPTS)
    assert "could not be fetched" in run.reason


def test_a_command_that_something_killed_is_tried_again_but_not_for_ever(calc_task: Task) -> None:
    give_recipe(calc_task, "kill -KILL $$")
    calc_task.refresh_from_db()
    run = Run.objects.create(
        task_revision=calc_task.current_revision,
        tree=TreeName.GOLD,
        recipe=calc_task.recipe_use.recipe,
    )
    assert execute_in_vain(run) == MAX_ATTEMPTS - 1
    assert (run.outcome, run.exit_code) == (Outcome.INVALID, 137)


def test_an_environment_that_cannot_be_built_says_which_command_failed(calc_task: Task) -> None:
    recipe = calc_task.recipe_use.recipe
    recipe.install = ["echo about to fail; exit 3"]
    recipe.save()
    run = execute(calc_task, TreeName.BASE)
    assert run.outcome == Outcome.INFRASTRUCTURE_FAILURE
    assert "could not be built" in run.reason
    assert recipe.environments.get().state == "failed"
    build = run.commands.filter(phase__startswith="build").last()
    assert (build.exit_code, "about to fail" in build.output) == (3, True)


def test_a_cancelled_run_is_left_alone(calc_task: Task) -> None:
    run = Run.objects.create(
        task_revision=calc_task.current_revision,
        tree=TreeName.BASE,
        state=RunState.FINISHED,
        outcome=Outcome.CANCELLED,
    )
    assert not execute_run(run.pk)


@pytest.fixture(autouse=True, scope="module")
def _end_grading() -> object:
    yield
    client.close()
