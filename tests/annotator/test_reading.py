"""What a handed-in annotation shows in the workspace, and the links of what is read."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from lxml import html
from lxml.html import HtmlElement

from accounts.models import User
from annotator.contexts.places import Link, places_here, runs_of
from annotator.contexts.reading import read_step
from annotator.contexts.whole_reading import read_judgements, read_overview
from annotator.models import Annotation, Assignment
from annotator.services.whole import judge
from tests.annotator.conftest import cite_thought, write
from tests.factories import make_trajectory

pytestmark = pytest.mark.django_db

HUNK = {
    "which": "gold",
    "path": "pkg/core.py",
    "old_start": 2,
    "old_count": 1,
    "new_start": 2,
    "new_count": 1,
}


def judged(step: int, judgement: str, **fields: Any) -> dict[str, Any]:
    empty = {"misstep": "", "should_have": "", "is_decisive": False}
    return {"step": step, "judgement": judgement, **empty, **fields}


def content_step(kind: str, **details: Any) -> dict[str, Any]:
    return {"uid": "a", "kind": kind, "claim": "", "details": details}


def fields(step: dict[str, Any], **links: Link) -> dict[str, tuple[str, list[str]]]:
    reading = read_step(step, places_here(make_trajectory()), links, {})
    return {
        field.label: (field.text, [link.label for link in field.links]) for field in reading.fields
    }


def text(page: HtmlElement, selector: str) -> list[str]:
    return [" ".join(found.text_content().split()) for found in page.cssselect(selector)]


# --- the fields of each kind ----------------------------------------------------------------------


def test_a_hypothesis_names_how_it_ended_and_which_step_settled_it() -> None:
    step = content_step("hypothesis", test="Run it", outcome="refuted", settled_by="b")
    shown = fields(step, b=Link("R2 It runs", "#r-b"))
    assert shown == {
        "How to test it": ("Run it", []),
        "How it ended": ("refuted by", ["R2 It runs"]),
    }


def test_what_was_left_empty_is_said_and_what_may_be_empty_is_left_out() -> None:
    assert fields(content_step("change")) == {"Hunks": ("", [])}
    assert fields(content_step("dead_end", cost_steps=0))["Cost in steps"] == ("0", [])


def test_a_hunk_opens_the_diff_where_it_stands() -> None:
    trajectory = make_trajectory()
    [read] = read_step(content_step("change", hunks=[HUNK]), places_here(trajectory), {}, {}).fields
    [link] = read.links
    assert link.label == "pkg/core.py −2,1 +2,1"
    assert link.href == "?right=gold&file=pkg%2Fcore.py&at=n2"
    assert link.fragment.startswith(reverse("trajectories:diff", args=[trajectory.pk, "gold"]))


def test_a_hunk_that_only_removes_opens_at_its_old_side() -> None:
    places = places_here(make_trajectory())
    removed = {**HUNK, "new_count": 0}
    [field] = read_step(content_step("change", hunks=[removed]), places, {}, {}).fields
    assert field.links[0].href.endswith("at=o2")


def test_a_step_that_the_trajectory_has_not_is_no_link() -> None:
    places = places_here(make_trajectory())
    assert places.step(1).href and not places.step(9999).href


def test_contents_of_earlier_versions_have_no_fields() -> None:
    places = places_here(make_trajectory())
    reading = read_step(content_step("hypothesis"), places, {}, {}, has_details=False)
    assert reading.fields == ()


def test_a_relation_to_what_is_gone_is_told() -> None:
    step = {**content_step("observation"), "relations": [{"type": "refutes", "to": "b"}]}
    [relation] = read_step(step, places_here(make_trajectory()), {}, {}).relations
    assert relation.to == Link("a step that is gone")


# --- the whole ------------------------------------------------------------------------------------


def test_neighbouring_steps_fold_only_where_the_same_is_said_of_them() -> None:
    rows = [
        judged(1, "productive"),
        judged(2, "productive"),
        judged(3, "misstep", misstep="overreach", should_have="Stop."),
        judged(4, "misstep", misstep="overreach"),
        judged(5, "productive", is_decisive=True),
    ]
    reading = read_judgements(rows, 1, 7, places_here(make_trajectory()))
    assert [row.steps.label for row in reading.rows] == ["1-2", "3", "4", "5", "6-7"]
    assert [row.label for row in reading.rows][-1] == "Not judged"
    assert reading.rows[1].misstep and reading.rows[1].misstep.label == "Overreach"
    assert reading.counts[-1] == ("", "Not judged", 2)


def test_a_misstep_that_the_list_has_not_keeps_its_name() -> None:
    rows = [judged(1, "misstep", misstep="hubris")]
    [row] = read_judgements(rows, 1, 1, places_here(make_trajectory())).rows
    assert (row.misstep, row.unknown_misstep) == (None, "hubris")


def test_an_overview_is_shown_in_words_also_where_fields_are_missing() -> None:
    overview = {"task_kind": "edge_case", "exit": "bad_task", "tests_fair": {"score": 2}}
    reading = read_overview(overview)
    assert reading.facts[0] == ("Kind of task", "Edge case")
    specified, fair = reading.screening
    assert specified.score is None and specified.answer == ""
    assert fair.is_unfit and fair.answer.startswith("2: ")


def test_runs_are_of_neighbours_each_once() -> None:
    assert runs_of([5, 1, 2, 2]) == [[1, 2], [5]]


# --- the page -------------------------------------------------------------------------------------


@pytest.fixture
def whole(annotation: Annotation, annotator: User) -> Annotation:
    write(annotation, "hypothesis", claim="The sign", test="Run it", outcome="open", covers=[1, 2])
    change = write(annotation, "change", hunks=[HUNK], also_changed="<b>Docs</b>")
    cite_thought(annotation, change)
    write(annotation, "root_cause", claim="add() subtracts", elsewhere="It is generated.")
    judge(annotator, annotation, [1], "misstep")
    return annotation


def handed_in(client: Client, assignment: Assignment) -> HtmlElement:
    Assignment.objects.filter(pk=assignment.pk).update(state="submitted")
    response = client.get(reverse("annotator:workspace", args=[assignment.pk]))
    assert response.status_code == 200
    return html.fromstring(response.content)


def test_what_was_handed_in_shows_all_that_was_written(
    whole: Annotation, annotator_client: Client
) -> None:
    page = handed_in(annotator_client, whole.assignment)
    said = " ".join(text(page, ".reasoning-card"))
    for words in ("left open", "Run it", "<b>Docs</b>", "It is generated.", "kind not named"):
        assert words in said
    assert text(page, ".reasoning-card .card-top b")[:3] == ["Overview", "Root cause", "R1"]
    [link] = page.cssselect('.read-fields a[href*="at=n2"]')
    assert link.get("hx-target") == "#right-pane"
    assert not page.cssselect("#reasoning form")


def test_a_batch_of_version_2_shows_what_it_asks_for(
    whole: Annotation, annotator_client: Client
) -> None:
    policy = whole.assignment.membership.batch.policy
    policy.schema_version = 2
    policy.save()
    page = handed_in(annotator_client, whole.assignment)
    assert not page.cssselect("#overview, .read-fields")
    assert text(page, "#judgements .judged-table td:first-child")[0] == "1"


def test_it_takes_the_same_queries_for_twice_the_steps(
    annotation: Annotation, annotator_client: Client
) -> None:
    def count(n: int) -> int:
        for _ in range(n):
            cite_thought(annotation, write(annotation, "change", hunks=[HUNK]))
        handed_in(annotator_client, annotation.assignment)
        Assignment.objects.filter(pk=annotation.assignment.pk).update(state="submitted")
        with CaptureQueriesContext(connection) as queries:
            handed_in(annotator_client, annotation.assignment)
        Assignment.objects.filter(pk=annotation.assignment.pk).update(state="active")
        return len(queries)

    assert count(2) == count(4)
