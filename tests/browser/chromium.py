"""The distribution's Chromium, and people signed in at the tests' own server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

if TYPE_CHECKING:
    # Not at run time: the screenshots are made without Django's settings.
    from accounts.models import User

# Root, whom a container's tests often run as, gets no sandbox of Chromium's own; and nothing here
# looks for hosts beyond this machine.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@contextmanager
def running_chromium() -> Iterator[Browser]:
    """Start the browser; playwright's own download is never used."""
    executable = shutil.which("chromium")
    assert executable, "chromium is not installed: sudo apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        yield browser
        browser.close()


@contextmanager
def signed_in_browser(live_server: LiveServer, user: User) -> Iterator[BrowserContext]:
    """Start a browser of 1280 by 800 in which the person is signed in."""
    client = Client()
    client.force_login(user)
    cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value}
    with running_chromium() as browser:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        context.add_cookies([{**cookie, "url": live_server.url}])
        yield context


@contextmanager
def page_without_troubles(live_server: LiveServer, user: User) -> Iterator[Page]:
    """Open a page; errors in its console, the refusals of its policy too, fail the test."""
    with signed_in_browser(live_server, user) as context:
        page = context.new_page()
        troubles: list[str] = []
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "console", lambda said: troubles.append(said.text) if said.type == "error" else None
        )
        yield page
        assert troubles == []
