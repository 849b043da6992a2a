"""The clock of the workspace in a real browser: use, pauses, the question, a cut connection.

The limits are seconds here instead of minutes: the clock reads them from the page at each tick.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs

import pytest
from django.db import connection
from django.utils import timezone
from playwright.sync_api import Locator, Page, Request, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from annotator.models import Assignment, TimeEntry
from annotator.services.claiming import claim_next
from tests.browser.chromium import page_without_troubles, signed_in_browser
from tests.browser.people import WAIT_MS
from tests.factories import make_batch
from tests.trajectories.conftest import fetched_trajectory
from tests.trajectories.git_repositories import make_sample

pytestmark = [pytest.mark.browser, pytest.mark.clock, pytest.mark.django_db(transaction=True)]


Result = TypeVar("Result")


@pytest.fixture
def assignment(annotator: User, tmp_path: Path) -> Assignment:
    trajectory = fetched_trajectory(make_sample(tmp_path / "sample"))
    assignment = claim_next(annotator, make_batch(trajectory))
    past = timezone.now() - timedelta(days=3)
    Assignment.objects.filter(pk=assignment.pk).update(claimed_at=past, changed_at=past)
    return assignment


@pytest.fixture
def page(live_server: LiveServer, annotator: User, assignment: Assignment) -> Iterator[Page]:
    expect.set_options(timeout=WAIT_MS)
    with page_without_troubles(live_server, annotator) as page:
        yield open_workspace(page, live_server, assignment)
        leave(page)


@pytest.fixture
def page_cut_off(
    live_server: LiveServer, annotator: User, assignment: Assignment
) -> Iterator[Page]:
    """As `page`, where requests may fail: the browser says so in its console."""
    expect.set_options(timeout=WAIT_MS)
    with signed_in_browser(live_server, annotator) as context:
        page = context.new_page()
        yield open_workspace(page, live_server, assignment)
        leave(page)


def open_workspace(page: Page, live_server: LiveServer, assignment: Assignment) -> Page:
    page.goto(f"{live_server.url}/assignments/{assignment.pk}/")
    expect(clock(page)).to_be_visible()
    return page


@pytest.fixture
def beats(page: Page) -> list[list[Any]]:
    """Collect what the heartbeats from now on tell of."""
    found: list[list[Any]] = []

    def keep(request: Request) -> None:
        if request.url.endswith("/beat/"):
            found.append(json.loads(parse_qs(request.post_data or "")["spans"][0]))

    page.on("request", keep)
    return found


def leave(page: Page) -> None:
    """Let the last heartbeat arrive before the database is emptied."""
    page.goto("about:blank")
    page.wait_for_timeout(300)


def clock(page: Page) -> Locator:
    return page.locator("[data-clock]")


def question(page: Page) -> Locator:
    return page.get_by_role("dialog", name="Were you working?")


def set_limits(page: Page, *, idle: float = 300, beat: float = 1) -> None:
    page.evaluate(
        "([idle, beat]) => Object.assign(document.querySelector('[data-clock]').dataset,"
        " { idleSeconds: idle, beatSeconds: beat })",
        [idle, beat],
    )


def use(page: Page, seconds: float) -> None:
    """Move the pointer about for so long."""
    for number in range(int(seconds * 4)):
        page.mouse.move(200 + 5 * (number % 20), 300)
        page.wait_for_timeout(250)


def leave_unused_until_asked(page: Page) -> None:
    set_limits(page, idle=1.5)
    use(page, 1)
    expect(question(page)).to_be_visible()


def ask(query: Callable[[], Result]) -> Result:
    """Ask the database from a thread of its own: in this one the browser's event loop runs."""

    def asked() -> Result:
        try:
            return query()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asked).result()


def entries(assignment: Assignment) -> list[tuple[str, float]]:
    """Return kind and seconds of what was counted, in order."""
    rows = ask(lambda: list(TimeEntry.objects.filter(assignment=assignment)))
    return [(row.kind, row.length.total_seconds()) for row in rows]


