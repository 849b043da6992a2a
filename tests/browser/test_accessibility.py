"""Every page in both themes under axe, and at 200 % zoom: no violation, nothing cut off."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.test import Client
from playwright.sync_api import Browser, Page
from pytest_django.live_server_helper import LiveServer

from tests.browser.chromium import running_chromium
from tests.trajectories.git_repositories import make_sample
from tests.world import World, make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Half of a 1280 px wide window: what is left of it at 200 % zoom.
ZOOMED = (640, 400)
USUAL = (1280, 800)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(make_sample(tmp_path / "sample"))


@pytest.fixture
def sessions(world: World) -> dict[str, str]:
    """Sign everybody in, before the browser's event loop keeps Django from the database."""
    found = {}
    for name, user in world.people.items():
        client = Client()
        client.force_login(user)
        found[name] = client.cookies["sessionid"].value
    return found


@pytest.fixture
def browser(sessions: dict[str, str]) -> Iterator[Browser]:
    with running_chromium() as browser:
        yield browser


def addresses(world: World, person: str) -> list[str]:
    """Return the pages of a person, the workspace and the reading page with each of their panes."""
    reading = world.foreign.trajectory.get_absolute_url()
    panes = [
        "?left=issue&right=gold",
        "?left=files&tree=base&path=pkg/core.py&line=2&right=tests",
        "?left=files&tree=base&right=test",
        "?left=files&tree=model&path=pkg/core.py&line=2&blame=1&outline=1",
        "?left=files&tree=base&look=text&code=ad.&regex=1",
        "?left=files&tree=base&look=text&code=(&regex=1",
        "?left=files&tree=tests&look=uses&code=add&path=pkg/core.py",
        "?left=files&tree=base&look=definition&code=nowhere",
        "?left=step&step=2&right=model&view=split",
        "?left=step&step=2&right=step-2&find=nothing",
    ]
    pk = world.foreign.trajectory.pk
    beside = [f"{reading}beside/{pk}/?a=1&b=2", f"{reading}beside/{pk}/?right=beside-{pk}"]
    if person == "admin":
        task = world.foreign.trajectory.task.instance_id
        return [
            *("/", "/batches/", "/batches/foreign/", "/load/", "/status/", "/people/", "/reviews/"),
            *("/recipes/", f"/recipes/{world.environment.recipe_id}/"),
            *(f"/tasks/{task}/", f"/runs/{world.foreign.gold_run.pk}/", "/batches/foreign/export/"),
            *(reading + pane for pane in panes),
            *(f"{reading}?left=step&step=2&part=output-0.2&q=line", "/search/?q=line"),
            *beside,
            f"/assignments/{world.shared.assignment.pk}/time/",
            *(f"/search/?q=reproduction&batch={slug}" for slug in ("foreign", "shared")),
            f"{reading}?q=reproduction",
        ]
    if person == "nils":
        workspaces = (world.shared.assignment.pk, world.blind.assignment.pk)
        checks = (
            f"/reasoning/{world.shared.step.uid}/check/",
            f"/probes/{world.shared.probe.uid}/",
        )
        time = f"/assignments/{workspaces[0]}/time/"
        return [
            "/",
            "/time/",
            "/batches/shared/",
            time,
            *(f"/assignments/{pk}/" for pk in workspaces),
            *checks,
        ]
    time = f"/assignments/{world.foreign.assignment.pk}/time/"
    return ["/reviews/", f"/reviews/submissions/{world.submission.pk}/", time]


def open_as(browser: Browser, live_server: LiveServer, session: str) -> Page:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    return context.new_page()


def violations(page: Page) -> list[str]:
    """Return what axe finds in both themes: the theme, the rule and the elements."""
    found = []
    # What has been scrolled below a header that stays is covered for the moment only.
    page.evaluate("document.querySelectorAll('.pane-body').forEach((e) => { e.scrollTop = 0 })")
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        results = Axe().run(
            page, options={"runOnly": RULES, "resultTypes": ["violations"], "preload": False}
        )
        found += [
            f"{theme}: {violation['id']}: {node['target']}"
            for violation in results.response["violations"]
            for node in violation["nodes"]
            if not is_line_number(violation["id"], node["html"])
        ]
    return found


def is_line_number(rule: str, element: str) -> bool:
    """WCAG 2.5.8 excepts targets whose height is that of a line of text that is no target."""
    return rule == "target-size" and re.search(r">\d+</a>$", element) is not None


def overflow(page: Page) -> int:
    """Return how many pixels a page is wider than its window, at 200 % zoom."""
    resize(page, ZOOMED)
    wider: int = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    resize(page, USUAL)
    return max(0, wider)


def resize(page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})


@pytest.mark.parametrize("person", ["admin", "nils", "reviewer"])
def test_no_page_has_a_violation_or_is_cut_off_when_zoomed(
    person: str,
    browser: Browser,
    sessions: dict[str, str],
    live_server: LiveServer,
    world: World,
) -> None:
    page = open_as(browser, live_server, sessions[person])
    faults = []
    for address in addresses(world, person):
        response = page.goto(live_server.url + address)
        assert response is not None and response.ok, address
        faults += [f"{address}: {fault}" for fault in violations(page)]
        if wider := overflow(page):
            faults.append(f"{address}: {wider} px wider than the window at 200 %")
    assert not faults, "\n".join(faults)


def test_a_submission_has_no_violation_with_everything_opened(
    browser: Browser, sessions: dict[str, str], live_server: LiveServer, world: World
) -> None:
    """The chain drawn, quotes, changes and what was checked stand in what is folded at first."""
    page = open_as(browser, live_server, sessions["reviewer"])
    page.goto(f"{live_server.url}/reviews/submissions/{world.submission.pk}/")
    page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true })")
    assert page.locator(".graph-step").first.is_visible()
    assert violations(page) == []
    assert overflow(page) == 0


def test_the_map_of_keys_has_no_violation(
    browser: Browser, sessions: dict[str, str], live_server: LiveServer, world: World
) -> None:
    page = open_as(browser, live_server, sessions["nils"])
    page.goto(f"{live_server.url}/assignments/{world.shared.assignment.pk}/")
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
    assert violations(page) == []


@pytest.mark.clock
def test_the_question_of_the_clock_has_no_violation(
    browser: Browser, sessions: dict[str, str], live_server: LiveServer, world: World
) -> None:
    page = open_as(browser, live_server, sessions["nils"])
    page.goto(f"{live_server.url}/assignments/{world.shared.assignment.pk}/")
    page.evaluate("document.querySelector('[data-clock]').dataset.idleSeconds = 1")
    page.get_by_role("dialog").wait_for()
    assert violations(page) == []
    page.goto("about:blank")
    page.wait_for_timeout(300)


def test_the_forms_of_the_entries_have_no_violation(
    browser: Browser, sessions: dict[str, str], live_server: LiveServer, world: World
) -> None:
    page = open_as(browser, live_server, sessions["nils"])
    page.goto(f"{live_server.url}/assignments/{world.shared.assignment.pk}/time/")
    page.evaluate("document.querySelectorAll('details').forEach((e) => { e.open = true })")
    assert violations(page) == []
    assert overflow(page) == 0
