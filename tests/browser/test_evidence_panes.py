"""The evidence panes in a real browser: tabs, lazy files, the bar between the panes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.browser.chromium import page_without_troubles
from tests.factories import PATCH, TEST_PATCH, make_trajectory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(live_server: LiveServer, admin_user: User) -> Iterator[Page]:
    """A reading page in Chromium, signed in as an admin."""
    files = [PATCH.replace("pkg/core.py", f"pkg/core_{number}.py") for number in range(100)]
    trajectory = make_trajectory(model_patch="".join(files))
    with page_without_troubles(live_server, admin_user) as page:
        page.goto(f"{live_server.url}/trajectories/{trajectory.pk}/")
        yield page


def open_tabs(page: Page) -> list[str]:
    return [text.strip() for text in page.locator(".tabs [aria-current]").all_inner_texts()]


def test_tabs_and_address_follow_what_is_opened(page: Page) -> None:
    page.get_by_role("link", name="Test patch").click()
    expect(page.locator("#right-pane [data-which='test']")).to_be_visible()
    page.get_by_role("link", name="Issue").click()
    expect(page.locator("#left-pane [data-cite-kind='issue']").first).to_be_visible()
    expect(page).to_have_url(re.compile("right=test.*left=issue"))
    assert open_tabs(page) == ["Issue", "Test patch"]
    page.reload()
    assert open_tabs(page) == ["Issue", "Test patch"]
    expect(page.locator("#right-pane")).to_contain_text(TEST_PATCH.splitlines()[-1][1:].strip())


def test_the_step_tab_leads_back_to_the_step_that_was_read(page: Page) -> None:
    page.locator("a[href*='step=3']").first.click()
    expect(page.locator("[data-tab='step']")).to_have_text("Step 3")
    page.get_by_role("link", name="Issue").click()
    expect(page.locator("#left-pane [data-cite-kind='issue']").first).to_be_visible()
    page.locator("[data-tab='step']").click()
    expect(page.locator("#left-pane [data-step='3']").first).to_be_visible()


def test_a_file_of_a_long_diff_loads_when_it_comes_into_view(page: Page) -> None:
    last = page.locator("article.diff-file").last
    expect(last.locator("table.diff")).to_have_count(0)
    last.scroll_into_view_if_needed()
    expect(last.locator("tr.diff-line--added")).to_have_count(1)


def test_an_address_opens_a_later_file_in_view(page: Page) -> None:
    page.goto(f"{page.url}?right=model&file=pkg/core_77.py")
    wanted = page.locator("[data-path='pkg/core_77.py']")
    expect(wanted.locator("tr.diff-line--added")).to_be_in_viewport()


def test_the_bar_moves_by_key_and_stays_where_it_was_put(page: Page) -> None:
    bar = page.get_by_role("separator")
    bar.focus()
    page.keyboard.press("End")
    expect(bar).to_have_attribute("aria-valuenow", "80")
    page.keyboard.press("ArrowLeft")
    expect(bar).to_have_attribute("aria-valuenow", "78")
    page.reload()
    expect(bar).to_have_attribute("aria-valuenow", "78")


def test_the_bar_moves_by_pointer(page: Page) -> None:
    bar = page.get_by_role("separator")
    box = bar.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 3, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] - 150, box["y"] + 200)
    page.mouse.up()
    moved = bar.bounding_box()
    assert moved is not None
    assert box["x"] - moved["x"] == pytest.approx(153, abs=8)


def test_one_pane_can_take_all_the_room_until_the_other_is_used(page: Page) -> None:
    page.locator("[data-expand='right']").click()
    expect(page.locator("#left-pane")).to_be_hidden()
    page.reload()
    expect(page.locator("#left-pane")).to_be_hidden()
    page.locator("a[href*='step=3']").first.click()
    expect(page.locator("#left-pane [data-step='3']").first).to_be_visible()
    expect(page.locator("#right-pane")).to_be_visible()


def test_each_pane_scrolls_on_its_own(page: Page) -> None:
    page.locator("#right-pane").evaluate("pane => { pane.scrollTop = 400; }")
    tops = page.locator(".pane-body").evaluate_all("panes => panes.map(pane => pane.scrollTop)")
    assert tops == [0, 400]
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_at_200_percent_the_list_stands_above_the_evidence(page: Page) -> None:
    page.set_viewport_size({"width": 640, "height": 400})
    outline, evidence = page.locator(".outline"), page.locator(".evidence")
    below, above = evidence.bounding_box(), outline.bounding_box()
    assert below and above
    assert below["y"] >= above["y"] + above["height"] - 1
    assert below["width"] > 600


def test_a_pane_that_waits_for_its_answer_says_so(page: Page) -> None:
    held: list[Route] = []
    page.route("**/steps/2/", lambda route: held.append(route))
    page.keyboard.press("j")
    pane = page.locator("#left-pane")
    expect(pane).to_have_attribute("aria-busy", "true")
    assert page.locator("#right-pane[aria-busy]").count() == 0
    held.pop().continue_()
    expect(page.locator("[data-step-shown='2']")).to_be_visible()
    expect(pane).not_to_have_attribute("aria-busy", "true")
