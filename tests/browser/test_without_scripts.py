"""Reading works in a browser that runs no scripts: every link and form leads to a whole page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from tests.browser.chromium import running_chromium
from tests.trajectories.git_repositories import make_sample
from tests.world import World, make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(make_sample(tmp_path / "sample"))


@pytest.fixture
def session(world: World) -> str:
    client = Client()
    client.force_login(world.people["nils"])
    return client.cookies["sessionid"].value


@pytest.fixture
def page(live_server: LiveServer, world: World, session: str) -> Iterator[Page]:
    """The workspace of an annotator whose browser runs no scripts."""
    with running_chromium() as browser:
        context = browser.new_context(java_script_enabled=False)
        context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
        page = context.new_page()
        page.goto(f"{live_server.url}/assignments/{world.shared.assignment.pk}/")
        yield page


def test_steps_tabs_files_and_diffs_are_reached_by_links(page: Page) -> None:
    page.locator("li[data-step='2'] a").click()
    expect(page.locator("[data-step-shown='2']")).to_be_visible()

    page.get_by_role("link", name="Gold", exact=True).click()
    expect(page.locator("#right-pane [data-which='gold']")).to_be_visible()
    expect(page.locator("[data-step-shown='2']")).to_be_visible()

    page.get_by_role("link", name="Side by side").click()
    expect(page.locator("#right-pane table.diff--split")).to_be_visible()

    page.locator("[data-tab='files']").click()
    page.locator(".folder").get_by_role("link", name="pkg/").click()
    page.locator(".folder").get_by_role("link", name="core.py").click()
    expect(page.locator("#left-pane [data-path='pkg/core.py']")).to_be_visible()
    page.locator("#left-pane tr[data-line='2'] td.ln a").click()
    expect(page.locator("#left-pane tr.is-target")).to_have_attribute("data-line", "2")


def test_filter_search_and_definition_are_forms(page: Page) -> None:
    page.get_by_label("Filter by words of the summary").fill("reproduce_3")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("li[data-step]")).to_have_count(1)
    expect(page.locator("#left-pane")).to_be_visible()

    page.goto(f"{page.url.split('?')[0]}?left=files&tree=base&path=pkg/core.py")
    page.get_by_label("Name", exact=True).fill("add")
    page.get_by_role("button", name="Definition").click()
    expect(page.locator("#left-pane tr.is-target")).to_contain_text("def add")


def test_the_tests_and_a_file_seen_are_there_too(page: Page) -> None:
    page.locator("[data-tab='tests']").click()
    expect(page.locator("#tests")).to_contain_text("FAIL_TO_PASS")
    page.locator("[data-tab='model']").click()
    page.get_by_role("button", name="Seen").first.click()
    expect(page.locator("#right-pane .is-seen").first).to_be_visible()
    expect(page.locator("#right-pane")).to_contain_text("1 of 1 file")


def test_a_claim_is_checked_on_a_page_of_its_own(page: Page) -> None:
    page.get_by_role("link", name="Check this claim").click()
    page.get_by_label("or a shell command").fill("python reproduce.py")
    page.get_by_label("What is expected").select_option("fails")
    page.get_by_role("button", name="Run it").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no environment recipe")
    expect(page.get_by_label("or a shell command")).to_have_value("python reproduce.py")
