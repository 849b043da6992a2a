"""Writing fast by keyboard: reshape the chain, fold, complete, preview, go back in a history."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from annotator.models import Assignment
from annotator.services.claiming import claim_next
from tests.annotator.conftest import write
from tests.browser.chromium import page_without_troubles
from tests.browser.people import WAIT_MS
from tests.factories import make_batch
from tests.trajectories.conftest import fetched_trajectory
from tests.trajectories.git_repositories import make_sample

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def assignment(annotator: User, tmp_path: Path) -> Assignment:
    """A claimed trajectory of a real repository, with three reasoning steps written."""
    trajectory = fetched_trajectory(make_sample(tmp_path / "sample"))
    assignment = claim_next(annotator, make_batch(trajectory))
    for claim in ("first", "second", "third"):
        write(assignment.annotation, claim=claim, rationale=f"{claim} paragraph\n\nand more")
    return assignment


@pytest.fixture
def page(live_server: LiveServer, annotator: User, assignment: Assignment) -> Iterator[Page]:
    expect.set_options(timeout=WAIT_MS)
    with page_without_troubles(live_server, annotator) as page:
        page.goto(f"{live_server.url}/assignments/{assignment.pk}/")
        expect(claim(page, 3)).to_be_visible()
        yield page


def claim(page: Page, number: int = 1) -> Locator:
    return page.get_by_label(f"Claim of R{number}")


def rationale(page: Page, number: int = 1) -> Locator:
    return page.get_by_label(f"Rationale of R{number}")


def card(page: Page, number: int) -> Locator:
    return page.get_by_role("article", name=f"R{number}", exact=True)


def expect_claims(page: Page, *claims: str) -> None:
    for number, text in enumerate(claims, start=1):
        expect(claim(page, number)).to_have_value(text)
    expect(page.locator("[data-grip]")).to_have_count(len(claims))


# --- reshaping ------------------------------------------------------------------------------------


def test_a_step_is_split_at_the_caret_joined_again_and_both_undone(page: Page) -> None:
    rationale(page).fill("one two")
    rationale(page).press("End")
    for _ in "two":
        rationale(page).press("ArrowLeft")
    page.keyboard.press("Alt+Enter")
    expect(rationale(page, 2)).to_have_value("two")
    expect(rationale(page)).to_have_value("one")
    expect(claim(page, 2)).to_be_focused()
    page.keyboard.press("Alt+ArrowUp")
    expect(rationale(page, 2)).to_have_value("one")
    page.keyboard.press("Escape")
    page.keyboard.press("z")
    expect(rationale(page)).to_have_value("one")
    claim(page).focus()
    page.keyboard.press("Alt+j")
    expect(rationale(page)).to_have_value("one\n\ntwo")
    expect_claims(page, "first", "second", "third")
    page.keyboard.press("Escape")
    page.keyboard.press("z")
    expect(rationale(page, 2)).to_have_value("two")
    page.keyboard.press("z")
    expect(rationale(page)).to_have_value("one two")


def test_the_menu_of_a_step_splits_where_the_caret_was_and_closes(page: Page) -> None:
    field = rationale(page)
    field.focus()
    field.press("Control+Home")
    field.press("Control+ArrowRight")
    menu = card(page, 1).locator("[data-more]")
    menu.locator("summary").click()
    page.keyboard.press("Escape")
    expect(menu).not_to_have_attribute("open", "")
    menu.locator("summary").click()
    menu.get_by_role("button", name="Split R1").click()
    expect(rationale(page)).to_have_value("first")
    expect(rationale(page, 2)).to_have_value("paragraph\n\nand more")


def test_a_card_is_dragged_by_its_grip(page: Page) -> None:
    page.keyboard.press("F")
    grip = card(page, 1).locator("[data-grip]").bounding_box()
    last = card(page, 3).bounding_box()
    assert grip and last
    page.mouse.move(grip["x"] + 4, grip["y"] + 4)
    page.mouse.down()
    page.mouse.move(grip["x"] + 4, last["y"] + last["height"] - 3, steps=4)
    expect(card(page, 3)).to_have_class("reasoning-card is-folded is-drop-below")
    page.mouse.up()
    expect_claims(page, "second", "third", "first")


# --- folding --------------------------------------------------------------------------------------


def test_folding_is_remembered_over_swaps_and_reloads(page: Page) -> None:
    claim(page, 2).focus()
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    expect(rationale(page, 2)).to_be_hidden()
    claim(page, 2).focus()
    page.keyboard.press("Alt+ArrowUp")
    expect(rationale(page, 1)).to_be_hidden()
    page.reload()
    expect(rationale(page, 2)).to_be_visible()
    expect(rationale(page, 1)).to_be_hidden()
    page.keyboard.press("F")
    expect(rationale(page, 3)).to_be_hidden()
    page.keyboard.press("F")
    for number in (1, 2, 3):
        expect(rationale(page, number)).to_be_visible()


# --- mentioning -----------------------------------------------------------------------------------


def offered(page: Page) -> Locator:
    return page.get_by_role("listbox", name="What to mention").get_by_role("option")


def test_a_symbol_is_mentioned_by_keyboard_and_cited(page: Page) -> None:
    field = rationale(page)
    field.fill("see ")
    field.press_sequentially("@add")
    expect(offered(page).first).to_contain_text("add")
    expect(offered(page).first).to_have_attribute("aria-selected", "true")
    expect(field).to_have_attribute("aria-activedescendant", "completion-0")
    page.keyboard.press("Enter")
    expect(field).to_have_value("see `add`")
    expect(field).to_be_focused()
    expect(card(page, 1).locator(".cite-chip")).to_have_text("core.py:1 (base)")
    expect(page.locator("#n-citations")).to_have_text("1 citation")
    page.keyboard.type(" twice")
    expect(field).to_have_value("see `add` twice")
    expect(page.locator("[data-save-state]")).to_have_text(re.compile("^saved"))


def test_arrows_and_tab_choose_and_escape_leaves_the_text(page: Page) -> None:
    field = claim(page, 2)
    field.fill("")
    field.press_sequentially("@core")
    expect(offered(page).nth(0)).to_contain_text("pkg/core.py")
    page.keyboard.press("Escape")
    expect(offered(page)).to_have_count(0)
    expect(field).to_be_focused()
    page.keyboard.type(".py")
    expect(field).to_have_value("@core.py")
    field.fill("")
    field.press_sequentially("@2")
    expect(offered(page).first).to_contain_text("step 2")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Tab")
    expect(field).to_have_value("step 2")
    expect(card(page, 2).locator(".cite-chip")).to_have_text("step 2 thought")


def test_an_offer_is_taken_with_the_mouse(page: Page) -> None:
    field = rationale(page, 3)
    field.fill("")
    field.press_sequentially("@core.py:2")
    offered(page).filter(has_text="pkg/core.py:2").click()
    expect(field).to_have_value("`core.py:2`")
    expect(card(page, 3).locator(".cite-chip")).to_have_text("core.py:2 (base)")


# --- the preview ----------------------------------------------------------------------------------


def test_the_preview_follows_the_typing_and_its_references_open_beside_it(page: Page) -> None:
    card(page, 1).get_by_text("Preview").click()
    shown = card(page, 1).locator("[data-preview-text]")
    expect(shown).to_contain_text("first paragraph")
    rationale(page).fill("see *this* in step 2")
    expect(shown.locator("em")).to_have_text("this")
    shown.get_by_role("link", name="step 2").click()
    expect(page.locator("[data-step-shown='2']")).to_be_visible()
    claim(page).focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(card(page, 2).locator("[data-preview-text]")).to_contain_text("step 2")


# --- from evidence to the steps that cite it ------------------------------------------------------


def test_a_cited_line_names_its_steps_and_leads_to_them_by_key(page: Page) -> None:
    for number in (1, 3):
        field = rationale(page, number)
        field.fill("")
        field.press_sequentially("@core.py:2")
        offered(page).filter(has_text="pkg/core.py:2").click()
        expect(card(page, number).locator(".cite-chip")).to_have_count(1)
    page.keyboard.press("Escape")
    card(page, 1).locator(".cite-chip").click()
    row = page.locator("#left-pane tr[data-line='2']")
    expect(row.get_by_role("link", name="Cited by")).to_have_count(2)
    text = row.locator(".code").inner_text()
    assert "R1" not in row.locator(".code").evaluate("code => code.textContent"), text
    row.evaluate("row => { row.tabIndex = -1; row.focus(); }")
    page.keyboard.press("r")
    expect(card(page, 1)).to_be_focused()
    row.evaluate("row => row.focus()")
    page.keyboard.press("r")
    expect(card(page, 3)).to_be_focused()
    row.get_by_role("link", name="Cited by R1").click()
    expect(card(page, 1)).to_be_focused()
    page.reload()
    expect(row.get_by_role("link", name="Cited by R3")).to_be_visible()
    card(page, 3).get_by_role("button", name="Remove the citation").click()
    expect(row.get_by_role("link", name="Cited by R3")).to_have_count(0)


def test_a_cited_thought_carries_the_mark_and_is_quoted_without_it(page: Page) -> None:
    field = rationale(page)
    field.fill("")
    field.press_sequentially("@2")
    expect(offered(page).first).to_contain_text("step 2")
    page.keyboard.press("Enter")
    card(page, 1).locator(".cite-chip").click()
    thought = page.locator("[data-cite-kind='thought'][data-step='2']")
    expect(thought.get_by_role("link", name="Cited by R1")).to_be_visible()
    assert "R1" not in (thought.text_content() or "")


def test_keys_go_from_step_to_step_and_type_nothing_until_one_begins_to_write(page: Page) -> None:
    for key, number in ("]", 1), ("]", 2), ("]", 3), ("]", 3), ("[", 2):
        page.keyboard.press(key)
        expect(card(page, number)).to_be_focused()
    page.keyboard.press("Enter")
    expect(claim(page, 2)).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.type("!")
    expect(claim(page, 2)).to_have_value("second!")


def test_citing_leaves_the_focus_in_the_evidence(page: Page) -> None:
    page.keyboard.press("[")
    line = page.locator("#left-pane [data-cite-kind='observation'] [data-line='1']")
    line.evaluate("line => { line.tabIndex = -1; line.focus(); }")
    page.keyboard.press("c")
    expect(card(page, 1).locator(".cite-chip")).to_have_count(1)
    expect(line).to_be_focused()


# --- the history ----------------------------------------------------------------------------------


def test_a_version_is_looked_up_and_brought_back_by_keyboard(page: Page) -> None:
    claim(page).fill("changed claim")
    page.keyboard.press("Escape")
    page.keyboard.press("H")
    dialog = page.get_by_role("dialog", name="History of R1")
    expect(dialog.get_by_role("listitem").first).to_contain_text("changed it")
    expect(dialog.locator("ins").first).to_contain_text("changed claim")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    page.keyboard.press("H")
    button = dialog.get_by_role("button", name="Bring version 1 back")
    button.focus()
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(claim(page)).to_have_value("")
    expect(card(page, 1)).to_be_focused()
    page.keyboard.press("z")
    expect(claim(page)).to_have_value("changed claim")
