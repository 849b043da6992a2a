"""The sample annotations are what their sources say, and the checks find nothing in them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from annotator.checks import Severity
from annotator.importing.loading import Loaded, Wish, load_files
from annotator.models import Annotation
from annotator.services.claiming import policy_of
from annotator.submissions import build_content, schema_violations
from tests.conftest import PROJECT_FOLDER, make_user
from tests.samples_batch.conftest import SAMPLES
from trajectories.models import Batch, Repository
from trajectories.tasks import fetch_repository

pytestmark = [pytest.mark.django_db, pytest.mark.checks]

FILES = sorted((SAMPLES / "annotations").glob("*.json"))
WORKED_EXAMPLE = SAMPLES / "annotations" / "almanac-14.mini-swe-agent.gold.json"
GUIDE = PROJECT_FOLDER / "docs" / "annotating.md"


@pytest.fixture
def batch(repository: Path) -> Batch:
    """The sample batch, loaded by the commands that load any batch."""
    quiet = {"stdout": io.StringIO()}
    call_command("add_repository", "retrace-samples/almanac", source=str(repository), **quiet)
    fetch_repository(Repository.objects.get().pk)
    call_command("load_tasks", str(SAMPLES / "tasks.jsonl"), batch="sample", **quiet)
    call_command("load_trajectories", str(SAMPLES / "trajectories"), batch="sample", **quiet)
    return Batch.objects.get(slug="sample")


def found(loaded: Loaded) -> list[str]:
    assert loaded.report is not None, loaded.reason
    return [
        f"{loaded.place}: {each.check}: {each.message}"
        for each in loaded.report.findings
        if each.severity is not Severity.INFORM
    ]


def test_the_annotations_are_what_their_sources_say(batch: Batch) -> None:
    from build_annotations import as_text, lines

    built = {name: as_text(line) for name, line in lines()}
    assert built == {file.stem: file.read_text("utf-8") for file in FILES}


def test_there_are_twelve_and_the_checks_find_nothing_in_them(batch: Batch) -> None:
    checked = list(load_files(FILES, Wish(batch="sample")))
    assert len(checked) >= 12
    assert [said for loaded in checked for said in found(loaded)] == []


def test_they_are_submissions_and_are_read_back_as_they_were(batch: Batch) -> None:
    policy = policy_of(batch)
    policy.overlap = 2
    policy.save()
    for file in FILES:
        given = json.loads(file.read_text("utf-8"))["annotation"]["content"]
        assert schema_violations(given) == []
        person = make_user(f"reader-{file.stem}", "annotator")
        [loaded] = load_files([file], Wish(person=person, batch="sample"))
        assert (loaded.outcome, loaded.reason) == ("loaded", "")
        draft = Annotation.objects.get(assignment=loaded.assignment)
        assert without_counts(build_content(draft)) == without_counts(given)


def without_counts(content: dict[str, Any]) -> dict[str, Any]:
    return {**json.loads(json.dumps(content)), "edit_count": 0}


def test_the_guides_worked_example_is_the_sample_and_has_no_finding(batch: Batch) -> None:
    from build_annotations import worked_example

    content = json.loads(WORKED_EXAMPLE.read_text("utf-8"))["annotation"]["content"]
    assert worked_example(content) in GUIDE.read_text("utf-8")
    [loaded] = load_files([WORKED_EXAMPLE], Wish(batch="sample"))
    assert loaded.report is not None
    assert loaded.report.findings == ()