def seconds_of(assignment: Assignment) -> float:
    return sum(seconds for _kind, seconds in entries(assignment))


def the_claim() -> TimeEntry:
    return ask(lambda: TimeEntry.objects.get(kind="claimed"))


def wait_for_beat(page: Page) -> None:
    with page.expect_response(lambda response: response.url.endswith("/beat/")) as answer:
        pass
    assert answer.value.ok
    page.wait_for_timeout(100)


def show_as(page: Page, visibility: str) -> None:
    """Have the page believe that it is in front, or behind another one."""
    page.evaluate(
        "(now) => { Object.defineProperty(document, 'visibilityState',"
        " { configurable: true, get: () => now });"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        visibility,
    )


def test_use_is_counted(page: Page, assignment: Assignment) -> None:
    set_limits(page)
    use(page, 4)
    wait_for_beat(page)
    [(kind, seconds)] = entries(assignment)
    assert kind == "measured"
    assert 3 <= seconds <= 15


def test_nothing_is_told_once_nothing_is_used(
    page: Page, assignment: Assignment, beats: list[list[Any]]
) -> None:
    leave_unused_until_asked(page)
    page.wait_for_timeout(500)
    beats.clear()
    before = seconds_of(assignment)
    page.wait_for_timeout(3_000)
    assert beats == []
    assert seconds_of(assignment) == before


def test_a_page_behind_another_does_not_count(page: Page, assignment: Assignment) -> None:
    set_limits(page)
    use(page, 2)
    show_as(page, "hidden")
    page.wait_for_timeout(500)
    before = seconds_of(assignment)
    assert before > 1
    page.wait_for_timeout(4_000)
    show_as(page, "visible")
    use(page, 1)
    wait_for_beat(page)
    assert seconds_of(assignment) - before < 3.5
    assert len(entries(assignment)) == 2


def test_the_pause_counts_for_who_was_reading(page: Page, assignment: Assignment) -> None:
    leave_unused_until_asked(page)
    page.get_by_role("button", name="Yes, I was reading").click()
    expect(question(page)).to_be_hidden()
    expect(page.locator("[data-messages]")).to_contain_text("counted as claimed")
    claim = the_claim()
    assert claim.reason == "Reading"
    assert 1 <= claim.length.total_seconds() <= 10


def test_the_question_is_answered_by_keyboard_and_focus_returns(
    page: Page, assignment: Assignment
) -> None:
    field = page.get_by_label("Strategy in a few sentences")
    field.click()
    leave_unused_until_asked(page)
    expect(page.get_by_label("Or yes, I was:")).to_be_focused()
    # No key of the page acts meanwhile.
    page.keyboard.type("jn ran the tests")
    page.keyboard.press("Enter")
    expect(question(page)).to_be_hidden()
    expect(field).to_be_focused()
    assert the_claim().reason == "jn ran the tests"


@pytest.mark.parametrize("answer", ["button", "Escape"])
def test_no_counts_nothing_and_the_clock_goes_on(
    page: Page, assignment: Assignment, answer: str
) -> None:
    leave_unused_until_asked(page)
    set_limits(page)
    if answer == "button":
        page.get_by_role("button", name="No, I was away").click()
    else:
        page.keyboard.press("Escape")
    expect(question(page)).to_be_hidden()
    before = seconds_of(assignment)
    use(page, 2)
    wait_for_beat(page)
    assert "claimed" not in dict(entries(assignment))
    assert seconds_of(assignment) > before


def test_who_comes_back_to_the_page_is_asked(page: Page) -> None:
    set_limits(page)
    use(page, 1)
    show_as(page, "hidden")
    set_limits(page, idle=1)
    page.wait_for_timeout(2_000)
    show_as(page, "visible")
    expect(question(page)).to_be_visible()


