"""The whole job: `make run`, then four people load, claim, cite, write, validate, review, export.

One story, told in the order in which it happens: every part needs the one before.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from playwright.sync_api import Browser, Locator, expect

from tests.browser.people import (
    RUN_MS,
    Person,
    Workspace,
    browser_running,
    load_files,
    person,
)
from tests.paths import PROJECT_FOLDER
from tests.running_site import RunningSite, running_site, short_folder

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("journey")]

SAMPLES = PROJECT_FOLDER / "samples"
BATCH = "journey"
INSTANCE = "retrace-samples__almanac-14"
MODULE = "almanac/recurrence.py"
# Of the gold patch, and of FAIL_TO_PASS.
N_HUNKS, N_TESTS = 4, 7

OVERVIEW = {
    "strategy": "Find out where the day is lost, then compute every occurrence from the start.",
    "well_specified": "The issue lists the days that are printed and those that are expected.",
    "tests_fair": "They call public methods and ask for the days of the issue.",
}
ROOT_CAUSE = {
    "claim": "Each occurrence is computed from the one before it",
    "rationale": "So a day that one short month shortened stays short for good.",
}
OBSERVATION = {
    "kind": "observation",
    "claim": "After one short month the 31st never comes back",
    "rationale": "The issue lists `May 29`; the *reproduction* shows the same for leap years.",
}
DECISION = {
    "kind": "decision",
    "claim": "Count every occurrence from the start",
    "rationale": "Shortening is **not associative**, so the day of the start has to be kept.",
    "options": [
        {
            "title": "Count from the start",
            "for": "first_after and walking agree",
            "against": "weekdays need positions",
            "considered_by": "both",
            "chosen": True,
        },
        {
            "title": "Remember the day",
            "for": "a smaller patch",
            "against": "the jump stays wrong",
            "considered_by": "neither",
            "chosen": False,
        },
    ],
}
QUESTION = "Where is the day of the start to be kept?"
CHANGE = {
    "kind": "change",
    "claim": "`_nth` computes an occurrence from its number and the start",
    "rationale": "The walk was the only thing that remembered a shortened day.",
}
VERIFICATION = {
    "kind": "verification",
    "claim": "The failing tests pass with the model's patch",
    "rationale": "See the run.",
}
MENDED = "See the run: [FAIL_TO_PASS](https://www.swebench.com) passes, and 52065 cases agree."
COMMENT = "Which run? Say what **else** was compared."
SUMMARY = "The verification is thin."
APPROVAL = "Now it can be checked."
SECRET = "Nights of the second annotator"


@pytest.fixture(scope="module")
def site() -> Iterator[RunningSite]:
    with short_folder() as folder, running_site(folder / "data") as site:
        yield site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browser_running() as browser:
        yield browser


def test_four_people_do_the_whole_job_on_the_sample_batch(
    site: RunningSite, browser: Browser
) -> None:
    admin, annotator1, annotator2, reviewer = people = [
        person(browser, site.url, username, site.passwords[username])
        for username in ("admin", "annotator1", "annotator2", "reviewer")
    ]
    load_batch(admin)
    address = claim(annotator1, INSTANCE)
    draft = claim(annotator2, INSTANCE)
    assert address != draft

    desk = Workspace(annotator1)
    desk.answer_overview(OVERVIEW, ended="solved")
    write_root_cause(desk)
    write_observation(desk)
    write_decision(desk)
    write_change(desk)
    leave_and_come_back(desk)
    run_tests(desk)
    write_verification(desk)
    write_draft(Workspace(annotator2))
    draft_stays_with_its_annotator(annotator1, draft)
    desk.hand_in()

    request_changes(reviewer)
    answer_the_review(desk)
    approve(reviewer)
    check_export(*export(admin))
    assert [trouble for somebody in people for trouble in somebody.troubles] == []


# --- load and claim -------------------------------------------------------------------------------


def load_batch(admin: Person) -> None:
    """The same files as in the sample batch: nothing new is stored, a new batch holds them."""
    report = load_files(admin, "Tasks: SWE-bench rows", [SAMPLES / "tasks.jsonl"], BATCH)
    expect(report.get_by_role("status")).to_contain_text("0 refused")
    files = sorted((SAMPLES / "trajectories").iterdir())
    report = load_files(admin, "Trajectories of agents", files, BATCH)
    expect(report.get_by_role("status")).to_contain_text(f"{len(files)} unchanged")
    admin.open(f"/batches/{BATCH}/")
    rows = admin.page.get_by_role("row").filter(has_text="free")
    expect(rows).to_have_count(len(files))


def claim(annotator: Person, instance_id: str) -> str:
    """Claim the next task of the batch; return the address of the workspace."""
    annotator.page.get_by_role("link", name="Batches").click()
    annotator.page.get_by_role("button", name="Claim next of Journey").click()
    annotator.page.wait_for_url("**/assignments/*/")
    crumbs = annotator.page.get_by_role("navigation", name="Place")
    expect(crumbs).to_contain_text(instance_id)
    return annotator.page.url.removeprefix(annotator.url)


# --- read, cite, write ----------------------------------------------------------------------------


def write_root_cause(desk: Workspace) -> None:
    card = desk.state_root_cause(ROOT_CAUSE["claim"], ROOT_CAUSE["rationale"])
    file = desk.open_file(MODULE)
    desk.cite(code(file.locator("tr"), "moment = self._advance(moment)"), card)


def write_observation(desk: Workspace) -> None:
    card = desk.add_step(1, "o", OBSERVATION["claim"], OBSERVATION["rationale"])
    desk.open_tab("issue")
    said = desk.left.locator("[data-cite-kind='issue'] p", has_text="February is right").first
    desk.cite(said, card)
    step = desk.open_step(4)
    expect(step).to_contain_text("First reproduce what the issue says")
    desk.cite(step.locator("[data-cite-kind='observation']"), card, by_button=True)
    card.get_by_label("Covers steps").fill("4")
    desk.page.keyboard.press("Tab")
    expect(card.get_by_role("button", name="+ current")).to_be_focused()
    desk.saved()
    expect(desk.page.locator("[data-outline] li[data-step='4'] [data-mark]")).to_have_text("1 cite")


def write_decision(desk: Workspace) -> None:
    card = desk.add_step(2, "d", str(DECISION["claim"]), str(DECISION["rationale"]))
    desk.fill_options(card, DECISION["options"])  # type: ignore[arg-type]
    card.get_by_label("Question").fill(QUESTION)
    desk.saved()
    desk.open_tab("files")  # where the root cause was cited
    file = desk.left.locator(f"[data-cite-kind='file'][data-path='{MODULE}']")
    desk.cite(code(file.locator("tr"), "moment = self._advance(moment)"), card)


def write_change(desk: Workspace) -> None:
    card = desk.add_step(3, "c", CHANGE["claim"], CHANGE["rationale"])
    desk.explain_hunks(card)
    card.get_by_label("What else had to change").fill("Nothing; nobody called what went.")
    desk.saved()
    desk.open_tab("gold")
    diff = desk.right.locator(f"[data-which='gold'][data-path='{MODULE}']")
    desk.cite(code(diff.locator("tr.diff-line--added"), "moment = self._nth(number)"), card)


def code(rows: Locator, text: str) -> Locator:
    return rows.filter(has_text=text).first.locator("td.code")


def leave_and_come_back(desk: Workspace) -> None:
    """Autosave lost nothing."""
    desk.page.reload()
    first, second, third = desk.card(1), desk.card(2), desk.card(3)
    expect(first.get_by_label("Claim of R1")).to_have_value(OBSERVATION["claim"])
    expect(first.get_by_label("Rationale")).to_have_value(OBSERVATION["rationale"])
    desk.open_step(4)
    desk.page.keyboard.press("1")
    expect(desk.page.locator(".judged")).to_have_text("4 productive")
    expect(second.get_by_label("Against option 2")).to_have_value("the jump stays wrong")
    expect(second.get_by_role("radio", name="Option 1 was chosen")).to_be_checked()
    expect(third.get_by_role("checkbox", checked=True)).to_have_count(N_HUNKS)


# --- validate -------------------------------------------------------------------------------------


def run_tests(desk: Workspace) -> None:
    desk.open_tab("tests")
    desk.page.evaluate("window.sameDocument = true")
    desk.right.get_by_role("button", name="Run tests").click()
    verdicts = desk.page.locator("#verdicts")
    for words in (f"base fails {N_TESTS}/{N_TESTS} ✓", "gold passes ✓", "model resolves ✓"):
        expect(verdicts).to_contain_text(words, timeout=RUN_MS)
    assert desk.page.evaluate("window.sameDocument"), "the page was loaded again"


def write_verification(desk: Workspace) -> None:
    card = desk.add_step(4, "v", VERIFICATION["claim"], VERIFICATION["rationale"])
    card.get_by_label("Tests, one a line").fill("\n".join(failing_tests()))
    card.get_by_label("What they do not show").fill("Weekly rules with several weekdays.")
    row = desk.right.get_by_role("row").filter(has_text="test_yearly_comes_back_to_29_february")
    desk.cite(row.locator("[data-cite-kind='test']").last, card)
    desk.saved()


def failing_tests() -> list[str]:
    rows = map(json.loads, (SAMPLES / "tasks.jsonl").read_text().splitlines())
    [row] = [row for row in rows if row["instance_id"] == INSTANCE]
    tests: list[str] = json.loads(row["FAIL_TO_PASS"])
    return tests


def write_draft(desk: Workspace) -> None:
    """Go straight on writing after the covered steps, which the column is fetched again for."""
    card = desk.add_step(1, "h", SECRET, "")
    card.get_by_label("Covers steps").fill("1, 2")
    card.get_by_label("Rationale").click()
    desk.page.keyboard.type("n c n c: no key acts while somebody writes", delay=5)
    desk.saved()
    desk.page.reload()
    rationale = card.get_by_label("Rationale")
    expect(rationale).to_have_value("n c n c: no key acts while somebody writes")


def draft_stays_with_its_annotator(other: Person, address: str) -> None:
    for path in (address, f"{address}reasoning/"):
        assert other.status_of(path) == 404, path


# --- review ---------------------------------------------------------------------------------------


def open_submission(reviewer: Person, number: int) -> None:
    reviewer.page.get_by_role("link", name="Reviews").first.click()
    waiting = reviewer.page.get_by_role("region", name="Waiting for review")
    row = waiting.get_by_role("row").filter(has_text=INSTANCE)
    expect(row.get_by_role("cell").nth(4)).to_have_text(str(number))
    row.get_by_role("link").click()
    expect(reviewer.page.get_by_role("heading", name=f"Submission {number}")).to_be_visible()


def request_changes(reviewer: Person) -> None:
    open_submission(reviewer, 1)
    page = reviewer.page
    step = page.locator(".review-step").filter(has_text=VERIFICATION["claim"])
    step.get_by_text("Comment", exact=True).first.click()
    step.get_by_label("Comment", exact=True).fill(COMMENT)
    step.get_by_role("button", name="Comment").click()
    expect(page.locator("#blockers")).to_contain_text("1 blocking")
    judge(reviewer, "No", SUMMARY, "Request changes")
    expect(page.locator("#decide .chip--warn")).to_have_text("↺ changes requested")


def judge(reviewer: Person, answer: str, summary: str, verdict: str) -> None:
    decide = reviewer.page.locator("#decide")
    for radio in decide.get_by_role("radio", name=answer).all():
        radio.check()
    decide.get_by_label("Summary").fill(summary)
    decide.get_by_role("button", name=verdict).click()


def answer_the_review(desk: Workspace) -> None:
    desk.page.reload()
    card = desk.card(4)
    note = card.get_by_role("region", name="Comment of a reviewer")
    expect(note).to_contain_text("Say what else was compared.")
    card.get_by_label("Rationale").fill(MENDED)
    desk.saved()
    desk.hand_in()


def approve(reviewer: Person) -> None:
    open_submission(reviewer, 2)
    page = reviewer.page
    step = page.locator(".review-step").filter(has_text=VERIFICATION["claim"])
    expect(step.locator("header .chip")).to_contain_text(["changed"])
    step.get_by_role("button", name="Resolve").click()
    expect(page.locator("#blockers")).not_to_contain_text("blocking")
    judge(reviewer, "Yes", APPROVAL, "Approve")
    expect(page.locator("#decide .chip--good")).to_have_text("✓ approved")


# --- export ---------------------------------------------------------------------------------------


def export(admin: Person) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Export on the page; return the schema and the lines of the downloaded file."""
    page = admin.page
    admin.open(f"/batches/{BATCH}/")
    page.get_by_role("link", name="Export").click()
    page.get_by_role("button", name="Export").click()
    expect(page.locator("#exports tbody")).to_contain_text("finished")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    archive = zipfile.ZipFile(io.BytesIO(download.value.path().read_bytes()))
    files = {name.rpartition("/")[2]: archive.read(name) for name in archive.namelist()}
    lines = files["annotations.jsonl"].decode().splitlines()
    return json.loads(files["schema.json"]), [json.loads(line) for line in lines]


