"""Reading a real run on its real repository, by keyboard alone.

From a failing test to its source, to the definition under test, to the hunk that changes it, to the
steps that touched that hunk.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from tests.browser.chromium import page_without_troubles
from tests.validation.real_runs import runnable_instance, write_row
from trajectories.models import Trajectory

pytestmark = [
    pytest.mark.browser,
    pytest.mark.corpus,
    pytest.mark.django_db(transaction=True),
]

INSTANCE = "pytest-dev__pytest-10051"
RUN = f"{INSTANCE}.sweagent-sonnet35.traj"
TEST_FILE = "testing/logging/test_fixture.py"
MODULE = "src/_pytest/logging.py"
# Presses of Tab or of an arrow after which a person would have given up.
PATIENCE = 40


@pytest.fixture
def trajectory(corpus: Path, tmp_path: Path) -> Trajectory:
    instance = runnable_instance(corpus, INSTANCE)
    call_command("load_tasks", str(write_row(instance, tmp_path)), batch="real")
    run = corpus / "runnable" / "trajectories" / RUN
    call_command("load_trajectories", str(run), batch="real")
    call_command("add_repository", instance.row["repo"], source=str(instance.repository))
    call_command("fetch_repository", instance.row["repo"])
    return Trajectory.objects.get()


@pytest.fixture
def page(live_server: LiveServer, admin_user: User, trajectory: Trajectory) -> Iterator[Page]:
    with page_without_troubles(live_server, admin_user) as page:
        page.goto(f"{live_server.url}{trajectory.get_absolute_url()}")
        yield page


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def press_until_focused(page: Page, key: str, wanted: Locator) -> None:
    """Press a key until an element has the focus."""
    for _ in range(PATIENCE):
        press(page, key)
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{key} never led to {wanted}")


def focused(page: Page) -> Locator:
    return page.locator(":focus")


def test_from_a_failing_test_to_the_steps_that_touched_the_code_under_test(page: Page) -> None:
    press(page, "g", "t")
    source = page.locator("#tests a", has_text=f"{TEST_FILE}:")
    expect(source.first).to_be_visible()
    press_until_focused(page, "Tab", source.first)

    press(page, "Enter")
    file = page.locator(f"#left-pane [data-path='{TEST_FILE}']")
    expect(file.locator("tr[data-wanted]")).to_contain_text("def test_clear_for_call_stage")

    press(page, "g", "f")
    expect(file.locator("tr[data-wanted]")).to_be_focused()
    called = file.locator("tr.is-target", has_text=re.compile(r"^\d+\s*caplog\.clear\(\)"))
    press_until_focused(page, "ArrowDown", called.first)

    press(page, "d", "ArrowDown")
    expect(focused(page)).to_have_text("clear")
    press(page, "Enter")
    results = page.locator("#left-pane .result-line")
    expect(results.first).to_be_focused()
    expect(results.first).to_contain_text("def clear(self)")

    press(page, "Enter")
    definition = page.locator(f"#left-pane [data-path='{MODULE}'] tr[data-wanted]")
    expect(definition).to_contain_text("def clear(self)")

    press(page, "h")
    hunk = page.locator(f"#right-pane [data-which='model'][data-path='{MODULE}']")
    expect(hunk.locator("[data-wanted]")).to_be_focused()

    press(page, "t")
    expect(page.locator("[data-step-shown='7']")).to_be_visible()
    press(page, "t")
    expect(page.locator("[data-step-shown='10']")).to_be_visible()
    assert re.search(r"left=step&step=10", page.url)


def test_what_y_copies_opens_exactly_there(page: Page, trajectory: Trajectory) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    origin = page.url.removesuffix(trajectory.get_absolute_url())
    address = f"?left=files&tree=base&path={MODULE}&line=441&right=model"
    page.goto(f"{origin}{trajectory.get_absolute_url()}{address}")
    press(page, "g", "f")
    expect(page.locator("#left-pane tr[data-wanted]")).to_be_focused()
    press(page, "ArrowDown", "Shift+ArrowDown", "y")
    expect(page.locator("[data-messages]")).to_contain_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.endswith("line=442-443")
    page.goto(copied)
    marked = page.locator("#left-pane tr.is-target td.ln")
    expect(marked).to_have_text(["442", "443"])


def test_the_map_of_keys_names_every_key_that_a_control_has(page: Page) -> None:
    known = page.evaluate(
        """() => [...document.getElementById("keys-map").content.querySelectorAll("[data-keys]")]
               .flatMap((row) => row.dataset.keys.split("|"))"""
    )
    for address in ("?left=step&right=model", f"?left=files&path={MODULE}&right=tests"):
        page.goto(page.url.split("?")[0] + address)
        used = page.evaluate(
            """() => [...document.querySelectorAll("[data-key]")].map((e) => e.dataset.key)"""
        )
        assert set(used) <= set(known), set(used) - set(known)
