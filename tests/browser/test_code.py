"""The files tab by keyboard: paths, search, definitions, uses, lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.browser.chromium import page_without_troubles
from tests.trajectories.conftest import fetched_trajectory
from tests.trajectories.git_repositories import make_sample

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

USER = b"from pkg.core import add\n\n\ndef total(numbers):\n    return add(numbers, 0)\n"


@pytest.fixture
def page(live_server: LiveServer, admin_user: User, tmp_path: Path) -> Iterator[Page]:
    """The files tab of a trajectory whose repository has two modules, at base."""
    sample = make_sample(tmp_path / "sample")
    sample.add_files({"pkg/total.py": USER, "pkg/long.py": b"x = 1\n" * 300})
    trajectory = fetched_trajectory(sample)
    with page_without_troubles(live_server, admin_user) as page:
        page.goto(f"{live_server.url}/trajectories/{trajectory.pk}/?left=files&tree=base")
        yield page


def test_a_path_is_found_by_some_of_its_letters(page: Page) -> None:
    page.keyboard.press("p")
    page.keyboard.type("tot")
    expect(page.locator("#path-list [role=option]").first).to_have_text("pkg/total.py")
    page.keyboard.press("Enter")
    expect(page.locator(".file-name").first).to_have_text("pkg/total.py")
    expect(page).to_have_url(re.compile("path=pkg%2Ftotal.py"))


def test_arrows_choose_among_the_paths(page: Page) -> None:
    page.keyboard.press("p")
    page.keyboard.type("pkg")
    expect(page.locator("#path-list [role=option]")).to_have_count(4)
    page.keyboard.press("ArrowDown")
    second = page.locator("#path-list [role=option]").nth(1)
    expect(second).to_have_attribute("aria-selected", "true")
    name = second.inner_text()
    page.keyboard.press("Enter")
    expect(page.locator(".file-name").first).to_have_text(name)


def test_a_name_leads_to_its_definition_and_on_to_its_uses(page: Page) -> None:
    page.goto(f"{page.url}&path=pkg/total.py&line=5")
    page.keyboard.press("d")
    first = page.locator("[data-name-list] button").first
    expect(first).to_be_focused()
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    expect(page.locator(".file-name").first).to_have_text("pkg/core.py")
    row = page.locator("tr.is-target")
    expect(row).to_have_attribute("data-line", "1")
    expect(row).to_be_focused()
    page.keyboard.press("u")
    page.keyboard.press("Enter")
    expect(page.locator(".results-title")).to_have_text("Uses of add")
    expect(page.locator(".result-line").first).to_be_focused()


def test_a_line_of_a_diff_leads_to_a_definition_in_its_tree(page: Page) -> None:
    page.goto(page.url.replace("left=files&tree=base", "left=issue&right=model"))
    row = page.locator("#right-pane tr.diff-line--added").first
    row.evaluate("row => { row.tabIndex = -1; row.focus(); }")
    page.keyboard.press("d")
    expect(page.locator("[data-name-list] button").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(row).to_be_focused()
    page.keyboard.press("d")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("left=files&tree=model"))


def test_the_selected_name_is_meant(page: Page) -> None:
    page.goto(f"{page.url}&path=pkg/total.py")
    page.locator("tr[data-line='5'] .code").evaluate(
        """code => {
          const range = document.createRange();
          const walker = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
          while (walker.nextNode()) {
            const at = walker.currentNode.data.indexOf("add");
            if (at < 0) continue;
            range.setStart(walker.currentNode, at);
            range.setEnd(walker.currentNode, at + 3);
          }
          getSelection().addRange(range);
        }"""
    )
    page.keyboard.press("d")
    expect(page.locator(".file-name").first).to_have_text("pkg/core.py")


def test_the_code_is_searched_and_a_hit_opened(page: Page) -> None:
    page.keyboard.press("s")
    page.keyboard.type("numbers, ")
    page.keyboard.press("Enter")
    hit = page.locator(".result-line")
    expect(hit).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("tr.is-target")).to_have_attribute("data-line", "5")
    expect(page.locator("tr.is-target")).to_be_in_viewport()
    expect(page.locator(".file-within")).to_contain_text("total")


def test_a_click_on_numbers_marks_lines_and_says_so_in_the_address(page: Page) -> None:
    page.goto(f"{page.url}&path=pkg/long.py")
    page.locator("tr[data-line='20'] td.ln a").click()
    expect(page).to_have_url(re.compile("line=20$"))
    page.locator("tr[data-line='24'] td.ln a").click(modifiers=["Shift"])
    expect(page).to_have_url(re.compile("line=20-24$"))
    expect(page.locator("tr.is-target")).to_have_count(5)


def test_outline_and_history_open_by_key(page: Page) -> None:
    page.goto(f"{page.url}&path=pkg/total.py")
    page.keyboard.press("o")
    expect(page.locator(".symbol a")).to_have_text(re.compile("total"))
    expect(page.locator(".symbol a")).to_be_focused()
    expect(page.locator(".symbol a")).to_be_in_viewport()
    page.keyboard.press("b")
    expect(page.locator("td.blame").first).not_to_be_empty()
    expect(page).to_have_url(re.compile("blame=1"))


def test_the_bar_fits_a_narrow_pane(page: Page) -> None:
    page.set_viewport_size({"width": 1000, "height": 800})
    page.goto(f"{page.url}&path=pkg/total.py&line=5&blame=1")
    pane = page.locator("#left-pane")
    assert pane.evaluate("pane => pane.scrollWidth <= pane.clientWidth")
    assert pane.evaluate("pane => pane.clientWidth") < 400
    for name in ("Definition", "Uses", "Hide history"):
        expect(page.locator(".file-tools").get_by_text(name)).to_be_in_viewport(ratio=1)