def check_export(schema: dict[str, Any], lines: list[dict[str, Any]]) -> None:
    Draft202012Validator.check_schema(schema)
    [line] = lines
    Draft202012Validator(schema).validate(line)
    assert line["task"]["instance_id"] == INSTANCE
    assert line["batch"] == BATCH
    assert line["annotation"]["submission_number"] == 2
    assert SECRET not in json.dumps(lines)
    content = line["annotation"]["content"]
    assert content["overview"]["strategy"] == OVERVIEW["strategy"]
    assert content["root_cause"]["claim"] == ROOT_CAUSE["claim"]
    check_written(content["reasoning_steps"])
    check_citations(line)
    check_verdicts(line["validation"])
    check_review(line["review"])


def check_written(steps: list[dict[str, Any]]) -> None:
    options = [{**option, "evidence": []} for option in DECISION["options"]]
    decision = {**DECISION, "options": options}
    typed = [OBSERVATION, decision, CHANGE, {**VERIFICATION, "rationale": MENDED}]
    written = [
        {name: step[name] for name in expected} for step, expected in zip(steps, typed, strict=True)
    ]
    assert written == typed
    assert steps[0]["covers"] == [4]
    assert steps[1]["details"]["question"] == QUESTION
    assert len(steps[2]["details"]["hunks"]) == N_HUNKS
    assert len(steps[3]["details"]["tests"]) == N_TESTS


