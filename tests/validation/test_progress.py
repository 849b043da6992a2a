"""How far a run is, told while it is on its way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from tests.html import page_of
from tests.validation.conftest import give_recipe
from trajectories.models import Task
from validation.contexts.progress import progress_of
from validation.logs import TestCounter
from validation.models import (
    Environment,
    EnvironmentState,
    Outcome,
    Run,
    RunPriority,
    RunState,
    RunTest,
    TreeName,
)
from validation.sandbox import SandboxUnavailable, choose_sandbox
from validation.services import leases
from validation.services.execution import execute_run
from validation.services.leases import claim
from validation.services.progress import expected_tests
from validation.services.requests import cancel_run

HTMX = {"HX-Request": "true"}


# --- counting -----------------------------------------------------------------------------------


def counted(*chunks: str) -> tuple[int, int | None]:
    counter = TestCounter()
    for chunk in chunks:
        counter.add(chunk.encode())
    return counter.done, counter.announced


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", (0, None)),
        ("collected 4 items\n\ntests/test_x.py ..F.   [100%]\n", (4, 4)),
        ("collected 9 items / 5 deselected / 4 selected\ntests/test_x.py ..", (2, 4)),
        ("collecting ... collected 2 items\nt.py::a PASSED  [ 50%]\n", (1, 2)),
        ("collected 1 item\nt.py F\nFAILED t.py::a[x - y] - no\nFAILED t.py::a\n", (1, 1)),
        ("collected 2 items\nt.py ..\ncollected 1 item\nu.py .\n", (3, 3)),
        # Whoever lies about the number does not break the run.
        (f"collected {'9' * 5_000} items\n", (0, None)),
        ("collected 9999999 items\n" * 500, (0, 10_000_000)),
        ("tests/a.py .\ntests/b.py ..\n...s.x\n", (9, None)),
        ("t.py::a PASSED   [ 50%]\nt.py::b FAILED   [100%]\n", (2, None)),
        # First signs, then the summary that names them again.
        ("tests/t.py ..\nPASSED tests/t.py::a\nPASSED tests/t.py::b\n", (2, None)),
        # First names with their results, then a summary that repeats one.
        ("t.py::a PASSED\nt.py::b FAILED\nFAILED t.py::b - assert 1\n", (2, None)),
        ("Found 3 test(s).\ntest_a (m.T) ... ok\ntest_b (m.T) ... ERROR\n", (2, 3)),
        ("sympy/core/tests/test_x.py[4] ..F. [FAIL]\n", (4, None)),
        ("--- PASS: TestA (0.00s)\n", (1, None)),
        ("# Subtest: adds\nok 1 - adds\nnot ok 2 - halves\n", (2, None)),
        ("\x1b[32m.\x1b[0m\x1b[32m.\x1b[0m\x1b[31mF\x1b[0m\n", (3, None)),
        ("Usage: x\nE\nFs\n    ..\n> ..\n", (0, None)),
    ],
)
def test_what_runners_print_is_counted(text: str, expected: tuple[int, int | None]) -> None:
    assert counted(text) == expected
    assert counted(*text) == expected, "it comes in any pieces"


@given(st.lists(st.binary(max_size=60)))
def test_no_output_is_too_odd(chunks: list[bytes]) -> None:
    counter = TestCounter()
    seen = 0
    for chunk in chunks:
        counter.add(chunk)
        assert counter.done >= 0
        seen += len(chunk)
    assert counter.done <= seen


def test_output_without_end_is_no_longer_looked_at() -> None:
    counter = TestCounter()
    started = time.monotonic()
    for _ in range(2_000):
        counter.add(b"x" * 65_536)
    assert time.monotonic() - started < 10
    assert counter.done == 0


# --- how many there will be ---------------------------------------------------------------------


def run_of(task: Task, **fields: object) -> Run:
    return Run.objects.create(
        task_revision=task.current_revision,
        recipe=task.recipe_use.recipe,
        **{"tree": TreeName.BASE, **fields},
    )


def test_as_many_tests_are_expected_as_the_last_run_had(calc_task: Task) -> None:
    run = run_of(calc_task)
    assert expected_tests(run) == 2, "as many as the task names"
    earlier = run_of(calc_task, state=RunState.FINISHED, outcome=Outcome.NOT_RESOLVED)
    for test_id, status in (("a", "PASSED"), ("b", "FAILED"), ("c", "PASSED"), ("d", "MISSING")):
        RunTest.objects.create(run=earlier, test_id=test_id, group="other", status=status)
    assert expected_tests(run) == 3
    run.command = "cat setup.py"
    assert expected_tests(run) is None


# --- in words -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"state": RunState.PREPARING}, "preparing"),
        ({"state": RunState.PREPARING, "environment_key": "of others"}, "preparing"),
        ({"state": RunState.PREPARING, "environment_key": "k"}, "installing (packages)"),
        ({"state": RunState.RUNNING, "environment_key": "k"}, "running"),
        ({"state": RunState.RUNNING, "n_tests_expected": 56}, "running"),
        (
            {"state": RunState.RUNNING, "n_tests_done": 11, "n_tests_expected": 56},
            "running: test 12 of 56",
        ),
        (
            {"state": RunState.RUNNING, "n_tests_done": 56, "n_tests_expected": 56},
            "running: all 56 tests done",
        ),
        (
            {"state": RunState.RUNNING, "n_tests_done": 60, "n_tests_expected": 56},
            "running: 60 tests done",
        ),
        ({"state": RunState.RUNNING, "n_tests_done": 1}, "running: 1 test done"),
    ],
)
def test_each_state_has_its_words(calc_task: Task, fields: dict[str, object], said: str) -> None:
    Environment.objects.create(
        key="k",
        recipe=calc_task.recipe_use.recipe,
        state=EnvironmentState.BUILDING,
        reason="packages",
    )
    run = run_of(calc_task, **fields)
    assert progress_of([run])[run.pk].words == said


def test_who_waits_is_told_the_place(calc_task: Task) -> None:
    bulk = [run_of(calc_task, priority=RunPriority.BULK) for _ in range(23)]
    person = run_of(calc_task)
    said = {pk: found.words for pk, found in progress_of([person, *bulk]).items()}
    assert said[person.pk] == "queued, next in line"
    assert said[bulk[0].pk] == "queued, 2nd in line"
    assert [said[bulk[n].pk] for n in (1, 10, 11, 20)] == [
        f"queued, {place} in line" for place in ("3rd", "12th", "13th", "22nd")
    ]


@pytest.mark.parametrize("n", [1, 8])
def test_the_number_of_queries_does_not_grow_with_runs(
    calc_task: Task, n: int, django_assert_num_queries: Callable[[int], object]
) -> None:
    runs = [run_of(calc_task, priority=RunPriority.BULK) for _ in range(n)]
    runs += [run_of(calc_task, state=RunState.PREPARING, environment_key="k") for _ in range(n)]
    with django_assert_num_queries(3):  # type: ignore[attr-defined]
        progress_of(runs)


# --- on the page --------------------------------------------------------------------------------


def test_the_run_page_is_told_no_more_than_the_progress(
    admin_client: Client, calc_task: Task
) -> None:
    run = run_of(calc_task, state=RunState.RUNNING, n_tests_expected=56)
    found = page_of(admin_client.get(f"/runs/{run.pk}/"))
    assert found.texts("#run-progress") == ["Base: running …"]
    (fragment,) = found.select("#run")
    address = fragment.get("hx-get")
    assert fragment.get("hx-include") == "#run-progress"
    unchanged = admin_client.get(f"{address}&progress=running", headers=HTMX)
    assert unchanged.status_code == 204
    Run.objects.filter(pk=run.pk).update(n_tests_done=11)
    response = admin_client.get(f"{address}&progress=running", headers=HTMX)
    assert response.headers["HX-Reswap"] == "none"
    part = page_of(response)
    assert [each.get("id") for each in part.select("[hx-swap-oob=true]")] == ["run-progress"]
    assert part.texts(".chip") == ["Base: running: test 12 of 56 …"]
    (bar,) = part.select("progress")
    assert (bar.get("value"), bar.get("max")) == ("11", "56")
    Run.objects.filter(pk=run.pk).update(state=RunState.FINISHED, outcome=Outcome.TIMED_OUT)
    ended = admin_client.get(f"{address}&progress=running", headers=HTMX)
    assert "HX-Reswap" not in ended.headers
    assert page_of(ended).select("#run")[0].get("hx-get") is None


# --- while it runs ------------------------------------------------------------------------------

WAITING = (
    "for n in 1 2 3; do echo PASSED t::$n; done; while [ ! -e /testbed/go ]; do sleep 0.1; done"
)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("swebench", reason="swebench belongs to requirements/runs.txt")
    try:
        choose_sandbox()
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    monkeypatch.setattr(leases, "PROGRESS_SECONDS", 0.1)
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0.2)


@pytest.fixture
def executed() -> Iterator[Callable[[Run], threading.Thread]]:
    started: list[threading.Thread] = []

    def execute(run: Run) -> threading.Thread:
        def work() -> None:
            try:
                execute_run(run.pk)
            finally:
                connection.close()

        thread = threading.Thread(target=work)
        thread.start()
        started.append(thread)
        return thread

    yield execute
    Run.objects.exclude(state=RunState.FINISHED).update(
        state=RunState.FINISHED, outcome=Outcome.CANCELLED
    )
    for thread in started:
        thread.join(timeout=60)


def wait_for(run: Run, condition: Callable[[Run], bool]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        run.refresh_from_db()
        if condition(run):
            return
        time.sleep(0.05)
    raise AssertionError(f"{run.state} {run.outcome} {run.reason} {run.n_tests_done}")


@pytest.mark.django_db(transaction=True)
def test_tests_are_counted_while_they_run_and_a_cancel_ends_them(
    calc_task: Task, quick: None, executed: Callable[[Run], threading.Thread], admin_user: User
) -> None:
    give_recipe(calc_task, f"{WAITING}; python run_tests.py")
    calc_task.refresh_from_db()
    run = run_of(calc_task)
    thread = executed(run)
    wait_for(run, lambda run: run.n_tests_done == 3)
    assert (run.state, run.n_tests_expected) == (RunState.RUNNING, 2)
    assert progress_of([run])[run.pk].words == "running: 3 tests done"
    assert cancel_run(run, user=admin_user)
    thread.join(timeout=30)
    assert not thread.is_alive()
    run.refresh_from_db()
    assert (run.outcome, run.commands.count()) == (Outcome.CANCELLED, 0)
    assert list((settings.RETRACE_DATA / "work").iterdir()) == []


@pytest.mark.django_db(transaction=True)
def test_an_installation_is_told_by_its_phase_and_a_cancel_ends_it(
    calc_task: Task, quick: None, executed: Callable[[Run], threading.Thread], admin_user: User
) -> None:
    recipe = calc_task.recipe_use.recipe
    recipe.install = ["sleep 300"]
    recipe.save()
    run = run_of(calc_task)
    thread = executed(run)
    wait_for(run, lambda run: progress_of([run])[run.pk].words == "installing (the project)")
    assert run.state == RunState.PREPARING
    assert cancel_run(run, user=admin_user)
    thread.join(timeout=30)
    assert not thread.is_alive()
    run.refresh_from_db()
    assert run.outcome == Outcome.CANCELLED
    assert list((settings.RETRACE_DATA / "work").iterdir()) == []


@pytest.mark.django_db
@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.PREPARING])
def test_what_is_cancelled_early_is_not_executed(
    calc_task: Task, admin_user: User, state: RunState
) -> None:
    run = run_of(calc_task)
    lease = claim(run.pk, "one") if state == RunState.PREPARING else None
    assert cancel_run(run, user=admin_user)
    if lease is None:
        assert claim(run.pk, "one") is None
    else:
        assert not lease.renew()
    run.refresh_from_db()
    assert run.outcome == Outcome.CANCELLED


def test_a_new_attempt_counts_from_the_beginning(calc_task: Task) -> None:
    run = run_of(calc_task, n_tests_done=12, n_tests_expected=56, environment_key="k")
    assert claim(run.pk, "one")
    run.refresh_from_db()
    assert (run.n_tests_done, run.n_tests_expected, run.environment_key) == (0, None, "")
