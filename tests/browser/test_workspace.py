"""Writing in a real browser: what is typed is never lost and never overwrites unseen."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from annotator.models import Assignment
from annotator.services.claiming import claim_next, policy_of
from tests.annotator.conftest import write
from tests.browser.chromium import signed_in_browser
from tests.browser.people import WAIT_MS
from tests.factories import make_batch, make_trajectory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SAVES = re.compile(r"/(reasoning/[0-9a-f-]+|annotations/\d+/diagnosis)/$")


@pytest.fixture
def assignment(annotator: User) -> Assignment:
    """A claimed trajectory of a blind batch, with one reasoning step written."""
    batch = make_batch(make_trajectory())
    policy = policy_of(batch)
    policy.blind_first = True
    policy.save()
    assignment = claim_next(annotator, batch)
    write(assignment.annotation, claim="base claim", rationale="base rationale")
    return assignment


@pytest.fixture
def browser(
    live_server: LiveServer, annotator: User, assignment: Assignment
) -> Iterator[BrowserContext]:
    """Chromium with the annotator signed in."""
    expect.set_options(timeout=WAIT_MS)
    with signed_in_browser(live_server, annotator) as context:
        yield context


@pytest.fixture
def address(live_server: LiveServer, assignment: Assignment) -> str:
    return f"{live_server.url}/assignments/{assignment.pk}/"


def opened(browser: BrowserContext, address: str) -> Page:
    page = browser.new_page()
    page.goto(address)
    expect(claim(page)).to_be_visible()
    return page


@pytest.fixture
def page(browser: BrowserContext, address: str) -> Page:
    return opened(browser, address)


def claim(page: Page, number: int = 1) -> Locator:
    return page.get_by_label(f"Claim of R{number}")


def rationale(page: Page, number: int = 1) -> Locator:
    return page.get_by_label(f"Rationale of R{number}")


def state(page: Page) -> Locator:
    return page.locator("[data-save-state]")


def expect_saved(page: Page) -> None:
    expect(state(page)).to_have_text(re.compile("^saved"))


# --- writing --------------------------------------------------------------------------------------


def test_a_step_is_written_by_keyboard_and_is_there_after_a_reload(page: Page) -> None:
    page.keyboard.press("n")
    page.keyboard.press("h")
    expect(claim(page, 2)).to_be_focused()
    page.keyboard.type("nobody [calls] can? c")
    expect_saved(page)
    page.reload()
    expect(claim(page, 2)).to_have_value("nobody [calls] can? c")
    expect(page.get_by_label("Kind of R2")).to_have_value("hypothesis")
    expect(page.locator("[data-card]")).to_have_count(2)


def test_the_preview_follows_what_is_saved(page: Page) -> None:
    page.get_by_text("Preview").click()
    shown = page.locator("[data-preview-text]")
    expect(shown).to_have_text("base rationale")
    rationale(page).fill("now *with* `code`")
    expect(shown.locator("em")).to_have_text("with")


def test_what_was_typed_last_is_saved_when_the_page_is_left(page: Page, address: str) -> None:
    rationale(page).fill("typed just before leaving")
    page.goto(address.replace("/assignments/", "/?from="))
    page.goto(address)
    expect(rationale(page)).to_have_value("typed just before leaving")


def test_a_selection_is_cited_found_again_removed_and_brought_back(page: Page) -> None:
    page.locator("[data-outline] li[data-step='2'] a").click()
    thought = page.locator("[data-cite-kind='thought'][data-step='2']")
    claim(page).focus()
    thought.locator("p, pre").or_(thought).last.click(click_count=3, position={"x": 12, "y": 8})
    page.keyboard.press("c")
    chip = page.locator("#reasoning .cite-chip")
    expect(chip).to_have_text("step 2 thought")
    page.locator("[data-outline] li[data-step='1'] a").click()
    expect(thought).to_have_count(0)
    chip.click()
    expect(thought).to_be_visible()
    page.get_by_role("button", name="Remove the citation").click()
    expect(chip).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(chip).to_have_count(1)


# --- two windows ----------------------------------------------------------------------------------


def test_the_same_field_in_two_tabs_is_told_shows_both_texts_and_loses_neither(
    browser: BrowserContext, page: Page, address: str
) -> None:
    other = opened(browser, address)
    claim(page).fill("claim of the first tab")
    expect_saved(page)
    claim(other).fill("claim of the second tab")
    merge = other.locator("form[data-merge]")
    expect(merge.get_by_role("alert")).to_contain_text("Another window changed this step")
    expect(merge.locator("[data-theirs]")).to_have_text("claim of the first tab")
    expect(merge.locator("[data-mine]")).to_have_text("claim of the second tab")
    expect(state(other)).to_have_text("not saved — kept in this browser")
    merge.get_by_label("Merged claim").fill("claim of the first and the second tab")
    merge.get_by_role("button", name="Save the merged step").click()
    expect(merge).to_have_count(0)
    expect_saved(other)
    page.reload()
    expect(claim(page)).to_have_value("claim of the first and the second tab")


def test_different_fields_in_two_tabs_are_both_kept_while_typing_goes_on(
    browser: BrowserContext, page: Page, address: str
) -> None:
    other = opened(browser, address)
    claim(page).fill("claim of the first tab")
    expect_saved(page)
    held: list[Route] = []
    other.route(SAVES, lambda route: held.append(route), times=1)
    with other.expect_request(SAVES):
        rationale(other).fill("rationale")
    rationale(other).press_sequentially(" of the second tab")
    held[0].continue_()
    expect(claim(other)).to_have_value("claim of the first tab")
    expect_saved(other)
    page.reload()
    expect(claim(page)).to_have_value("claim of the first tab")
    expect(rationale(page)).to_have_value("rationale of the second tab")


def test_covered_steps_of_another_tab_appear_while_text_is_written(
    browser: BrowserContext, page: Page, address: str
) -> None:
    other = opened(browser, address)
    page.get_by_label("Covers steps").fill("1-2")
    page.get_by_label("Covers steps").press("Tab")
    expect_saved(page)
    rationale(other).fill("rationale of the second tab")
    expect(other.get_by_label("Covers steps")).to_have_value("1-2")
    expect(rationale(other)).to_be_focused()
    rationale(other).press_sequentially(", and more")
    expect_saved(other)
    page.reload()
    expect(page.get_by_label("Covers steps")).to_have_value("1-2")
    expect(rationale(page)).to_have_value("rationale of the second tab, and more")


def test_a_reply_that_is_being_written_outlives_a_change_of_the_column(
    browser: BrowserContext, address: str, settings: object
) -> None:
    settings.ANNOTATION_NOTES = "tests.annotator.test_workspace_page.remarks"  # type: ignore[attr-defined]
    page = opened(browser, address)
    page.get_by_text("Reply", exact=True).click()
    page.get_by_label("Reply").fill("Half a reply")
    page.get_by_role("button", name="Observation").click()
    expect(page.locator("[data-card]")).to_have_count(2)
    expect(page.get_by_label("Reply")).to_have_value("Half a reply")


# --- what could not be saved ----------------------------------------------------------------------


@pytest.mark.parametrize("field", ["Rationale of R1", "Root cause and plan"])
def test_what_could_not_be_sent_stays_in_the_browser_over_a_reload(page: Page, field: str) -> None:
    page.route(SAVES, lambda route: route.abort())
    page.get_by_label(field).fill("typed without a connection")
    expect(state(page)).to_have_text("not saved — kept in this browser")
    page.unroute(SAVES)
    page.reload()
    expect(page.get_by_label(field)).to_have_value("typed without a connection")
    expect_saved(page)
    page.reload()
    expect(page.get_by_label(field)).to_have_value("typed without a connection")


def test_a_failed_save_is_sent_again_by_itself(page: Page) -> None:
    page.route(SAVES, lambda route: route.fulfill(status=500), times=1)
    rationale(page).fill("the server stumbled")
    expect(page.locator("[data-card] [data-card-state]").last).to_contain_text("not saved")
    expect_saved(page)
    page.reload()
    expect(rationale(page)).to_have_value("the server stumbled")


def test_a_save_after_signing_out_says_so_and_keeps_the_text(page: Page) -> None:
    page.context.clear_cookies()
    rationale(page).fill("typed after signing out")
    expect(page.locator("[data-card] [data-card-state]").last).to_contain_text("signed out")
    expect(state(page)).to_have_text("not saved — kept in this browser")
