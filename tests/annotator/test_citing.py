"""What is cited is asked of its source, never believed."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from annotator.citations.sources import Selected, find_passage
from annotator.citations.targets import CannotCite, read_target
from annotator.models import Annotation, Citation, ReasoningStep
from annotator.services.editing import remove_citation, restore_citation
from tests.annotator.conftest import cite_thought, write
from tests.reviews.factories import make_assignment
from tests.reviews.runs import make_run
from tests.trajectories.conftest import fetched_trajectory
from tests.trajectories.git_repositories import SampleRepository, make_sample
from trajectories.access import Sight
from trajectories.code import tree_id
from trajectories.models import Trajectory

pytestmark = pytest.mark.django_db

ALL = Sight(sees_gold=True, sees_verdicts=True)
BLIND = Sight(sees_gold=False, sees_verdicts=False)


@pytest.fixture
def sample(tmp_path_factory: pytest.TempPathFactory) -> SampleRepository:
    return make_sample(tmp_path_factory.mktemp("repository") / "sample")


@pytest.fixture
def fetched(db: None, sample: SampleRepository) -> Trajectory:
    return fetched_trajectory(sample)


def quoted(
    trajectory: Trajectory, kind: str, target: dict[str, Any], quote: str = "", sight: Sight = ALL
) -> str:
    return find_passage(trajectory, sight, read_target(kind, target), Selected(quote)).quote


def file_target(trajectory: Trajectory, tree: Any = "base", **fields: Any) -> dict[str, Any]:
    identity = tree_id(trajectory.task_revision, tree, trajectory)
    lines = {"start_line": 2, "end_line": 2}
    return {"tree": tree, "tree_id": identity, "path": "pkg/core.py", **lines, **fields}


def patch_target(**fields: Any) -> dict[str, Any]:
    lines = {"side": "new", "start_line": 2, "end_line": 2}
    return {"which": "gold", "path": "pkg/core.py", **lines, **fields}


# --- every kind -----------------------------------------------------------------------------------


def test_file_lines_are_whole_whatever_was_selected_of_them(fetched: Trajectory) -> None:
    assert quoted(fetched, "file", file_target(fetched), "return") == "    return a - b"
    both = file_target(fetched, start_line=1)
    assert quoted(fetched, "file", both) == "def add(a, b):\n    return a - b"


@pytest.mark.parametrize(("tree", "line"), [("model", "a + b"), ("gold", "a + b")])
def test_files_are_read_at_their_tree(fetched: Trajectory, tree: str, line: str) -> None:
    assert quoted(fetched, "file", file_target(fetched, tree)).endswith(line)


@pytest.mark.parametrize(("side", "line"), [("old", "a - b"), ("new", "a + b")])
def test_a_diff_has_two_sides(fetched: Trajectory, side: str, line: str) -> None:
    assert quoted(fetched, "patch", patch_target(side=side)).endswith(line)


def test_lines_opened_around_a_hunk_are_cited_as_those_of_it(sample: SampleRepository) -> None:
    text = "def add(a, b):\n    return a - b\n\n" + "".join(f"x = {n}\n" for n in range(4, 30))
    sample.add_files({"pkg/core.py": text.encode()})
    trajectory = fetched_trajectory(sample)
    opened = patch_target(start_line=20, end_line=21)
    assert quoted(trajectory, "patch", opened) == "x = 20\nx = 21"
    with pytest.raises(CannotCite):
        quoted(trajectory, "patch", patch_target(start_line=29, end_line=31))


def test_the_position_and_hash_are_those_of_the_content(fetched: Trajectory) -> None:
    target = read_target("file", file_target(fetched))
    passage = find_passage(fetched, ALL, target, Selected("return"))
    content = "def add(a, b):\n    return a - b\n"
    assert passage.content.startswith(content.rstrip("\n"))
    assert passage.content[passage.span.start : passage.span.end] == "    return a - b"
    assert passage.prefix == "def add(a, b):\n"
    assert passage.content_sha256 == hashlib.sha256(passage.content.encode()).hexdigest()


def test_the_issue_is_cited_from_its_source(fetched: Trajectory) -> None:
    assert quoted(fetched, "issue", {}, "Calling add(1, 2) returns") == (
        "Calling `add(1, 2)` returns"
    )


def test_parts_of_a_step_are_cited(fetched: Trajectory) -> None:
    assert quoted(fetched, "thought", {"step": 2}, "I run the") == "I run the"
    assert quoted(fetched, "observation", {"step": 2, "index": 0}, "line 2") == "line 2"
    assert quoted(fetched, "tool_call", {"step": 2, "index": 0}, "reproduce_2.py")


def test_a_test_is_cited_with_its_status(fetched: Trajectory) -> None:
    run = make_run(fetched, "gold", {"tests/test_core.py::test_add": "PASSED"})
    target = {"run": run.pk, "test_id": "tests/test_core.py::test_add"}
    assert quoted(fetched, "test", target) == "PASSED tests/test_core.py::test_add"


# --- refusals -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "target", "quote", "says"),
    [
        ("thought", {"step": 2}, "never said", "does not stand there"),
        ("thought", {"step": 99}, "x", "Step 99 has nothing"),
        ("observation", {"step": 1, "index": 7}, "x", "nothing like that"),
        ("issue", {}, "nobody wrote this", "does not stand there"),
        ("test", {"run": 4711, "test_id": "t"}, "", "not one of this trajectory"),
        ("patch", patch_target(start_line=90, end_line=91), "", "shows no lines 90 to 91"),
        ("patch", patch_target(path="../../etc/passwd"), "", "shows no lines"),
        ("patch", patch_target(start_line=3, end_line=3), "", "lines are empty"),
    ],
)
def test_what_is_not_there_is_refused_in_a_sentence(
    fetched: Trajectory, kind: str, target: dict[str, Any], quote: str, says: str
) -> None:
    with pytest.raises(CannotCite, match=says):
        quoted(fetched, kind, target, quote)


def test_a_file_of_another_tree_than_shown_is_refused(fetched: Trajectory) -> None:
    with pytest.raises(CannotCite, match="has changed since"):
        quoted(fetched, "file", file_target(fetched, tree_id="0" * 40))


def test_a_file_that_is_not_there_is_refused(fetched: Trajectory) -> None:
    with pytest.raises(CannotCite, match="cannot be read"):
        quoted(fetched, "file", file_target(fetched, path="pkg/none.py"))


def test_gold_and_verdicts_are_not_cited_while_they_are_hidden(fetched: Trajectory) -> None:
    run = make_run(fetched, "gold", {"t": "PASSED"})
    hidden = [
        ("file", file_target(fetched, "gold")),
        ("patch", patch_target()),
        ("patch", patch_target(which="model-gold")),
        ("test", {"run": run.pk, "test_id": "t"}),
    ]
    for kind, target in hidden:
        with pytest.raises(CannotCite, match="hidden until your first diagnosis"):
            quoted(fetched, kind, target, sight=BLIND)
    assert quoted(fetched, "patch", patch_target(which="model"), sight=BLIND)


def test_a_run_of_another_trajectory_of_the_task_is_refused(fetched: Trajectory) -> None:
    run = make_run(fetched, "model", {"t": "PASSED"})
    other = fetched_copy(fetched)
    with pytest.raises(CannotCite, match="not one of this trajectory"):
        quoted(other, "test", {"run": run.pk, "test_id": "t"})


def fetched_copy(trajectory: Trajectory) -> Trajectory:
    return Trajectory.objects.create(
        task=trajectory.task,
        task_revision=trajectory.task_revision,
        source_file=trajectory.source_file,
        item_key="other",
        n_steps=0,
    )


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        ("nothing", {}),
        ("thought", {}),
        ("thought", {"step": "2"}),
        ("thought", {"step": True}),
        ("thought", {"step": -1}),
        ("thought", {"step": 2**40}),
        ("file", {"tree": "secret", "tree_id": "0", "path": "x", "start_line": 1, "end_line": 1}),
        ("patch", patch_target(start_line=5, end_line=2)),
        ("patch", patch_target(path="a\0b")),
        ("patch", patch_target(path=["x"])),
    ],
)
def test_targets_that_do_not_fit_their_kind_are_refused(kind: str, target: dict[str, Any]) -> None:
    with pytest.raises(CannotCite):
        read_target(kind, target)


# --- on a reasoning step --------------------------------------------------------------------------


def post(client: Client, annotation: Annotation, **data: Any) -> Any:
    values = {"kind": "thought", "target": json.dumps({"step": 2}), "quote": "I run the", **data}
    url = reverse("annotator:cite", args=[annotation.pk])
    return client.post(url, values, headers={"HX-Request": "true"})


def test_a_citation_hangs_on_the_named_step(
    annotation: Annotation, annotator_client: Client
) -> None:
    write(annotation, claim="first")
    second = write(annotation, claim="second")
    response = post(annotator_client, annotation, step=str(second.uid))
    assert response.status_code == 200
    citation = Citation.objects.get()
    assert (citation.reasoning_step, citation.quote) == (second, "I run the")
    assert b"step 2 thought" in response.content


def test_without_a_step_a_new_observation_carries_it(
    annotation: Annotation, annotator_client: Client
) -> None:
    post(annotator_client, annotation)
    step = ReasoningStep.objects.get()
    assert (step.kind, step.citations.count()) == ("observation", 1)


def test_a_step_of_another_annotation_is_not_hung_on(
    annotation: Annotation, other_annotator: User, annotator_client: Client
) -> None:
    foreign = write(make_assignment(other_annotator).annotation)
    post(annotator_client, annotation, step=str(foreign.uid))
    assert foreign.citations.count() == 0
    assert Citation.objects.get().reasoning_step.annotation == annotation


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"quote": "never said"}, "does not stand there"),
        ({"target": "{"}, "valid JSON"),
        ({"target": "[]", "kind": "file"}, "does not say where"),
        ({"kind": "poem"}, "not one of the available choices"),
    ],
)
def test_a_refused_citation_is_one_sentence_and_changes_nothing(
    annotation: Annotation, annotator_client: Client, data: dict[str, str], says: str
) -> None:
    response = post(annotator_client, annotation, **data)
    assert response.status_code == 422
    assert says in response.content.decode()
    assert not Citation.objects.exists() and not ReasoningStep.objects.exists()


def test_the_same_passage_twice_is_one_citation(annotation: Annotation) -> None:
    step = write(annotation)
    assert cite_thought(annotation, step) == cite_thought(annotation, step)


def test_removing_a_citation_can_be_undone_and_both_are_logged(
    annotator: User, annotation: Annotation
) -> None:
    citation = cite_thought(annotation)
    remove_citation(annotator, citation)
    restore_citation(annotator, citation)
    citation.refresh_from_db()
    assert citation.deleted_at is None
    logged = annotation.edits.order_by("number").values_list("action", flat=True)
    assert list(logged) == ["create", "cite", "uncite", "cite"]
