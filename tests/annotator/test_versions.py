"""Content of version 3 as earlier versions hold it, and the other way round."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from annotator.submissions import schema_violations, submission_schema
from annotator.versions import as_latest, as_version
from tests.factories import make_trajectory
from tests.paths import PROJECT_FOLDER
from tests.reviews.factories import about, citation_content
from tests.reviews.whole import whole_content

pytestmark = pytest.mark.django_db


def names(schema: Any) -> Iterator[str]:
    """Yield the names of all fields that a schema describes."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
    for each in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(each, (dict, list)):
            yield from names(each)


@pytest.fixture
def content() -> dict[str, Any]:
    whole = {**about(make_trajectory()), **whole_content()}
    uid = whole["root_cause"]["uid"]
    cited = citation_content(kind="probe", target={"probe": uid, "run": 1})
    whole["reasoning_steps"][0]["citations"] = [cited]
    return whole


@pytest.mark.parametrize("version", [1, 2, 3])
def test_every_version_fits_its_schema(content: dict[str, Any], version: int) -> None:
    assert schema_violations(as_version(content, version)) == []


def test_a_covered_step_takes_its_judgement_along(content: dict[str, Any]) -> None:
    experiment = as_version(content, 2)["reasoning_steps"][2]
    assert experiment["covers"] == [
        {"step": 1, "judgement": "productive"},
        {"step": 2, "judgement": "misstep"},
    ]


def test_the_latest_shape_of_an_earlier_version_reads_its_judgements(
    content: dict[str, Any],
) -> None:
    latest = as_latest(as_version(content, 2))
    assert [(row["step"], row["judgement"]) for row in latest["judgements"]] == [
        (1, "productive"),
        (2, "misstep"),
    ]
    assert latest["reasoning_steps"][2]["covers"] == [1, 2]


def test_content_of_version_3_stays_as_it_is(content: dict[str, Any]) -> None:
    assert as_latest(content) == content == as_version(content, 3)


def test_every_field_of_the_newest_version_is_documented() -> None:
    documented = (PROJECT_FOLDER / "docs" / "schema.md").read_text()
    written = set(re.findall(r"[a-z0-9_]+", documented))
    assert set(names(submission_schema())) - written == set()
