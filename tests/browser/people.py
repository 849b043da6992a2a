"""People at the pages: what each does with mouse and keys, and what their consoles complain of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.chromium import running_chromium

WAIT_MS = 30_000
# An environment is built from the package index, then the tests run three times.
RUN_MS = 600_000


@dataclass
class Person:
    """Somebody signed in, with a browser of their own."""

    page: Page
    url: str
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        # What the Content-Security-Policy refuses is a console error too.
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on(
            "console",
            lambda said: self.troubles.append(said.text) if said.type == "error" else None,
        )

    def open(self, address: str) -> None:
        self.page.goto(f"{self.url}{address}")

    def sign_in(self, username: str, password: str) -> None:
        self.open("/")
        self.page.get_by_label("Username").fill(username)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.get_by_role("button", name="Sign out")).to_be_visible()

    def status_of(self, address: str) -> int:
        """Ask for an address with this person's cookies, without leaving the page."""
        return self.page.request.get(f"{self.url}{address}").status


@contextmanager
def browser_running() -> Iterator[Browser]:
    expect.set_options(timeout=WAIT_MS)
    with running_chromium() as browser:
        yield browser


def person(browser: Browser, url: str, username: str, password: str) -> Person:
    context = browser.new_context(viewport={"width": 1600, "height": 1000})
    context.set_default_timeout(WAIT_MS)
    somebody = Person(context.new_page(), url)
    somebody.sign_in(username, password)
    return somebody


class Keyboard:
    """Somebody who has no mouse."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def saved(self) -> None:
        expect(self.page.locator("[data-save-state]")).to_have_text(re.compile("^saved"))


class Workspace:
    """The workspace as an annotator uses it."""

    def __init__(self, somebody: Person) -> None:
        self.page = somebody.page

    # --- evidence --------------------------------------------------------------------------------
    @property
    def left(self) -> Locator:
        return self.page.locator("#left-pane")

    @property
    def right(self) -> Locator:
        return self.page.locator("#right-pane")

    def open_step(self, number: int) -> Locator:
        self.page.locator(f"[data-outline] li[data-step='{number}'] a").click()
        step = self.left.locator(f"[data-step-shown='{number}']")
        expect(step).to_be_visible()
        return step

    def open_tab(self, key: str) -> None:
        self.page.locator(f"[data-tab='{key}']").click()
        expect(self.page.locator(f"[data-tab='{key}']")).to_have_attribute("aria-current", "true")

    def open_file(self, path: str) -> Locator:
        """Go through the folders of the repository at base."""
        self.open_tab("files")
        *folders, name = path.split("/")
        for folder in folders:
            self.left.get_by_role("link", name=f"{folder}/", exact=True).click()
        self.left.locator(".folder").get_by_role("link", name=name, exact=True).click()
        file = self.left.locator(f"[data-cite-kind='file'][data-path='{path}']")
        expect(file).to_be_visible()
        return file

    # --- writing ---------------------------------------------------------------------------------
    def card(self, number: int) -> Locator:
        return self.page.get_by_role("article", name=f"R{number}", exact=True)

    def add_step(self, number: int, kind_key: str, claim: str, rationale: str) -> Locator:
        return self._add(f"R{number}", kind_key, claim, rationale)

    def state_root_cause(self, claim: str, rationale: str) -> Locator:
        return self._add("Root cause", "r", claim, rationale)

    def _add(self, name: str, kind_key: str, claim: str, rationale: str) -> Locator:
        """Press n and the kind's letter, then type where the focus is."""
        self.page.keyboard.press("Escape")
        self.page.keyboard.press("n")
        self.page.keyboard.press(kind_key)
        card = self.page.get_by_role("article", name=name, exact=True)
        expect(card.locator("[name=claim]")).to_be_focused()
        self.page.keyboard.type(claim)
        card.get_by_label("Rationale").fill(rationale)
        return card

    def fill_options(self, card: Locator, options: Sequence[dict[str, object]]) -> None:
        for number, option in enumerate(options, start=1):
            if card.get_by_label(f"Option {number}", exact=True).count() == 0:
                card.get_by_role("button", name="+ option").click()
            card.get_by_label(f"Option {number}", exact=True).fill(str(option["title"]))
            card.get_by_label(f"For option {number}", exact=True).fill(str(option["for"]))
            card.get_by_label(f"Against option {number}", exact=True).fill(str(option["against"]))
            considered = card.get_by_label(f"Who considered option {number}")
            considered.select_option(str(option["considered_by"]))
            if option["chosen"]:
                card.get_by_role("radio", name=f"Option {number} was chosen").check()

    def answer_overview(self, answers: Mapping[str, str], *, ended: str, why: str = "") -> None:
        """Say all that is asked of the whole; `answers` holds the strategy and two reasons."""
        overview = self.page.get_by_role("region", name="Overview")
        overview.get_by_label("Kind of task").select_option("bug_fix")
        overview.get_by_label("Difficulty").select_option("15_min_to_1_h")
        overview.get_by_label("Exit", exact=True).select_option(ended)
        overview.get_by_label("Why it ended so").fill(why)
        overview.get_by_label("Strategy in a few sentences").fill(answers["strategy"])
        for name in ("well_specified", "tests_fair"):
            overview.locator(f"[name={name}_score]").select_option("0")
            overview.locator(f"[name={name}_reason]").fill(answers[name])
        self.saved()

    def explain_hunks(self, card: Locator) -> None:
        for hunk in (
            card.get_by_role("group", name="Hunks it explains").get_by_role("checkbox").all()
        ):
            hunk.check()

    def let_stand(self, finding: str, reason: str) -> None:
        """Waive what a check found, with a reason."""
        checks = self.page.get_by_role("region", name="Checks")
        checks.locator("summary").first.click()
        found = checks.get_by_role("listitem").filter(has_text=finding)
        found.locator("summary").click()
        found.get_by_label("Why it may stand").fill(reason)
        found.get_by_role("button", name="Waive", exact=True).click()
        expect(found).to_contain_text(f"Waived: {reason}")

    def saved(self) -> None:
        expect(self.page.locator("[data-save-state]")).to_have_text(re.compile("^saved"))

    def cite(self, text: Locator, card: Locator, *, by_button: bool = False) -> None:
        """Select a line with three clicks and hang it on the active step."""
        before = card.locator(".cite-chip").count()
        text.click(click_count=3, position={"x": 12, "y": 8})
        if by_button:
            self.page.get_by_role("button", name="Cite").click()
        else:
            self.page.keyboard.press("c")
        expect(card.locator(".cite-chip")).to_have_count(before + 1)

    def hand_in(self) -> None:
        self.page.get_by_role("button", name="Submit").click()
        self.page.get_by_role("button", name="Hand in").click()
        expect(self.page.locator(".reasoning-note")).to_contain_text("Handed in")


def load_files(admin: Person, kind: str, files: Sequence[Path], batch: str) -> Locator:
    """Upload files on the page for it; return the report."""
    admin.open("/load/")
    admin.page.get_by_label(kind).check()
    admin.page.get_by_label("Files:").set_input_files(list(files))
    admin.page.get_by_label("Batch:").fill(batch)
    admin.page.get_by_role("main").get_by_role("button", name="Load").click()
    report = admin.page.locator("#load-result")
    expect(report.get_by_role("status").locator(".chip").first).to_be_visible()
    return report
