"""Annotating a real run by keyboard alone, and what outlives the connection and the browser."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from playwright.sync_api import Locator, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from annotator.models import Assignment, Submission
from annotator.services.claiming import claim_next
from tests.browser.chromium import ARGUMENTS, page_without_troubles
from tests.browser.people import WAIT_MS
from tests.factories import make_batch, make_trajectory
from tests.validation.real_runs import runnable_instance, write_row
from trajectories.models import Batch

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

INSTANCE = "pytest-dev__pytest-10051"
RUN = f"{INSTANCE}.sweagent-sonnet35.traj"
MODULE = "src/_pytest/logging.py"
TEST = "testing/logging/test_fixture.py::test_clear_for_call_stage"
# Presses of Tab after which a person would have given up.
PATIENCE = 120


class Keyboard:
    """Somebody who has no mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def go_to(self, wanted: Locator, *, back: bool = False) -> None:
        """Press Tab until an element has the focus."""
        expect(wanted).to_be_visible()
        for _ in range(PATIENCE):
            self.press("Shift+Tab" if back else "Tab")
            if wanted.evaluate("element => element === document.activeElement"):
                return
        raise AssertionError(f"Tab never led to {wanted}")

    def fill(self, label: str, text: str) -> None:
        self.go_to(self.page.get_by_label(label, exact=True))
        self.type(text)

    def choose(self, label: str, beginning: str) -> None:
        """Choose in a list by typing how the choice begins."""
        field = self.page.get_by_label(label, exact=True)
        self.go_to(field)
        self.type(beginning)
        shown = field.locator("option:checked")
        expect(shown).to_have_text(re.compile(re.escape(beginning), re.IGNORECASE))

    def saved(self) -> None:
        expect(self.page.locator("[data-save-state]")).to_have_text(re.compile("^saved"))

    def add_step(self, key: str, claim: str, rationale: str) -> None:
        self.press("Escape")
        before = self.page.locator("[data-card]").count()
        self.press("n", key)
        expect(self.page.locator("[data-card]")).to_have_count(before + 1)
        expect(self.page.locator(".is-active .claim")).to_be_focused()
        self.type(claim)
        self.press("Tab")
        self.type(rationale)

    def cite_code(self, text: str) -> None:
        """Search the code for a text, go to its first line, and cite that."""
        self.press("Escape")
        box = self.page.locator("#left-pane [data-key=s]")
        if not box.is_visible():
            self.press("g", "f")
            expect(box).to_be_visible()
        self.press("s")
        search = self.page.locator("#left-pane input:focus")
        expect(search).to_be_visible()
        self.press("Control+a")
        self.type(text)
        self.press("Enter")
        expect(self.page.locator("#left-pane .result-line").first).to_be_focused()
        self.press("Enter")
        line = self.page.locator("#left-pane tr[data-wanted]")
        expect(line).to_contain_text(text)
        self.press("g", "f")
        expect(line).to_be_focused()
        self._cite()

    def cite_next_hunk(self) -> None:
        self.press("Escape", ".")
        expect(self.page.locator("#right-pane tr:focus")).to_be_visible()
        self.press("ArrowDown")
        self._cite()

    def _cite(self) -> None:
        chips = self.page.locator(".is-active .cite-chip")
        before = chips.count()
        self.press("c")
        expect(chips).to_have_count(before + 1)


@pytest.fixture
def real_assignment(corpus: Path, tmp_path: Path, annotator: User) -> Assignment:
    instance = runnable_instance(corpus, INSTANCE)
    call_command("load_tasks", str(write_row(instance, tmp_path)), batch="real")
    run = corpus / "runnable" / "trajectories" / RUN
    call_command("load_trajectories", str(run), batch="real")
    call_command("add_repository", instance.row["repo"], source=str(instance.repository))
    call_command("fetch_repository", instance.row["repo"])
    return claim_next(annotator, Batch.objects.get(slug="real"))


