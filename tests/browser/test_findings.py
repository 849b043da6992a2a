"""What the checks found, beside what is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from annotator.services.claiming import claim_next
from tests.annotator.conftest import write
from tests.browser.chromium import page_without_troubles
from tests.factories import make_batch
from tests.trajectories.conftest import fetched_trajectory
from tests.trajectories.git_repositories import make_sample

pytestmark = [
    pytest.mark.browser,
    pytest.mark.checks,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def page(live_server: LiveServer, annotator: User, tmp_path: Path) -> Iterator[Page]:
    """The workspace, with one reasoning step that has no claim, and the findings listed."""
    trajectory = fetched_trajectory(make_sample(tmp_path / "sample"))
    assignment = claim_next(annotator, make_batch(trajectory))
    write(assignment.annotation, claim="")
    with page_without_troubles(live_server, annotator) as page:
        page.goto(f"{live_server.url}/assignments/{assignment.pk}/")
        yield page


def test_the_list_is_folded_at_first_and_stays_unfolded_while_one_writes(page: Page) -> None:
    said = page.locator("#findings").get_by_text("R1 has no claim")
    expect(said).to_be_attached()
    expect(said).to_be_hidden()
    page.locator("[data-findings-list] > summary").click()
    expect(said).to_be_visible()
    page.get_by_label("Claim of R1").fill("The sign is wrong")
    expect(said).not_to_be_attached()
    expect(page.locator("[data-findings-list] li").first).to_be_visible()


def test_a_reason_that_is_being_typed_outlives_a_new_list(page: Page) -> None:
    page.locator("[data-findings-list] > summary").click()
    finding = page.locator(".finding").filter(has_text="The root cause is not stated")
    finding.locator("summary").click()
    page.get_by_label("Claim of R1").fill("The sign is wrong")
    # The list is drawn again once this is saved.
    reason = finding.get_by_label("Why it may stand")
    reason.press_sequentially("Nothing is")
    gone = page.locator("#findings").get_by_text("R1 has no claim")
    expect(gone).not_to_be_attached()
    expect(reason).to_be_focused()
    page.keyboard.type(" broken")
    expect(reason).to_have_value("Nothing is broken")


def test_the_active_step_stays_marked_when_the_column_is_drawn_again(page: Page) -> None:
    active = page.locator("[data-card][data-active]")
    page.keyboard.press("n")
    page.keyboard.press("o")
    expect(active).to_have_attribute("aria-label", "R2")
    page.get_by_role("button", name="Move R2 up").click()
    expect(active).to_have_attribute("aria-label", "R1")
    expect(page.locator(".htmx-added, .htmx-settling")).to_have_count(0)
    expect(active).to_have_attribute("aria-label", "R1")