def check_citations(line: dict[str, Any]) -> None:
    steps = line["annotation"]["content"]["reasoning_steps"]
    issue, observation, file, patch, test = [cited for step in steps for cited in step["citations"]]
    assert [cited["kind"] for cited in (issue, observation, file, patch, test)] == [
        "issue", "observation", "file", "patch", "test",
    ]  # fmt: skip
    assert issue["quote"].startswith("February is right. But after it I expected")
    assert observation["target"] == {"step": 4, "index": 0}
    assert file["target"]["path"] == patch["target"]["path"] == MODULE
    assert file["target"]["tree"] == "base"
    assert file["quote"].strip() == "moment = self._advance(moment)"
    source = (SAMPLES / "library" / MODULE).read_text().splitlines()
    assert source[file["target"]["start_line"] - 1] == f"            {file['quote'].strip()}"
    assert patch["target"]["which"] == "gold"
    assert patch["target"]["side"] == "new"
    assert patch["quote"].strip() == "moment = self._nth(number)"
    assert test["target"]["test_id"].endswith("::test_yearly_comes_back_to_29_february")
    runs = {run["run"]: run for run in line["validation"]}
    assert runs[test["target"]["run"]]["tree"] == "model"
    assert "PASSED" in test["quote"]


def check_verdicts(runs: list[dict[str, Any]]) -> None:
    outcomes = {run["tree"]: run["outcome"] for run in runs}
    assert outcomes == {"base": "not_resolved", "gold": "resolved", "model": "resolved"}
    for run in runs:
        failing = set(run["fail_to_pass"].values())
        assert failing == ({"PASSED"} if run["resolved"] else {"FAILED"}), run["tree"]


def check_review(review: dict[str, Any]) -> None:
    assert (review["verdict"], review["summary"]) == ("approve", APPROVAL)
    assert all(score["answer"] is True for score in review["scores"])
    [earlier] = review["earlier"]
    assert (earlier["verdict"], earlier["summary"]) == ("request_changes", SUMMARY)
    [thread] = review["threads"]
    assert thread["is_blocking"] and thread["is_resolved"]
    assert [comment["body"] for comment in thread["comments"]] == [COMMENT]
    assert re.fullmatch(r"person-[0-9a-f]{16}", thread["comments"][0]["author"])
