"""A step in a real browser: gaps, search, images, and colours that can be read."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.browser.chromium import page_without_troubles
from tests.factories import make_trajectory
from tests.trajectories.test_steps import call, make_steps, seen
from trajectories.models import Trajectory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
COLOURS = "\n".join(
    " ".join(f"\x1b[{style};{code}m{code}\x1b[0m" for style in ("0", "1", "4", "7"))
    for code in [*range(30, 38), *range(40, 48), *range(90, 98), *range(100, 108)]
)
LOG = "\n".join(f"line {number}" for number in range(1, 1001))
EIGHT = "\n".join(f"line {number}" for number in range(1, 9))
WRITE = "cat > a.py <<E\nx = 1\nE"
EDIT = {"path": "a.py", "old_str": "x = old(1)", "new_str": "x = new(1)"}


@pytest.fixture
def trajectory(admin_user: User) -> Trajectory:
    trajectory = make_trajectory()
    sha256 = hashlib.sha256(PNG).hexdigest()
    default_storage.save(f"images/{sha256[:2]}/{sha256}", ContentFile(PNG))
    image = {"media_type": "image/png", "size_bytes": len(PNG), "sha256": sha256}
    make_steps(
        trajectory,
        {"thought": "I read.", "observations": [seen(LOG)]},
        {
            "tool_calls": [
                call("edit", EDIT),
                call("bash", {"command": "cat > a.py <<E\nx = 1\nE"}),
            ],
            "observations": [seen(COLOURS, 1), {**seen("[image 1: PNG, 1 kB]"), "images": [image]}],
        },
        {
            "thought": EIGHT,
            "tool_calls": [call("bash", {"command": EIGHT})],
            "observations": [seen(EIGHT)],
        },
    )
    return trajectory


@pytest.fixture
def page(live_server: LiveServer, admin_user: User, trajectory: Trajectory) -> Iterator[Page]:
    with page_without_troubles(live_server, admin_user) as page:
        page.goto(f"{live_server.url}{trajectory.get_absolute_url()}?step=1")
        yield page


def rows(page: Page) -> list[int]:
    found = page.locator("[data-cite-kind='observation'] [data-line]")
    return [int(number) for number in found.evaluate_all("rows => rows.map(r => r.dataset.line)")]


def test_a_gap_opens_by_keyboard_and_keeps_the_focus(page: Page) -> None:
    following = page.locator(".gap a").first
    following.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-line='240']")).to_have_count(1)
    expect(following).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("[data-line='440']")).to_have_count(1)
    page.locator(".gap a").last.click()
    expect(page.locator(".gap")).to_have_count(0)
    assert rows(page) == list(range(1, 1001))
    text = page.locator("[data-cite-kind='observation']").evaluate("e => e.textContent")
    assert text == LOG


def test_a_search_by_key_leads_to_a_line_in_the_middle(page: Page) -> None:
    page.keyboard.press("/")
    expect(page.locator("#trajectory-q")).to_be_focused()
    page.keyboard.type("line 777")
    hit = page.locator(".hits a")
    expect(hit).to_have_count(1)
    expect(page.locator("#trajectory-q")).to_be_focused()
    hit.click()
    expect(page.locator("[data-line='777'] mark")).to_be_in_viewport()
    expect(page).to_have_url(re.compile("q=line\\+777.*part=output-0.777"))
    page.reload()
    expect(page.locator("[data-line='777'] mark")).to_be_in_viewport()
    expect(hit).to_have_count(1)


def test_a_new_search_marks_the_step_that_is_open_and_moves_nothing(page: Page) -> None:
    pane = page.locator("#left-pane")
    marks = page.locator("#left-pane mark")
    pane.evaluate("pane => { pane.scrollTop = 300 }")
    page.keyboard.press("/")
    page.keyboard.type("line 9")
    expect(page.locator("[data-line='9'] mark")).to_have_count(1)
    assert pane.evaluate("pane => pane.scrollTop") == 300
    expect(page.locator("#trajectory-q")).to_be_focused()
    expect(page).to_have_url(re.compile("q=line\\+9"))
    page.locator("#trajectory-q").fill("line 8")
    expect(page.locator("[data-line='8'] mark")).to_have_count(1)
    expect(page.locator("[data-line='9'] mark")).to_have_count(0)
    page.locator("#trajectory-q").fill("")
    expect(marks).to_have_count(0)
    assert page.locator("[data-tab][aria-current]").all_inner_texts()[1:] == ["Model"]


@pytest.mark.parametrize("part", ["thought", "call-0", "output-0"])
def test_lines_of_every_part_have_an_address_that_opens_there(part: str, page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(page.url.replace("step=1", "step=3"))
    block = page.locator(f"[id$='-{part}']")
    block.locator("[data-line='5']").click(click_count=3)
    page.keyboard.press("y")
    expect(page.locator("[data-messages]")).to_contain_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.endswith(f"part={part}.5")
    page.goto(copied)
    assert block.locator(".is-target[data-line]").evaluate_all(
        "r => r.map(e => e.dataset.line)"
    ) == ["5"]
    expect(block.locator("[data-line='5']")).to_be_in_viewport()


def test_an_address_of_lines_opens_there(page: Page) -> None:
    page.goto(f"{page.url}&part=output-0.500-502")
    expect(page.locator("[data-line='500']")).to_be_in_viewport()
    assert page.locator(".is-target[data-line]").count() == 3


def test_an_image_is_drawn(page: Page) -> None:
    page.keyboard.press("j")
    image = page.locator(".step-image img")
    image.scroll_into_view_if_needed()
    expect(image).to_be_visible()
    expect(image).to_have_js_property("naturalWidth", 1)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("query", ["step=1&part=output-0.3&q=line", "step=2&q=3", "step=2"])
def test_a_step_can_be_read_in_both_themes(theme: str, query: str, page: Page) -> None:
    page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
    page.goto(f"{page.url.partition('?')[0]}?left=step&{query}")
    options = {"resultTypes": ["violations"], "preload": False}
    results = Axe().run(page, context="#left-pane", options=options)
    found = [
        f"{violation['id']}: {node['html'][:200]}"
        for violation in results.response["violations"]
        for node in violation["nodes"]
    ]
    assert not found, "\n".join(found)
