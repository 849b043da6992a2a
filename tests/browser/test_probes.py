"""A claim is executed from its reasoning step, cited, handed in, and run again by a reviewer."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.browser.people import RUN_MS, Person, Workspace, browser_running, person
from tests.running_site import RunningSite, running_site, short_folder

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("journey")]

COMMAND = "python -c 'import almanac; print(1 + 1)'"


@pytest.fixture(scope="module")
def site() -> Iterator[RunningSite]:
    with short_folder() as folder, running_site(folder / "data") as site:
        yield site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browser_running() as browser:
        yield browser


def test_a_claim_is_checked_cited_and_run_again(site: RunningSite, browser: Browser) -> None:
    annotator, reviewer = (
        person(browser, site.url, name, site.passwords[name]) for name in ("annotator1", "reviewer")
    )
    desk = Workspace(annotator)
    claim_one(annotator)
    desk.answer_overview(
        dict.fromkeys(("strategy", "well_specified", "tests_fair"), "See the checks."),
        ended="gave_up",
        why="Only the checks are asked for.",
    )
    card = desk.add_step(1, "e", "Two checks show it", "See below.")
    desk.saved()
    check_a_command_by_keyboard(desk, card)
    check_a_test(desk, card)
    judged = card.locator(".probe-state")
    expect(judged.nth(0)).to_contain_text("as claimed ✓ The output has a match.", timeout=RUN_MS)
    expect(judged.nth(1)).to_contain_text("not as claimed ✗", timeout=RUN_MS)
    card.get_by_role("button", name="Cite the result").first.click()
    expect(card.locator(".cite-chip")).to_contain_text("check: As claimed")
    desk.let_stand("did not come out as claimed", "It shows how a test that passes is judged.")
    desk.hand_in()
    expect(card.locator(".probe")).to_have_count(2)
    run_again(reviewer)
    # A browser calls the refusal of what was typed an error.
    [refusal] = annotator.troubles
    assert "status of 422" in refusal
    assert reviewer.troubles == []


def claim_one(annotator: Person) -> None:
    annotator.page.get_by_role("link", name="Batches").click()
    annotator.page.get_by_role("button", name="Claim next").first.click()
    annotator.page.wait_for_url("**/assignments/*/")


def check_a_command_by_keyboard(desk: Workspace, card: Locator) -> None:
    """What is typed stays while the column around it is fetched again."""
    card.get_by_role("link", name="Check this claim").focus()
    desk.page.keyboard.press("Enter")
    command = card.get_by_label("or a shell command")
    command.focus()
    desk.page.keyboard.type(COMMAND)
    card.get_by_label("Covers steps").fill("1")
    desk.page.keyboard.press("Tab")
    expect(desk.page.locator("[data-save-state]")).to_contain_text("saved")
    expect(command).to_have_value(COMMAND)
    card.get_by_label("What is expected").select_option("output_matches")
    card.get_by_label("Status, text or regular expression").fill("^2$")
    desk.page.keyboard.press("Enter")
    expect(card.locator(".probe")).to_contain_text(COMMAND)
    expect(card.locator(".probe-form")).to_have_count(0)


def check_a_test(desk: Workspace, card: Locator) -> None:
    """The task's own tests are offered; what cannot be run is said beside what was typed."""
    card.get_by_role("link", name="Check this claim").click()
    form = card.locator(".probe-form")
    test = form.get_by_label("Test 1", exact=True)
    test.fill("test_no_such")
    form.get_by_role("button", name="Run it").click()
    expect(form.get_by_role("alert")).to_contain_text("The task names no test test_no_such")
    expect(test).to_have_value("test_no_such")
    test.fill("tests/")
    offered = card.locator("datalist option").first
    expect(offered).to_have_attribute("value", re.compile("^tests/"))
    test.fill(offered.get_attribute("value") or "")
    form.get_by_label("on", exact=True).select_option("gold")
    form.get_by_role("button", name="Run it").click()
    expect(card.locator(".probe")).to_have_count(2)


def run_again(reviewer: Person) -> None:
    page = reviewer.page
    page.get_by_role("link", name="Reviews").first.click()
    page.get_by_role("region", name="Waiting for review").get_by_role("link").first.click()
    checked = page.locator(".review-step .probes li").first
    expect(checked).to_contain_text("When handed in: as claimed ✓")
    checked.get_by_role("button", name="Run again").click()
    expect(checked).to_contain_text("Earlier: run")
    expect(checked.locator(".probe-state")).to_contain_text("as claimed ✓", timeout=RUN_MS)
    checked.get_by_role("link", name=re.compile("log of run")).click()
    expect(page.get_by_role("main")).to_contain_text(COMMAND)
