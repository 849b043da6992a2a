"""The preview of a draft, with references as links."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from annotator.contexts.references import references_of, render_with_references
from annotator.models import Annotation
from annotator.services.claiming import claim_next
from tests.annotator.conftest import write
from tests.conftest import signed_in
from tests.factories import make_batch
from tests.trajectories.conftest import fetched_trajectory
from tests.trajectories.git_repositories import make_sample

MORE = {
    "pkg/query.py": b"class QuerySet:\n    def filter(self):\n        pass\n",
    "other/core.py": b"def add(a):\n    pass\n",
}


@pytest.fixture
def annotation(annotator: User, tmp_path: Path) -> Annotation:
    sample = make_sample(tmp_path / "sample")
    sample.add_files(MORE)
    return claim_next(annotator, make_batch(fetched_trajectory(sample))).annotation


def rendered(annotation: Annotation, text: str) -> str:
    return render_with_references(text, references_of(annotation))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("as step 2 shows", "?left=step&amp;step=2"),
        ("in query.py:2", "?left=files&amp;tree=base&amp;path=pkg%2Fquery.py&amp;line=2"),
        ("in `query.py:1-2`", "?left=files&amp;tree=base&amp;path=pkg%2Fquery.py&amp;line=1-2"),
        ("see pkg/core.py.", "?left=files&amp;tree=base&amp;path=pkg%2Fcore.py"),
        ("`QuerySet.filter` is", "?left=files&amp;tree=base&amp;path=pkg%2Fquery.py&amp;line=2"),
        ("`filter()`", "?left=files&amp;tree=base&amp;path=pkg%2Fquery.py&amp;line=2"),
        ("`add`", "?left=files&amp;tree=base&amp;look=definition&amp;code=add"),
    ],
)
def test_a_reference_opens_its_place(annotation: Annotation, text: str, address: str) -> None:
    html = rendered(annotation, text)
    assert f'<a href="{address}" hx-get="/trajectories/' in html
    assert 'hx-target="#left-pane"' in html


def test_a_test_and_a_reasoning_step_are_references(annotation: Annotation) -> None:
    step = write(annotation)
    test_id = annotation.assignment.membership.trajectory.task_revision.fail_to_pass[0]
    html = rendered(annotation, f"R1 and `{test_id}`, not R2")
    assert f'<a href="#r-{step.uid}"' in html
    assert 'hx-target="#right-pane"' in html
    assert html.count("<a ") == 2


@pytest.mark.parametrize(
    "text",
    [
        "step 99",
        "core.py:1",
        "`nothing`",
        "e.g. this",
        "[step 2](http://x.example)",
        "```\nadd\n```",
    ],
)
def test_what_leads_nowhere_or_is_a_link_already_stays(annotation: Annotation, text: str) -> None:
    assert "hx-get" not in rendered(annotation, text)


@pytest.mark.parametrize(
    "text",
    ["+" * 50_000, "a/" * 30_000, "a.b " * 20_000, "`" * 20_000, "x." * 30_000, "step 2 " * 5_000],
)
def test_hostile_text_is_rendered_in_time(annotation: Annotation, text: str) -> None:
    assert rendered(annotation, text)


def test_nothing_harmful_is_let_through(annotation: Annotation) -> None:
    html = rendered(
        annotation, 'step 2 <img src=x onerror=alert(1)> <a href="?x" hx-get="/y">y</a>'
    )
    assert "onerror" not in html
    assert html.count("hx-get") == 1


def test_the_preview_shows_the_draft_that_is_posted_and_saves_nothing(
    annotation: Annotation,
) -> None:
    client: Client = signed_in(annotation.assignment.annotator)
    step = write(annotation, rationale="saved *text*")
    url = f"/reasoning/{step.uid}/preview/"
    assert b"<em>draft</em>" in client.post(url, {"rationale": "a *draft*"}).content
    assert b"<em>text</em>" in client.get(url).content
    step.refresh_from_db()
    assert step.rationale == "saved *text*"


def test_a_preview_takes_as_many_queries_for_more_references(
    annotation: Annotation, django_assert_num_queries: Any
) -> None:
    rendered(annotation, "step 1 and `add`")
    with django_assert_num_queries(1):
        rendered(annotation, "step 1, step 2, `add`, query.py:2, pkg/core.py, `filter`")
