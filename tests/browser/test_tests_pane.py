"""The tab with the tests and the log of a run in a real browser, by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.browser.chromium import page_without_troubles
from tests.validation.conftest import F2P, GOLD, calc, calc_task, trajectory_with
from tests.validation.test_matrix import LOG, run_of
from trajectories.code import fetch_repository
from trajectories.models import Task
from validation.models import TreeName

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
__all__ = ["calc", "calc_task"]


@pytest.fixture
def page(live_server: LiveServer, admin_user: User, calc_task: Task) -> Iterator[Page]:
    """A reading page in Chromium: many tests, of which two far apart fail with the model."""
    fetch_repository(calc_task.repository)
    trajectory = trajectory_with(calc_task, GOLD)
    ids = [f"tests/test_many.py::test_{number}" for number in range(250)]
    revision = calc_task.current_revision
    assert revision is not None
    revision.pass_to_pass = ids
    revision.save()
    statuses = {F2P: "FAILED", **dict.fromkeys(ids, "PASSED")}
    run_of(trajectory, TreeName.BASE, statuses, log="\n".join([*map(str, range(900)), LOG]))
    run_of(
        trajectory, TreeName.MODEL, {**statuses, F2P: "PASSED", ids[7]: "FAILED", ids[230]: "ERROR"}
    )
    with page_without_troubles(live_server, admin_user) as page:
        page.goto(f"{live_server.url}/trajectories/{trajectory.pk}/")
        yield page


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def test_a_key_leads_from_one_failed_test_to_the_next(page: Page) -> None:
    press(page, "g", "t")
    expect(page.locator(".test-source").first).to_contain_text("def test_halve")
    for name in ("test_7", "test_230", "test_7"):
        press(page, "w")
        target = page.locator("tr.is-target")
        expect(target).to_contain_text(name)
        expect(target).to_be_in_viewport()
        expect(page).to_have_url(re.compile(rf"right=tests.*{name}$"))


def test_a_status_leads_to_the_log_whose_lines_have_addresses(page: Page) -> None:
    press(page, "g", "t")
    page.get_by_title("In the log of base").first.click()
    wanted = page.locator("tr[data-wanted]")
    expect(wanted).to_contain_text("test_halve")
    expect(wanted).to_be_in_viewport()
    page.locator(".run-log").focus()
    press(page, "ArrowDown")
    expect(page.locator("tr.log-line:focus")).to_have_count(1)
    assert page.locator("tr.log-line:focus").get_attribute("data-address") is not None
    n_rows = page.locator(".run-log tr").count()
    page.locator(".log-gap a").click()
    expect(page.locator(".run-log tr")).not_to_have_count(n_rows)
