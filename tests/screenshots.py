"""Make the screenshots in docs/: the sample batch, as `make run` shows it to an annotator.

`python -m tests.screenshots [FOLDER]`, or `make screenshots`. It starts a site of its own, lets an
annotator claim, cite and write, waits until the tests have run, and takes each page in both themes.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.people import RUN_MS, Person, Workspace, browser_running, person
from tests.paths import PROJECT_FOLDER
from tests.running_site import running_site, short_folder

FOLDER = PROJECT_FOLDER / "docs" / "screenshots"
THEMES = ("light", "dark")
# What the annotator reads, by the query of the page: the name is the file's.
VIEWS = {
    "workspace": "left=step&step={edit}&right=step-{edit}",
    "diff": "left=step&step={edit}&right=model-gold&view=split",
    "file": "left=files&tree=base&path={path}&line={line}&right=gold",
    "tests": "left=issue&right=tests",
}
MODULE, LINE = "almanac/recurrence.py", 60
WIDTH, HEIGHT = 1600, 1000


def main(folder: Path) -> None:
    with (
        short_folder() as data,
        running_site(data / "data") as site,
        browser_running() as browser,
    ):
        annotator = person(browser, site.url, "annotator1", site.passwords["annotator1"])
        address = _claim(annotator.page)
        edit = _write(Workspace(annotator))
        places = {"edit": edit, "path": MODULE, "line": LINE}
        folder.mkdir(parents=True, exist_ok=True)
        for name, query in VIEWS.items():
            _take(annotator, f"{address}?{query.format_map(places)}", name, folder)


def _claim(page: Page) -> str:
    """Claim until the run is one whose edits can be followed: SWE-agent's editor says them."""
    page.get_by_role("link", name="Batches").click()
    batches = page.url
    for _ in range(6):
        page.goto(batches)
        page.get_by_role("button", name="Claim next").first.click()
        page.wait_for_url("**/assignments/*/")
        if page.locator(".workspace-agent").inner_text().startswith("SWE-agent"):
            break
    return page.url


def _write(desk: Workspace) -> int:
    """Write two steps with citations and let the tests run; return the agent's last edit."""
    edits = desk.page.locator("[data-outline] li.steps-row--edit").filter(has_text="edit almanac/")
    edit = int(edits.last.get_attribute("data-step") or 1)
    card = desk.add_step(
        1,
        "o",
        "After one short month the 31st never comes back",
        "Each occurrence is counted from the one before, so a day that was cut short stays short.",
    )
    desk.open_tab("issue")
    desk.cite(desk.left.locator("[data-cite-kind='issue'] p").nth(1), card)
    card = desk.add_step(
        2, "c", "Count every occurrence from the start", "Shortening twice is not shortening once."
    )
    desk.open_tab("gold")
    desk.cite(desk.right.locator(".diff-line--added td.code").first, card)
    desk.saved()
    desk.open_tab("tests")
    desk.right.get_by_role("button", name="Run tests").click()
    verdicts = desk.page.locator("#verdicts")
    expect(verdicts).to_contain_text("gold passes", timeout=RUN_MS)
    expect(verdicts).not_to_contain_text(re.compile("queued|preparing|running"), timeout=RUN_MS)
    return edit


def _take(somebody: Person, address: str, name: str, folder: Path) -> None:
    page = somebody.page
    page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
    for theme in THEMES:
        page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        page.goto(address)
        page.wait_for_load_state("networkidle")
        page.screenshot(path=folder / f"{name}-{theme}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
