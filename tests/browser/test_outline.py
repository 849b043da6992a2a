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
from trajectories.contexts.outline import WINDOW_ROWS
from trajectories.models import Trajectory

# Three windows of the list and some more, with an edit at every fiftieth step.
LONG = 270

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def trajectory(admin_user: User) -> Trajectory:
    return make_trajectory(n_steps=3)


@pytest.fixture
def pair(admin_user: User, trajectory: Trajectory) -> tuple[Trajectory, Trajectory]:
    return trajectory, make_trajectory(trajectory.task, n_steps=9)


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


@pytest.fixture
def long_one(admin_user: User) -> Trajectory:
    """A trajectory of more than two windows, with an edit at every fiftieth step."""
    trajectory = make_trajectory(n_steps=LONG)
    numbers = range(50, trajectory.n_steps, 50)
    trajectory.steps.filter(number__in=numbers).update(kind="edit", summary="edit core.py")
    return trajectory


@pytest.fixture
def reading(long_one: Trajectory, live_server: LiveServer) -> str:
    return f"{live_server.url}/trajectories/{long_one.pk}/"


def test_j_and_k_cross_the_borders_of_the_window(
    long_one: Trajectory, page: Page, reading: str
) -> None:
    page.goto(f"{reading}?step={WINDOW_ROWS - 1}")
    numbers = page.locator("ol.steps li[data-step]")
    last = int(numbers.last.get_attribute("data-step") or 0)
    first = int(numbers.first.get_attribute("data-step") or 0)
    assert 1 < first < last < long_one.n_steps
    for start, key, offset in ((last, "j", 1), (first, "k", -1)):
        page.goto(f"{reading}?step={start - offset}")
        shown_step(page, start - offset)
        for step in (start, start + offset, start + 2 * offset):
            page.keyboard.press(key)
            shown_step(page, step)


def test_the_list_loads_on_when_its_end_comes_into_view(
    long_one: Trajectory, page: Page, reading: str
) -> None:
    page.goto(f"{reading}?step=1")
    rows = page.locator("ol.steps li[data-step]")
    expect(rows).to_have_count(WINDOW_ROWS)
    for n_rows in (2 * WINDOW_ROWS, 3 * WINDOW_ROWS, LONG):
        page.locator("ol.steps [data-more]").last.scroll_into_view_if_needed()
        expect(rows).to_have_count(n_rows)


def test_a_step_beyond_the_window_is_opened_by_the_ribbon_and_shown_in_the_list(
    long_one: Trajectory, page: Page, reading: str
) -> None:
    page.goto(f"{reading}?step=1")
    ribbon = page.locator("[data-ribbon]")
    ribbon.click(position={"x": (ribbon.bounding_box() or {})["width"] * 0.9, "y": 8})
    page.wait_for_url("**step=2**")
    number = int(page.locator("[data-step-shown]").get_attribute("data-step-shown") or 0)
    assert number / long_one.n_steps == pytest.approx(0.9, abs=0.01)
    shown_step(page, number)


def test_a_filter_by_keyboard_keeps_while_walking_and_is_cleared(
    long_one: Trajectory, page: Page, reading: str
) -> None:
    page.goto(f"{reading}?step=60")
    page.keyboard.press("l")
    page.keyboard.type("EDIT core")
    rows = page.locator("ol.steps li[data-step]")
    expect(rows).to_have_count(5)
    expect(page.locator(".outline .pane-title")).to_contain_text("5 of 270 steps")
    page.keyboard.press("Escape")
    for key, number in [("j", 100), ("j", 150), ("k", 100), ("k", 50), ("k", 50)]:
        page.keyboard.press(key)
        shown_step(page, number)
    assert "find=EDIT+core" in page.url
    page.get_by_role("link", name="Show all steps").click()
    expect(rows).to_have_count(WINDOW_ROWS)
    shown_step(page, 50)


def test_what_the_ribbon_shows_is_remembered(
    page: Page, live_server: LiveServer, trajectory: Trajectory
) -> None:
    page.goto(f"{live_server.url}/trajectories/{trajectory.pk}/")
    page.get_by_label("The bars above show").select_option("output")
    page.wait_for_url("**ribbon=output**")
    page.goto(f"{live_server.url}/trajectories/{trajectory.pk}/?step=2")
    expect(page.get_by_label("The bars above show")).to_have_value("output")
    shown_step(page, 2)


def test_without_scripts_the_list_is_filtered_and_walked_by_links(
    long_one: Trajectory, live_server: LiveServer, reading: str, page: Page
) -> None:
    browser = page.context.browser
    assert browser is not None
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(page.context.cookies())  # type: ignore[arg-type]
    plain = context.new_page()
    plain.goto(f"{reading}?step=1")
    plain.get_by_role("link", name=f"Later: {WINDOW_ROWS + 1}").click()
    shown_step(plain, WINDOW_ROWS + 1)
    plain.get_by_label("Filter by kind").select_option("edit")
    plain.get_by_role("button", name="Filter").click()
    expect(plain.locator("ol.steps li[data-step]")).to_have_count(5)
    plain.locator("ol.steps li[data-step='150'] a").click()
    shown_step(plain, 150)
    expect(plain.locator("ol.steps li[data-step]")).to_have_count(5)
    plain.get_by_role("link", name="Show all steps").click()
    shown_step(plain, 150)


def in_columns(page: Page, a: int, b: int) -> None:
    for name, number in (("a", a), ("b", b)):
        column = page.locator(f"#column-{name}")
        expect(column.locator("[data-step-shown]")).to_have_attribute(
            "data-step-shown", str(number)
        )
        expect(column.locator("li[aria-current]")).to_have_attribute("data-step", str(number))


def test_each_of_two_columns_is_walked_on_its_own(
    pair: tuple[Trajectory, Trajectory], page: Page, live_server: LiveServer
) -> None:
    one, other = pair
    page.goto(f"{live_server.url}/trajectories/{one.pk}/beside/{other.pk}/?a=2&b=3")
    in_columns(page, 2, 3)
    page.locator("#column-b li[data-step='5'] a").click()
    in_columns(page, 2, 5)
    page.keyboard.press("j")
    in_columns(page, 2, 6)
    page.locator("#column-a [data-step-shown]").click()
    page.keyboard.press("k")
    in_columns(page, 1, 6)
    page.locator("#column-a").get_by_role("link", name="Step 2").click()
    in_columns(page, 2, 6)
    page.reload()
    in_columns(page, 2, 6)
    page.get_by_role("link", name="Code of A ⇄ B").click()
    page.get_by_role("link", name="Steps", exact=True).click()
    in_columns(page, 2, 6)


def test_y_copies_the_address_of_a_place_in_a_column_or_of_both(
    pair: tuple[Trajectory, Trajectory], page: Page, live_server: LiveServer
) -> None:
    one, other = pair
    address = f"{live_server.url}/trajectories/{one.pk}/beside/{other.pk}/?a=2&b=3"
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(address)
    page.keyboard.press("y")
    expect(page.locator("[data-messages]")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == address
    page.locator("#column-b [data-cite-kind='observation'] [data-line]").first.click(click_count=3)
    page.keyboard.press("y")
    expect(page.locator("[data-messages] li")).to_have_count(2)
    copied = page.evaluate("navigator.clipboard.readText()")
    part = "left=step&step=3&part=output-0.1"
    assert copied == f"{live_server.url}/trajectories/{other.pk}/?{part}"


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
