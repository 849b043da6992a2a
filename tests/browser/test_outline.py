"""The outline by keyboard in a real browser, and files dropped on the loading page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.browser.chromium import page_without_troubles
from tests.factories import make_trajectory
from trajectories.models import Trajectory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def trajectory(admin_user: User) -> Trajectory:
    return make_trajectory(n_steps=3)


@pytest.fixture
def page(live_server: LiveServer, admin_user: User, trajectory: Trajectory) -> Iterator[Page]:
    """A page in Chromium, signed in as an admin; errors in its console fail the test."""
    with page_without_troubles(live_server, admin_user) as page:
        yield page


def shown_step(page: Page, number: int) -> None:
    expect(page.locator("[data-step-shown]")).to_have_attribute("data-step-shown", str(number))
    expect(page.locator("ol.steps li[aria-current]")).to_have_attribute("data-step", str(number))


def test_j_and_k_walk_through_the_steps_and_stop_at_both_ends(
    page: Page, live_server: LiveServer, trajectory: Trajectory
) -> None:
    page.goto(f"{live_server.url}/trajectories/{trajectory.pk}/?step=2")
    shown_step(page, 2)
    for key, number in [("j", 3), ("j", 3), ("k", 2), ("k", 1), ("k", 1)]:
        page.keyboard.press(key)
        shown_step(page, number)
    page.reload()
    shown_step(page, 1)


def test_no_key_fires_while_typing_or_in_a_dialog(
    page: Page, live_server: LiveServer, trajectory: Trajectory
) -> None:
    page.goto(f"{live_server.url}/trajectories/{trajectory.pk}/")
    shown_step(page, 1)
    page.evaluate("document.body.append(document.createElement('textarea'))")
    page.locator("body > textarea").press("j")
    page.evaluate("document.activeElement.blur()")
    page.evaluate("document.body.append(document.createElement('dialog'))")
    page.evaluate("document.querySelector('body > dialog').showModal()")
    page.keyboard.press("j")
    page.evaluate("document.querySelector('body > dialog').close()")
    page.keyboard.press("j")
    shown_step(page, 2)


def test_a_bar_of_the_ribbon_opens_its_step(
    page: Page, live_server: LiveServer, trajectory: Trajectory
) -> None:
    page.goto(f"{live_server.url}/trajectories/{trajectory.pk}/")
    ribbon = page.locator("[data-ribbon]")
    ribbon.click(position={"x": (ribbon.bounding_box() or {})["width"] - 4, "y": 8})
    shown_step(page, 3)


def test_chosen_files_are_named_and_their_report_is_shown(
    page: Page, live_server: LiveServer, tmp_path: Path
) -> None:
    run = {"trajectory": [{"action": "ls", "observation": "x"}], "info": {}}
    files = [tmp_path / "a__b-1.traj", tmp_path / "notes.md"]
    files[0].write_text(json.dumps(run))
    files[1].write_text("# notes\n")
    page.goto(f"{live_server.url}/load/")
    page.get_by_label("Trajectories of agents").check()
    page.locator("input[type=file]").set_input_files(files)
    expect(page.locator("[data-file-names] li")).to_have_count(2)
    page.get_by_label("Batch").fill("first")
    page.get_by_role("button", name="Load").click()
    expect(page.locator("#load-result")).to_contain_text("1 loaded")
    expect(page.locator("#load-result")).to_contain_text("This looks like a Markdown document")
