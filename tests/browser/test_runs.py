"""The pages of runs in a real browser: progress without flicker, comparison, whole output."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.browser.chromium import page_without_troubles
from tests.browser.test_accessibility import overflow, violations
from tests.validation.conftest import F2P, GOLD, P2P, calc, calc_task, trajectory_with
from trajectories.models import Task, Trajectory
from validation.models import Outcome, Run, RunState, RunTest, TestGroup, TreeName
from validation.whole_logs import WholeLog

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
__all__ = ["calc", "calc_task"]


@pytest.fixture
def trajectory(calc_task: Task) -> Trajectory:
    return trajectory_with(calc_task, GOLD)


@pytest.fixture
def page(live_server: LiveServer, admin_user: User) -> Iterator[Page]:
    with page_without_troubles(live_server, admin_user) as page:
        yield page


def run_of(task: Task, **fields: object) -> Run:
    return Run.objects.create(
        task_revision=task.current_revision,
        recipe=task.recipe_use.recipe,
        **{"tree": TreeName.BASE, **fields},
    )


def update(run: Run, **fields: object) -> None:
    """Change a run beside the browser, whose loop forbids queries in its own thread."""

    def act() -> None:
        try:
            Run.objects.filter(pk=run.pk).update(**fields)
        finally:
            connection.close()

    thread = threading.Thread(target=act)
    thread.start()
    thread.join()


@pytest.fixture
def waiting(calc_task: Task) -> Run:
    return run_of(calc_task)


@pytest.fixture
def pair(calc_task: Task) -> tuple[Run, Run]:
    """Return a run and its repetition, which took longer and ended otherwise."""
    (settings.RETRACE_DATA / "work").mkdir(parents=True, exist_ok=True)
    with WholeLog(settings.RETRACE_DATA / "work" / "writing") as whole:
        whole.add(b"".join(b"line %d of a long output\n" % n for n in range(40_000)))
        name = whole.keep(settings.RETRACE_DATA)
    facts = {
        "state": RunState.FINISHED,
        "outcome": Outcome.NOT_RESOLVED,
        "sandbox": "bubblewrap",
        "environment_key": "5f2c" * 16,
        "tested_tree": "9a31" * 10,
        "log": "PASSED t\n" * 20,
        "full_log": name,
    }
    first = run_of(calc_task, cpu_seconds=1.5, peak_memory_bytes=91_000_000, **facts)
    again = run_of(
        calc_task, cpu_seconds=2.5, peak_memory_bytes=95_000_000, repeat_of=first, **facts
    )
    for run, status, seconds in ((first, "PASSED", 0.5), (again, "FAILED", 1.75)):
        for test_id, group in ((F2P, TestGroup.FAIL_TO_PASS), (P2P, TestGroup.PASS_TO_PASS)):
            RunTest.objects.create(
                run=run, test_id=test_id, group=group, status=status, duration_seconds=seconds
            )
    return first, again


def test_progress_is_written_into_the_page_and_the_focus_stays(
    waiting: Run, page: Page, live_server: LiveServer
) -> None:
    run = waiting
    page.goto(f"{live_server.url}/runs/{run.pk}/")
    button = page.get_by_role("button", name="Cancel this run")
    button.focus()
    button.evaluate("element => { element.isTheSame = true; }")
    said = page.locator("#run-progress .chip")
    expect(said).to_have_text("Base: queued, next in line …")
    update(run, state=RunState.RUNNING, n_tests_expected=56, n_tests_done=11)
    expect(said).to_have_text("Base: running: test 12 of 56 …")
    expect(page.locator("#run-progress progress")).to_have_attribute("value", "11")
    update(run, n_tests_done=30)
    expect(said).to_have_text("Base: running: test 31 of 56 …")
    expect(button).to_be_focused()
    assert button.evaluate("element => element.isTheSame"), "nothing else was drawn anew"
    assert violations(page) == []
    update(run, state=RunState.FINISHED, outcome=Outcome.TIMED_OUT)
    expect(page.locator("#run .chip").first).to_have_text("base: timed out ✗")
    expect(button).to_have_count(0)


def test_progress_in_the_tests_tab_leaves_what_is_open_alone(
    waiting: Run, trajectory: Trajectory, page: Page, live_server: LiveServer
) -> None:
    page.goto(f"{live_server.url}/trajectories/{trajectory.pk}/?right=tests")
    chip = page.locator("#tests-chips .chip").first
    expect(chip).to_have_text("base: queued, next in line …")
    chip.focus()
    page.locator("#tests").evaluate("element => { element.isTheSame = true; }")
    update(waiting, state=RunState.RUNNING, n_tests_expected=2, n_tests_done=1)
    expect(chip).to_have_text("base: running: test 2 of 2 …")
    expect(chip).to_be_focused()
    assert page.locator("#tests").evaluate("element => element.isTheSame")


def test_a_run_is_repeated_and_cancelled_by_a_click(
    pair: tuple[Run, Run], page: Page, live_server: LiveServer
) -> None:
    first, again = pair
    page.goto(f"{live_server.url}/runs/{first.pk}/")
    page.get_by_role("button", name="Run this once more").click()
    expect(page.locator("h1")).to_have_text(f"Run {again.pk + 1}: Base")
    page.get_by_role("button", name="Cancel this run").click()
    expect(page.locator("#run .chip").first).to_have_text("base: cancelled ✗")


def test_the_pages_of_runs_are_sound(
    pair: tuple[Run, Run], page: Page, live_server: LiveServer
) -> None:
    first, again = pair
    faults = []
    for address in (
        f"/runs/{again.pk}/",
        f"/runs/{first.pk}/beside/{again.pk}/",
        f"/runs/{first.pk}/output/?page=2",
    ):
        page.goto(live_server.url + address)
        faults += [f"{address}: {fault}" for fault in violations(page)]
        if wider := overflow(page):
            faults.append(f"{address}: {wider} px wider than the window at 200 %")
    assert not faults, "\n".join(faults)
