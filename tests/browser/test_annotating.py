"""What is written outlives the connection, the page and the browser; undo goes back over them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.test import Client
from playwright.sync_api import Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from annotator.services.claiming import claim_next
from tests.browser.chromium import ARGUMENTS, page_without_troubles
from tests.browser.people import WAIT_MS, Keyboard
from tests.factories import make_batch, make_trajectory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def address(live_server: LiveServer, annotator: User) -> str:
    assignment = claim_next(annotator, make_batch(make_trajectory()))
    return f"{live_server.url}/assignments/{assignment.pk}/"


@contextmanager
def browser_at_home(profile: Path, address: str, annotator: User) -> Iterator[Page]:
    """Start a browser that keeps its profile, as people's do."""
    client = Client()
    client.force_login(annotator)
    home = address.partition("/assignments")[0]
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": home}
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(profile), executable_path=shutil.which("chromium"), args=list(ARGUMENTS)
        )
        context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.pages[0]
        page.goto(address)
        yield page
        context.close()


def test_what_was_typed_without_a_connection_outlives_the_browser(
    address: str, annotator: User, tmp_path: Path
) -> None:
    expect.set_options(timeout=WAIT_MS)
    with browser_at_home(tmp_path, address, annotator) as page:
        person = Keyboard(page)
        person.press("n", "o")
        claim = page.get_by_label("Claim of R1")
        expect(claim).to_be_focused()
        person.type("Half of it is saved,")
        person.saved()
        page.context.set_offline(True)
        person.type(" and half of it is not")
        expect(page.locator("[data-save-state]")).to_have_text("not saved — kept in this browser")
    with browser_at_home(tmp_path, address, annotator) as page:
        whole = "Half of it is saved, and half of it is not"
        expect(page.get_by_label("Claim of R1")).to_have_value(whole)
        Keyboard(page).saved()
        page.reload()
        expect(page.get_by_label("Claim of R1")).to_have_value(whole)


def test_undo_goes_back_across_a_reload_and_redo_forward(
    live_server: LiveServer, address: str, annotator: User
) -> None:
    expect.set_options(timeout=WAIT_MS)
    with page_without_troubles(live_server, annotator) as page:
        page.goto(address)
        person = Keyboard(page)
        person.press("n", "o")
        expect(page.get_by_label("Claim of R1")).to_be_focused()
        person.type("It is the sign")
        person.press("Escape")
        person.saved()
        person.press("3")
        expect(page.locator(".judged")).to_have_text("1 misstep")

        page.reload()
        person.press("z")
        expect(page.locator(".reasoning-said")).to_have_text("Undone: the judgement of step 1.")
        expect(page.locator(".judged")).to_have_count(0)
        person.press("z")
        expect(page.get_by_label("Claim of R1")).to_have_value("")
        person.press("z")
        expect(page.locator("[data-card]")).to_have_count(0)

        page.reload()
        said = page.locator(".reasoning-said")
        for done in ("a new step", "a change of claim", "the judgement of step 1"):
            person.press("Z")
            expect(said).to_contain_text(f"Done again: {done}")
        expect(page.get_by_label("Claim of R1")).to_have_value("It is the sign")
        expect(page.locator(".judged")).to_have_text("1 misstep")
