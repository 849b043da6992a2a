"""What becomes of citations when what they cite changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from annotator.citations.anchors import Anchor, AnchorState, Cited, Text, anchors_of
from annotator.citations.quotes import Span
from annotator.citations.sources import Passage, Selected, find_passage, sha256_of
from annotator.citations.targets import as_json, read_target
from tests.factories import make_task, make_trajectory
from tests.reviews.runs import make_run
from tests.trajectories.git_repositories import SampleRepository, make_sample
from trajectories.access import Sight
from trajectories.code import fetch_repository, tree_id
from trajectories.models import Repository, Step, TaskRevision, Trajectory
from validation.models import RunTest

ALL = Sight(sees_gold=True, sees_verdicts=True)
EXACT, MOVED, CHANGED, GONE = AnchorState


@pytest.fixture
def sample(tmp_path: Path) -> SampleRepository:
    return make_sample(tmp_path / "sample")


@pytest.fixture
def trajectory(sample: SampleRepository, db: None) -> Trajectory:
    sample.add_files({"pkg/long.py": b"".join(b"line_%d = %d\n" % (n, n) for n in range(1, 31))})
    repository = Repository.objects.create(name="retrace/anchors", source=str(sample.path))
    fetch_repository(repository)
    return make_trajectory(make_task(repository=repository, base_commit=sample.commit))


def cite(trajectory: Trajectory, kind: str, target: dict[str, Any], quote: str = "") -> Cited:
    passage = find_passage(trajectory, ALL, read_target(kind, target), Selected(quote))
    return as_cited(passage, kind)


def as_cited(passage: Passage, kind: str) -> Cited:
    return Cited(
        uid="u",
        kind=kind,
        target=as_json(passage.target),
        quote=passage.quote,
        prefix=passage.prefix,
        suffix=passage.suffix,
        start=passage.span.start,
        end=passage.span.end,
        content_sha256=passage.content_sha256,
    )


def file_target(trajectory: Trajectory, tree: str, path: str, *lines: int) -> dict[str, Any]:
    return {
        "tree": tree,
        "tree_id": tree_id(trajectory.task_revision, tree, trajectory),
        "path": path,
        "start_line": lines[0],
        "end_line": lines[-1],
    }


def anchor(trajectory: Trajectory, cited: Cited) -> Anchor:
    return anchors_of(trajectory, [cited])["u"]


def test_where_the_repository_is_missing_nothing_is_said_of_the_quote(
    trajectory: Trajectory,
) -> None:
    cited = cite(trajectory, "file", file_target(trajectory, "base", "pkg/long.py", 5))
    elsewhere = make_trajectory(make_task(base_commit=trajectory.task_revision.base_commit))
    found = anchor(elsewhere, cited)
    assert (found.state, found.is_unread, found.passage) == (GONE, True, None)
    missing = replace(cited, target={**cited.target, "path": "pkg/none.py"})
    assert not anchor(trajectory, missing).is_unread


def at(cited: Cited, **target: Any) -> Cited:
    return replace(cited, target={**cited.target, **target})


Make = Callable[[Trajectory], Cited]
OF_EVERY_KIND: dict[str, Make] = {
    "file": lambda t: cite(t, "file", file_target(t, "base", "pkg/long.py", 12, 14)),
    "patch": lambda t: cite(
        t,
        "patch",
        {"which": "gold", "path": "pkg/core.py", "side": "new", "start_line": 2, "end_line": 2},
    ),
    "issue": lambda t: cite(t, "issue", {}, "add() subtracts"),
    "thought": lambda t: cite(t, "thought", {"step": 2}, "I run the"),
    "tool_call": lambda t: cite(t, "tool_call", {"step": 2, "index": 0}, "python reproduce_2.py"),
    "observation": lambda t: cite(t, "observation", {"step": 2, "index": 0}, "line 2"),
    "test": lambda t: cite(
        t,
        "test",
        {"run": make_run(t, "gold", {"tests/test_core.py::test_add": "PASSED"}).pk}
        | {"test_id": "tests/test_core.py::test_add"},
    ),
}


@pytest.mark.parametrize("kind", OF_EVERY_KIND)
def test_what_was_just_cited_is_exact(trajectory: Trajectory, kind: str) -> None:
    found = anchor(trajectory, OF_EVERY_KIND[kind](trajectory))
    assert found.state is EXACT, found.reason


@pytest.mark.parametrize("kind", OF_EVERY_KIND)
def test_another_quote_is_changed(trajectory: Trajectory, kind: str) -> None:
    cited = OF_EVERY_KIND[kind](trajectory)
    assert anchor(trajectory, replace(cited, quote=f"{cited.quote} not")).state is CHANGED


@pytest.mark.parametrize("kind", OF_EVERY_KIND)
def test_another_hash_is_no_longer_exact(trajectory: Trajectory, kind: str) -> None:
    cited = OF_EVERY_KIND[kind](trajectory)
    assert anchor(trajectory, replace(cited, content_sha256="0" * 64)).state is MOVED


def test_lines_that_stand_elsewhere_in_the_file_are_moved_there(trajectory: Trajectory) -> None:
    cited = at(OF_EVERY_KIND["file"](trajectory), start_line=20, end_line=22)
    found = anchor(trajectory, cited)
    assert found.state is MOVED
    assert "pkg/long.py:12–14 at base" in found.reason
    assert found.passage and found.passage.quote == cited.quote


def test_a_passage_of_an_issue_follows_the_issue(trajectory: Trajectory) -> None:
    cited = OF_EVERY_KIND["issue"](trajectory)
    revise(trajectory, problem_statement="A new title\n\nadd() subtracts, they say.")
    found = anchor(trajectory, cited)
    assert found.state is MOVED and found.passage
    assert found.passage.span == Span(13, 13 + len(cited.quote))
    revise(trajectory, problem_statement="Something else.")
    assert anchor(trajectory, cited).state is CHANGED


def revise(trajectory: Trajectory, **fields: Any) -> None:
    TaskRevision.objects.filter(pk=trajectory.task_revision_id).update(**fields)
    trajectory.task_revision.refresh_from_db()


def test_of_two_places_the_one_with_the_same_surroundings_is_it(trajectory: Trajectory) -> None:
    cited = OF_EVERY_KIND["thought"](trajectory)
    steps = Step.objects.filter(trajectory=trajectory, number=2)
    steps.update(thought=f"I run the wrong one. {cited.prefix}{cited.quote}{cited.suffix}")
    found = anchor(trajectory, cited)
    assert found.state is MOVED and found.passage
    assert found.passage.span.start == 21 + len(cited.prefix)
    steps.update(thought="No, I run the one. Then I run the other.")
    assert anchor(trajectory, cited).state is CHANGED


@pytest.mark.parametrize(
    ("kind", "where"),
    [
        ("file", {"path": "pkg/other.py"}),
        ("file", {"start_line": 40, "end_line": 40, "tree": "nowhere"}),
        ("file", {"tree": "step-99"}),
        ("patch", {"path": "pkg/long.py"}),
        ("thought", {"step": 99}),
        ("observation", {"index": 5}),
        ("test", {"test_id": "tests/test_core.py::test_sub"}),
        ("test", {"run": 99_999}),
    ],
)
def test_what_is_not_there_is_gone(
    trajectory: Trajectory, kind: str, where: dict[str, Any]
) -> None:
    found = anchor(trajectory, at(OF_EVERY_KIND[kind](trajectory), **where))
    assert found.state is GONE
    assert found.reason


def test_another_tree_is_told_from_the_one_that_was_cited(trajectory: Trajectory) -> None:
    """The lines are the same at gold, and yet nobody cited them there."""
    cited = at(OF_EVERY_KIND["file"](trajectory), tree="gold")
    found = anchor(trajectory, cited)
    assert found.state is MOVED
    assert "another tree" in found.reason


def test_an_outcome_that_the_run_does_not_have_is_changed(trajectory: Trajectory) -> None:
    cited = OF_EVERY_KIND["test"](trajectory)
    RunTest.objects.update(status="FAILED")
    found = anchor(trajectory, cited)
    assert found.state is CHANGED
    assert "FAILED tests/test_core.py::test_add" in found.reason


def test_queries_do_not_grow_with_the_citations(trajectory: Trajectory) -> None:
    of_each = [make(trajectory) for make in OF_EVERY_KIND.values()]

    def n_queries(times: int) -> int:
        cited = [replace(c, uid=f"{i}-{n}") for i, c in enumerate(of_each) for n in range(times)]
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert len(anchors_of(trajectory, cited)) == times * len(of_each)
        return len(queries)

    assert n_queries(1) == n_queries(20) <= 3


# --- properties ------------------------------------------------------------------------------

LINES = st.lists(st.sampled_from(["a", "b", "  c", ""]), min_size=1, max_size=12)


@given(lines=LINES, data=st.data())
def test_the_place_of_lines_and_the_lines_of_a_place_agree(
    lines: list[str], data: st.DataObject
) -> None:
    text = Text.of_lines(dict(enumerate(lines, start=1)))
    first = data.draw(st.integers(1, len(lines)))
    last = data.draw(st.integers(first, len(lines)))
    span = text.span_of(first, last)
    assert span is not None
    assert text.content[span.start : span.end] == "\n".join(lines[first - 1 : last])
    assert text.lines_at(span) == (first, last)
    if text.content[span.start : span.end]:
        assert span in text.places(text.content[span.start : span.end])


@given(before=st.text(max_size=20), quote=st.text("xyz", min_size=1), after=st.text(max_size=20))
def test_a_text_fits_between_what_it_was_cut_from(before: str, quote: str, after: str) -> None:
    text = Text(before + quote + after)
    span = Span(len(before), len(before) + len(quote))
    assert text.fits(span, before, after)
    assert span in text.places(quote)
    assert text.sha256 == sha256_of(text.content)
