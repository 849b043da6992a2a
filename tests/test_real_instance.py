"""One real instance with a real trajectory on it, from the files to the exported line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from jsonschema import Draft202012Validator
from lxml.html import HtmlElement

from annotator.models import Annotation
from tests.html import Page, page_of
from tests.validation.real_runs import (
    keep_environments,
    runnable_instance,
    skip_if_index_failed,
    write_row,
)
from tests.validation.sdists import RealInstance
from trajectories.models import Trajectory

pytestmark = [pytest.mark.corpus, pytest.mark.django_db(transaction=True)]

INSTANCE = "pallets__flask-5063"
TRAJECTORY = f"{INSTANCE}.sweagent-gpt4-cost_2_1.traj"
MODULE = "src/flask/cli.py"
HTMX = {"HX-Request": "true"}
CAUSE = "The columns are fixed: nothing asks a rule for its host or subdomain"
CHECK = "The agent never ran a test, and both stay red"


@pytest.fixture
def instance(corpus: Path) -> RealInstance:
    return runnable_instance(corpus, INSTANCE)


def test_a_real_instance_goes_from_its_files_to_the_exported_line(
    instance: RealInstance,
    corpus: Path,
    annotator_client: Client,
    reviewer_client: Client,
    tmp_path: Path,
) -> None:
    keep_environments()
    load(instance, corpus, tmp_path)
    outcomes = validate(tmp_path / "verdicts.json")
    skip_if_index_failed()
    assert outcomes == {"base": "not_resolved", "gold": "resolved", "model": "not_resolved"}

    desk = Desk(annotator_client)
    typed = annotate(desk)
    desk.hand_in()
    approve(reviewer_client)

    call_command("export_batch", "real", out=tmp_path / "out")
    [line] = (tmp_path / "out" / "annotations.jsonl").read_text().splitlines()
    exported = json.loads(line)
    schema = json.loads((tmp_path / "out" / "schema.json").read_text())
    Draft202012Validator(schema).validate(exported)
    check(exported, instance, typed)


def load(instance: RealInstance, corpus: Path, folder: Path) -> None:
    """Load it by the commands of README.md, in their order."""
    runnable = corpus / "runnable"
    call_command("load_tasks", str(write_row(instance, folder)), batch="real")
    call_command("load_trajectories", str(runnable / "trajectories" / TRAJECTORY), batch="real")
    call_command("add_repository", instance.row["repo"], source=str(instance.repository))
    call_command("load_recipes", str(runnable / "instances.jsonl"))


def validate(report: Path) -> dict[str, str]:
    call_command("validate", INSTANCE, wait=True, report=report, timeout=900)
    return {run["tree"]: run["outcome"] for run in json.loads(report.read_text())["runs"]}


class Desk:
    """The workspace as a browser posts to it."""

    def __init__(self, client: Client) -> None:
        self.client = client
        client.post(reverse("annotator:claim", args=["real"]))
        self.annotation = Annotation.objects.get()
        self.trajectory = Trajectory.objects.get()

    def fragment(self, name: str, *arguments: object, **query: str) -> Page:
        url = reverse(name, args=[self.trajectory.pk, *arguments])
        return page_of(self.client.get(url, query, headers=HTMX))

    def add_step(self, kind: str, claim: str, rationale: str, covers: str) -> str:
        url = reverse("annotator:step-add", args=[self.annotation.pk])
        column = page_of(self.client.post(url, {"kind": kind}, headers=HTMX))
        uid: str = column.select("#reasoning")[0].get("data-active")
        saved = self.client.post(
            reverse("annotator:step-save", args=[uid]),
            {"version": 1, "kind": kind, "claim": claim, "rationale": rationale, "covers": covers},
            headers={"Accept": "application/json"},
        )
        assert saved.json()["version"] == 2
        return uid

    def cite(self, uid: str, kind: str, target: dict[str, Any], quote: str) -> str:
        """Hang a quote on a reasoning step; return it without what surrounds it."""
        url = reverse("annotator:cite", args=[self.annotation.pk])
        data = {"kind": kind, "target": json.dumps(target), "quote": quote, "step": uid}
        column = page_of(self.client.post(url, data, headers=HTMX))
        quotes = column.select(f"#r-{uid} [data-quote]")
        assert quote.strip() in quotes[-1].get("data-quote")
        return quote.strip()

    def hand_in(self) -> None:
        url = reverse("annotator:submit", args=[self.annotation.assignment_id])
        page = page_of(self.client.post(url, follow=True))
        assert "Handed in as submission 1" in page.text("[data-messages]")


def annotate(desk: Desk) -> dict[str, str]:
    """Write two reasoning steps with a citation of every kind; return the quotes."""
    cause = desk.add_step("observation", CAUSE, "`headers` is a *tuple* of three.", "3-5")
    check = desk.add_step("verification", CHECK, "Both FAIL_TO_PASS tests fail.", "6-8")
    return {
        "issue": desk.cite(cause, "issue", {}, "flask routes"),
        "file": cite_file(desk, cause),
        "observation": desk.cite(
            cause, "observation", {"step": 4, "index": 0}, 'Line 988:@click.command("routes"'
        ),
        "patch": cite_patch(desk, check),
        "test": cite_test(desk, check),
    }


def cite_file(desk: Desk, uid: str) -> str:
    # The file is long: what is shown is a window round a line.
    page = desk.fragment("trajectories:files", "base", path=MODULE, line="1021")
    [file] = page.select("[data-cite-kind=file]")
    row = row_with(page.select("tr[data-line]"), 'headers = ("Endpoint"')
    number = int(row.get("data-line"))
    target = {
        "tree": file.get("data-tree"),
        "tree_id": file.get("data-tree-id"),
        "path": file.get("data-path"),
        "start_line": number,
        "end_line": number,
    }
    return desk.cite(uid, "file", target, code(row))


def cite_patch(desk: Desk, uid: str) -> str:
    page = desk.fragment("trajectories:diff", "model")
    row = row_with(page.select("tr.diff-line--added"), 'headers = ("Domain"')
    number = int(row.get("data-line"))
    target = {"which": "model", "path": MODULE, "side": "new"}
    lines = {"start_line": number, "end_line": number}
    return desk.cite(uid, "patch", {**target, **lines}, code(row))


def cite_test(desk: Desk, uid: str) -> str:
    cells = desk.fragment("validation:tests").select("[data-cite-kind=test]")
    failed = next(
        cell for cell in reversed(cells) if "test_subdomain" in cell.get("data-test-id", "")
    )
    target = {"run": int(failed.get("data-run")), "test_id": failed.get("data-test-id")}
    return desk.cite(uid, "test", target, "FAILED")


def row_with(rows: list[HtmlElement], text: str) -> HtmlElement:
    return next(row for row in rows if text in row.text_content())


def code(row: HtmlElement) -> str:
    [cell] = row.cssselect("td.code")
    return str(cell.text_content())


def approve(client: Client) -> None:
    """Go from the queue to the submission and answer every question of the rubric with yes."""
    [link] = page_of(client.get(reverse("reviews:queue"))).select("#queue tbody a")
    page = page_of(client.get(link.get("href")))
    assert CAUSE in page.text(".review-column")
    answers = {radio.get("name"): "yes" for radio in page.select("#decide input[type=radio]")}
    [form] = page.select("#decide form")
    data = {**answers, "summary": "", "verdict": "approve"}
    decided = page_of(client.post(form.get("action"), data, follow=True))
    assert "approved" in decided.text("#decide .chip--good")


def check(exported: dict[str, Any], instance: RealInstance, typed: dict[str, str]) -> None:
    assert exported["task"]["instance_id"] == INSTANCE
    assert exported["task"]["base_commit"] == instance.row["base_commit"]
    assert exported["trajectory"]["format"] == "swe-agent-0x"
    assert exported["trajectory"]["n_steps"] == 8
    steps = exported["annotation"]["content"]["reasoning_steps"]
    assert [step["claim"] for step in steps] == [CAUSE, CHECK]
    assert [covered for step in steps for covered in step["covers"]] == [3, 4, 5, 6, 7, 8]
    citations = {cited["kind"]: cited for step in steps for cited in step["citations"]}
    assert citations.keys() == typed.keys()
    for kind, quote in typed.items():
        assert quote in citations[kind]["quote"], kind
    check_file(citations["file"], instance)
    check_runs(exported["validation"], citations["test"]["target"]["run"])
    assert exported["review"]["verdict"] == "approve"


def check_file(citation: dict[str, Any], instance: RealInstance) -> None:
    """The cited line stands where the citation says, in the repository itself."""
    target = citation["target"]
    lines = (instance.repository / target["path"]).read_text().splitlines()
    assert citation["quote"].strip() == lines[target["start_line"] - 1].strip()


def check_runs(runs: list[dict[str, Any]], cited: int) -> None:
    by_tree = {run["tree"]: run for run in runs}
    statuses = {tree: set(run["fail_to_pass"].values()) for tree, run in by_tree.items()}
    assert statuses == {"base": {"FAILED"}, "gold": {"PASSED"}, "model": {"FAILED"}}
    assert by_tree["model"]["run"] == cited
    assert [run["resolved"] for run in by_tree.values()] == [tree == "gold" for tree in by_tree]
    assert len(by_tree["gold"]["pass_to_pass"]) == 54
