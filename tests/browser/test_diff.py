"""A diff by keyboard in a real browser: seen files, lines around a hunk, addresses."""

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
from trajectories.models import Trajectory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LINES = [f"value_{number} = {number}" for number in range(1, 201)]


@pytest.fixture
def trajectory(db: None, tmp_path: Path) -> Trajectory:
    """A trajectory that changes one line of each of twelve long files."""
    sample = make_sample(tmp_path / "sample")
    text = "".join(f"{line}\n" for line in LINES).encode()
    sample.add_files({f"file_{number:02}.py": text for number in range(12)})
    trajectory = fetched_trajectory(sample)
    context = [f" {line}\n" for line in LINES]
    hunk = [*context[:3], "-value_4 = 4\n", "+value_4 = four\n", *context[4:60]]
    trajectory.model_patch = "".join(
        f"--- a/file_{number:02}.py\n+++ b/file_{number:02}.py\n@@ -1,60 +1,60 @@\n{''.join(hunk)}"
        for number in range(12)
    )
    trajectory.save()
    return trajectory


@pytest.fixture
def page(live_server: LiveServer, admin_user: User, trajectory: Trajectory) -> Iterator[Page]:
    with page_without_troubles(live_server, admin_user) as page:
        page.goto(f"{live_server.url}/trajectories/{trajectory.pk}/?right=model")
        yield page


def focused_path(page: Page) -> str:
    return str(page.evaluate("document.activeElement.closest('.diff-file')?.dataset.path"))


def test_a_key_marks_a_file_as_seen_and_goes_on_to_the_next(page: Page) -> None:
    for number in (1, 2, 3):
        page.keyboard.press("m")
        expect(page.locator("#diff-model-count")).to_have_text(f"{number} of 12 files seen")
        current = page.locator(f"[data-path='file_{number:02}.py']")
        expect(current.locator("table.diff")).to_be_visible()
        expect(current).to_be_focused()
    assert page.locator(".diff-tree a.is-seen").count() == 3
    page.reload()
    expect(page.locator("#diff-model-count")).to_have_text("3 of 12 files seen")
    expect(page.locator("[data-path='file_00.py'] details")).not_to_have_attribute("open", "")


def test_a_key_opens_lines_around_the_current_hunk(page: Page, live_server: LiveServer) -> None:
    page.keyboard.press(".")
    assert focused_path(page) == "file_00.py"
    file = page.locator("[data-path='file_00.py']")
    expect(file.locator("[data-new-line='80']")).to_have_count(0)
    page.keyboard.press("e")
    expect(file.locator("[data-new-line='80']")).to_be_visible()
    assert focused_path(page) == "file_00.py"


@pytest.mark.parametrize("link", ["Side by side", "Hide blanks"])
def test_a_diff_that_is_drawn_otherwise_stays_where_it_is_with_what_was_opened(
    page: Page, link: str
) -> None:
    file = page.locator("[data-path='file_00.py']")
    page.keyboard.press(".")
    page.keyboard.press("e")
    row = file.locator("tr[data-line='75']")
    row.focus()
    row.evaluate("row => row.scrollIntoView({ block: 'start' })")
    top = row.bounding_box()
    page.get_by_role("link", name=link).evaluate("link => link.click()")
    expect(page.get_by_role("link", name=link)).to_have_count(0)
    line = file.locator("[data-line='75'][data-side='new']")
    expect(line).to_be_visible()
    assert top and (now := line.bounding_box()) and abs(now["y"] - top["y"]) < 3
    assert focused_path(page) == "file_00.py"


def test_a_diff_that_is_drawn_otherwise_keeps_the_hunk_that_a_key_went_to(page: Page) -> None:
    page.keyboard.press(".")
    hunk = page.locator("[data-path='file_00.py'] tr[data-hunk]").first
    expect(hunk).to_be_focused()
    top = hunk.bounding_box()
    page.keyboard.press("v")
    expect(page.get_by_role("link", name="Unified")).to_be_visible()
    expect(hunk).to_be_focused()
    assert top and (now := hunk.bounding_box()) and abs(now["y"] - top["y"]) < 3


def test_an_address_goes_to_its_line(
    page: Page, live_server: LiveServer, trajectory: Trajectory
) -> None:
    address = f"/trajectories/{trajectory.pk}/?right=model&file=file_11.py&at=n150"
    page.goto(live_server.url + address)
    target = page.locator("tr.is-target")
    expect(target).to_be_in_viewport()
    expect(target.locator("td.code")).to_have_text("value_150 = 150")


def test_a_seen_file_opens_again_where_a_link_leads_to_it(page: Page) -> None:
    page.keyboard.press("m")
    expect(page.locator("#diff-model-count")).to_have_text(re.compile("^1 of 12"))
    page.locator(".diff-tree a").first.click()
    expect(page.locator("[data-path='file_00.py'] table.diff")).to_be_visible()
