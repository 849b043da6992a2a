"""A whole annotation of a real run, with its real repository, by keyboard alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import call_command
from playwright.sync_api import Locator, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from annotator.models import Assignment, Submission
from annotator.services.claiming import claim_next
from tests.browser.chromium import page_without_troubles
from tests.browser.people import WAIT_MS, Keyboard
from tests.validation.real_runs import runnable_instance, write_row
from trajectories.models import Batch

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

INSTANCE = "pytest-dev__pytest-10051"
RUN = f"{INSTANCE}.sweagent-sonnet35.traj"
MODULE = "src/_pytest/logging.py"
TEST = "testing/logging/test_fixture.py::test_clear_for_call_stage"
N_HUNKS = 3
# Presses of Tab after which a person would have given up.
PATIENCE = 120


class Annotator(Keyboard):
    """Somebody who goes to every field by Tab, and to code by searching."""

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

    def add_step(self, key: str, claim: str, rationale: str) -> None:
        self.press("Escape")
        before = self.page.locator("[data-card]").count()
        self.press("n", key)
        expect(self.page.locator("[data-card]")).to_have_count(before + 1)
        expect(self.page.locator("[data-card][data-active] .claim")).to_be_focused()
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
        # What has just come is followed as without HTMX; nobody presses Enter as soon as that.
        expect(self.page.locator(".htmx-added, .htmx-settling")).to_have_count(0)
        self.press("Enter")
        line = self.page.locator("#left-pane tr[data-wanted]")
        expect(line).to_contain_text(text)
        self.press("g", "f")
        expect(line).to_be_focused()
        self._cite()

    def cite_next_hunk(self) -> None:
        self.press("Escape", "g", "g")
        expect(
            self.page.locator("#right-pane [data-which='gold'] [data-side]").first
        ).to_be_visible()
        self.press(".")
        expect(self.page.locator("#right-pane tr:focus")).to_be_visible()
        self.press("ArrowDown")
        self._cite()

    def _cite(self) -> None:
        chips = self.page.locator("[data-card][data-active] .cite-chip")
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
        person = Annotator(page)
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
    assert len(content["reasoning_steps"][2]["details"]["hunks"]) == N_HUNKS
    assert content["reasoning_steps"][3]["details"]["tests"] == [TEST]
    assert {row["judgement"] for row in content["judgements"]} == {"productive"}


def say_the_whole(person: Annotator) -> None:
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


def write_chain(person: Annotator) -> None:
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
    person.choose("Who considered option 1", "considered by the gold")
    person.fill("Option 2", "Put the new list into the stash")
    person.fill("For option 2", "The handler stays as it is.")
    person.fill("Against option 2", "The fixture would have to know the stash's key.")
    person.choose("Who considered option 2", "considered by the agent")
    person.go_to(page.get_by_label("Option 1 was chosen"), back=True)
    person.press("Space")
    person.cite_code("self.handler.reset()")
    person.add_step(
        "c", "The handler gets a method that empties its list", "The fixture calls it to clear."
    )
    for hunk in range(N_HUNKS):
        person.go_to(page.locator("[data-card][data-active] [name=hunk]").nth(hunk))
        person.press("Space")
    person.fill("What else had to change with it", "Nothing; reset() is still used between phases.")
    person.cite_next_hunk()
    person.add_step(
        "v", "The new test asks both views after a clear", "It fails as long as they differ."
    )
    person.fill("Tests, one a line", TEST)
    person.fill("What they do not show", "Handlers that others put into the fixture.")
    person.cite_code("def reset(self)")
    person.saved()


def judge_steps(person: Annotator) -> None:
    person.press("Escape")
    current = person.page.locator("[data-outline] li[aria-current]")
    for step in range(2, 13):
        person.press("j")
        expect(current).to_have_attribute("data-step", str(step))
        expect(person.page.locator(f"[data-step-shown='{step}']")).to_be_visible()
    judged = person.page.locator(".judged")
    person.press("Alt+1")
    expect(judged).to_have_text("1-12 productive")
    person.press("x")
    expect(person.page.get_by_label("decisive")).to_be_checked()


def hand_in(person: Annotator) -> None:
    expect(person.page.locator("#findings")).not_to_contain_text("to mend")
    person.press("Control+Enter")
    expect(person.page.get_by_role("button", name="Hand in", exact=True)).to_be_focused()
    person.press("Enter")
    expect(person.page.get_by_text("Handed in as submission 1.")).to_be_visible()
