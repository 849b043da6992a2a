"""Re-anchoring: by a button, and when a task gets a new revision."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from annotator.citations.sources import Selected, find_passage
from annotator.citations.targets import IssueTarget
from annotator.models import Annotation, Citation
from annotator.services.anchoring import follow_task, reanchor_annotation
from annotator.services.citing import cite
from annotator.services.undoing import redo, undo
from tests.annotator.conftest import cite_thought, write
from tests.html import page_of
from trajectories.access import Sight
from trajectories.loading import load_tasks
from trajectories.models import Step, TaskRevision, Trajectory

pytestmark = pytest.mark.django_db

ALL = Sight(sees_gold=True, sees_verdicts=True)
HTMX = {"HX-Request": "true"}


def trajectory_of(annotation: Annotation) -> Trajectory:
    return annotation.assignment.membership.trajectory


def cite_issue(annotation: Annotation, quote: str = "add() subtracts") -> Citation:
    passage = find_passage(trajectory_of(annotation), ALL, IssueTarget(), Selected(quote))
    return cite(annotation.assignment.annotator, annotation, "issue", passage, write(annotation))


def revise(annotation: Annotation, **fields: str) -> None:
    """Give the task a new revision, as loading another row does."""
    task = trajectory_of(annotation).task
    old = task.current_revision
    assert old is not None
    values = {
        name: getattr(old, name)
        for name in ("base_commit", "patch", "test_patch", "fail_to_pass", "pass_to_pass")
    }
    task.current_revision = TaskRevision.objects.create(
        task=task, number=old.number + 1, content_sha256=f"{old.number + 900:064x}",
        **{**values, "problem_statement": old.problem_statement, **fields},
    )  # fmt: skip
    task.save(update_fields=["current_revision"])


def test_a_new_revision_re_anchors_what_moved_and_keeps_the_rest(annotation: Annotation) -> None:
    moved, lost = cite_issue(annotation), cite_issue(annotation, "Calling")
    revise(annotation, problem_statement="Since 1.0, add() subtracts.")
    outcome = follow_task(trajectory_of(annotation).task_id)
    assert (outcome.moved, outcome.changed) == (1, 1)
    before = moved.start
    moved.refresh_from_db()
    assert (before, moved.start, moved.prefix) == (0, 11, "Since 1.0, ")
    lost.refresh_from_db()
    assert lost.deleted_at is None and lost.quote == "Calling"
    assert trajectory_of(annotation).__class__.objects.get().task_revision.number == 2


def test_re_anchoring_is_logged_and_undone_in_one_gesture(
    annotator: User, annotation: Annotation
) -> None:
    one, other = cite_issue(annotation), cite_issue(annotation, "returns -1")
    revise(annotation, problem_statement="Since 1.0, add() subtracts and returns -1.")
    follow_task(trajectory_of(annotation).task_id)
    edits = annotation.edits.filter(action="reanchor")
    assert edits.count() == 2 and edits.values("gesture").distinct().count() == 1
    undo(annotator, annotation)
    for citation, start in ((one, 0), (other, 37)):
        citation.refresh_from_db()
        assert citation.start == start
    redo(annotator, annotation)
    one.refresh_from_db()
    assert one.start == 11


def test_what_was_handed_in_stays_as_it_is(annotation: Annotation) -> None:
    citation = cite_issue(annotation)
    annotation.assignment.submit(annotation.assignment.annotator)
    revise(annotation, problem_statement="Since 1.0, add() subtracts.")
    assert follow_task(trajectory_of(annotation).task_id).moved == 0
    citation.refresh_from_db()
    assert citation.start == 0


def test_loading_another_row_of_a_task_re_anchors_its_drafts(
    annotation: Annotation, tmp_path: Path
) -> None:
    citation = cite_issue(annotation)
    task = trajectory_of(annotation).task
    assert task.current_revision is not None
    row = {
        "instance_id": task.instance_id,
        "repo": task.repository.name,
        "base_commit": task.current_revision.base_commit,
        "patch": task.current_revision.patch,
        "test_patch": task.current_revision.test_patch,
        "problem_statement": "Since 1.0, add() subtracts.",
    }
    (tmp_path / "rows.jsonl").write_text(json.dumps(row))
    load_tasks([tmp_path / "rows.jsonl"], batch_slug="again")
    citation.refresh_from_db()
    assert citation.start == 11


def test_a_draft_where_nothing_moved_gets_no_edit(annotator: User, annotation: Annotation) -> None:
    cite_issue(annotation)
    n_edits = annotation.edits.count()
    assert reanchor_annotation(annotator, annotation).exact == 1
    assert annotation.edits.count() == n_edits


# --- the workspace --------------------------------------------------------------------------------


def set_thought(annotation: Annotation, text: str) -> None:
    Step.objects.filter(trajectory=trajectory_of(annotation), number=2).update(thought=text)


def chip(client: Client, annotation: Annotation) -> tuple[str, bool]:
    """Return the state on the only chip, and whether a button offers to re-anchor it."""
    url = reverse("annotator:workspace", args=[annotation.assignment_id])
    page = page_of(client.get(url))
    [item] = page.select(".cite")
    return item.get("data-state") or "", bool(item.cssselect(".cite-reanchor"))


def test_each_chip_says_what_became_of_its_citation(
    annotator_client: Client, annotation: Annotation
) -> None:
    cite_thought(annotation)
    assert chip(annotator_client, annotation) == ("exact", False)
    set_thought(annotation, "First of all, I run the tests.")
    assert chip(annotator_client, annotation) == ("moved", True)
    set_thought(annotation, "Something else.")
    assert chip(annotator_client, annotation) == ("changed", False)
    Step.objects.filter(number=2).delete()
    assert chip(annotator_client, annotation) == ("gone", False)


def test_the_button_points_a_moved_citation_at_its_new_place(
    annotator_client: Client, annotation: Annotation
) -> None:
    citation = cite_thought(annotation)
    set_thought(annotation, "First of all, I run the tests.")
    url = reverse("annotator:citation-reanchor", args=[citation.uid])
    column = page_of(annotator_client.post(url, headers=HTMX))
    assert "Re-anchored a citation." in column.text(".reasoning-said")
    assert chip(annotator_client, annotation) == ("exact", False)
    citation.refresh_from_db()
    assert citation.start == 14


def test_the_button_changes_nothing_where_the_quote_is_gone(
    annotator_client: Client, annotation: Annotation
) -> None:
    citation = cite_thought(annotation)
    set_thought(annotation, "Something else.")
    annotator_client.post(reverse("annotator:citation-reanchor", args=[citation.uid]))
    assert not annotation.edits.filter(action="reanchor").exists()