@pytest.mark.checks
@pytest.mark.corpus
def test_a_whole_annotation_is_written_by_keyboard_alone(
    live_server: LiveServer, annotator: User, real_assignment: Assignment
) -> None:
    expect.set_options(timeout=WAIT_MS)
    with page_without_troubles(live_server, annotator) as page:
        page.goto(f"{live_server.url}/assignments/{real_assignment.pk}/")
        person = Keyboard(page)
        say_the_whole(person)
        write_chain(person)
        judge_steps(person)
        hand_in(person)
    content = Submission.objects.get().content
    assert content["overview"]["exit"] == "solved"
    assert content["root_cause"]["citations"][0]["target"]["path"] == MODULE
    assert [step["kind"] for step in content["reasoning_steps"]] == [
        "observation",
        "decision",
        "change",
        "verification",
    ]
    assert len(content["reasoning_steps"][2]["details"]["hunks"]) == 2
    assert content["reasoning_steps"][3]["details"]["tests"] == [TEST]
    assert {row["judgement"] for row in content["judgements"]} == {"productive"}


def say_the_whole(person: Keyboard) -> None:
    person.choose("Kind of task", "Bug")
    person.choose("Difficulty", "15")
    person.choose("Exit", "Solved")
    person.fill(
        "Strategy in a few sentences", "Follow the list that both views share, then clear it."
    )
    person.choose("Is the issue well specified?", "0")
    person.fill("Reason: Is the issue well specified?", "It has a test and its failure.")
    person.choose("Are the tests fair?", "0")
    person.fill("Reason: Are the tests fair?", "They call the fixture only.")
    person.saved()


def write_chain(person: Keyboard) -> None:
    page = person.page
    person.add_step(
        "r", "clear() replaces the list that the phases share", "The stash keeps the old one."
    )
    person.cite_code("self.handler.reset()")
    person.add_step(
        "o", "reset() makes a new list of records", "The stash still holds the list it was given."
    )
    person.cite_code("def reset(self)")
    person.add_step(
        "d", "Empty the list instead of replacing it", "Both views then see the same records."
    )
    person.fill("Question", "How do both views stay the same?")
    person.fill("Option 1", "Empty the shared list")
    person.fill("For option 1", "Whoever holds the list sees it empty.")
    person.fill("Option 2", "Put the new list into the stash")
    person.fill("For option 2", "The handler stays as it is.")
    person.fill("Against option 2", "The fixture would have to know the stash's key.")
    person.go_to(page.get_by_label("Option 1 was chosen"), back=True)
    person.press("Space")
    person.cite_code("self.handler.reset()")
    person.add_step(
        "c", "The handler gets a method that empties its list", "The fixture calls it to clear."
    )
    for hunk in (0, 1):
        person.go_to(page.locator(".is-active [name=hunk]").nth(hunk))
        person.press("Space")
    person.fill("What else had to change with it", "Nothing; reset() is still used between phases.")
    person.press("Escape", "g", "g")
    person.cite_next_hunk()
    person.add_step(
        "v", "The new test asks both views after a clear", "It fails as long as they differ."
    )
    person.fill("Tests, one a line", TEST)
    person.fill("What they do not show", "Handlers that others put into the fixture.")
    person.cite_code("def reset(self)")
    person.saved()


def judge_steps(person: Keyboard) -> None:
    person.press("Escape")
    current = person.page.locator("[data-outline] li[aria-current]")
    for step in range(2, 13):
        person.press("j")
        expect(current).to_have_attribute("data-step", str(step))
        expect(person.page.locator(f"[data-step-shown='{step}']")).to_be_visible()
    person.press("Alt+1")
    expect(person.page.locator(".judged")).to_have_text("1-12 productive")


def hand_in(person: Keyboard) -> None:
    expect(person.page.locator("#findings")).not_to_contain_text("to mend")
    person.press("Control+Enter")
    expect(person.page.get_by_role("button", name="Hand in", exact=True)).to_be_focused()
    person.press("Enter")
    expect(person.page.get_by_text("Handed in as submission 1.")).to_be_visible()


# --- what outlives the connection, the page and the browser ---------------------------------


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