def test_what_is_used_without_a_connection_is_sent_later(
    page_cut_off: Page, assignment: Assignment
) -> None:
    page = page_cut_off
    set_limits(page)
    use(page, 1)
    wait_for_beat(page)
    page.route("**/beat/", lambda route: route.abort())
    before = seconds_of(assignment)
    use(page, 4)
    assert seconds_of(assignment) - before < 1.5
    assert page.evaluate("Object.keys(localStorage).some((n) => n.startsWith('retrace-time:'))")
    page.unroute("**/beat/")
    wait_for_beat(page)
    assert seconds_of(assignment) - before >= 4
    expect_nothing_kept(page)


def expect_nothing_kept(page: Page) -> None:
    page.wait_for_function(
        "!Object.keys(localStorage).some((n) => n.startsWith('retrace-time:')"
        " && JSON.parse(localStorage.getItem(n)).spans.some(([a, b]) => b - a > 2000))"
    )


def test_what_a_closed_window_left_is_sent_by_the_next(
    page_cut_off: Page, assignment: Assignment
) -> None:
    page = page_cut_off
    set_limits(page)
    page.route("**/beat/", lambda route: route.abort())
    use(page, 3)
    before = seconds_of(assignment)
    # As if it had been a while ago: what is fresh may be another window's that is still open.
    page.evaluate(
        "for (const n of Object.keys(localStorage)) if (n.startsWith('retrace-time:')) {"
        " const kept = JSON.parse(localStorage.getItem(n)); kept.at = 0;"
        " localStorage.setItem(n + '-gone', JSON.stringify(kept)); }"
    )
    page.unroute("**/beat/")
    page.reload()
    wait_for_beat(page)
    page.wait_for_timeout(1_000)
    assert seconds_of(assignment) - before >= 2
    assert not page.evaluate("Object.keys(localStorage).some((n) => n.endsWith('-gone'))")


def test_who_goes_to_another_page_loses_nothing(page: Page, assignment: Assignment) -> None:
    set_limits(page, beat=100)
    use(page, 3)
    clock(page).click()
    expect(page.get_by_role("heading", name="Active time")).to_be_visible()
    page.wait_for_timeout(500)
    assert seconds_of(assignment) >= 2.5


def test_two_windows_count_once(page: Page, assignment: Assignment) -> None:
    started = timezone.now()
    other = page.context.new_page()
    other.goto(page.url)
    for window in (page, other):
        set_limits(window)
    for _ in range(8):
        for window in (page, other):
            window.mouse.move(100 + _, 300 + _)
            window.wait_for_timeout(250)
    wait_for_beat(page)
    assert seconds_of(assignment) <= (timezone.now() - started).total_seconds() + 5


def test_what_is_answered_in_one_window_is_not_asked_in_another(page: Page) -> None:
    other = page.context.new_page()
    other.goto(page.url)
    for window in (page, other):
        set_limits(window, idle=2)
    for window in (page, other):
        expect(question(window)).to_be_visible()
    set_limits(page)
    page.get_by_role("button", name="No, I was away").click()
    expect(question(other)).to_be_hidden()


def test_time_is_entered_without_scripts(
    page: Page, assignment: Assignment, live_server: LiveServer
) -> None:
    browser = page.context.browser
    assert browser is not None
    plain = browser.new_context(java_script_enabled=False)
    plain.add_cookies(page.context.cookies())  # type: ignore[arg-type]
    without = plain.new_page()
    without.goto(f"{live_server.url}/assignments/{assignment.pk}/time/")
    without.get_by_label("Day").fill(f"{timezone.now() - timedelta(days=1):%Y-%m-%d}")
    without.get_by_label("From").fill("23:00")
    without.get_by_label("To").fill("23:30")
    without.get_by_label("Reason").fill("On paper")
    without.get_by_role("button", name="Count it").click()
    expect(without.get_by_text("30 min counted as claimed.")).to_be_visible()
