"""Undo and redo over a whole annotation."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import User
from annotator.models import Annotation, ReasoningStep
from annotator.services import editing, whole
from annotator.services.undoing import redo, stacks_of, undo
from annotator.submissions import build_content
from tests.annotator.conftest import cite_thought, write

pytestmark = pytest.mark.django_db


def state(annotation: Annotation) -> dict[str, Any]:
    """Return all that can be written, without the count of edits."""
    fresh = Annotation.objects.get(pk=annotation.pk)
    return {**build_content(fresh), "edit_count": 0}


def step_at(annotation: Annotation, place: int) -> ReasoningStep | None:
    steps = list(annotation.reasoning_steps.filter(deleted_at=None))
    return steps[place % len(steps)] if steps else None


def do(annotation: Annotation, number: int, place: int) -> None:
    """Do one of the things a person does; some of them change nothing."""
    user = annotation.assignment.annotator
    step = step_at(annotation, place)
    if number == 0 or step is None:
        editing.add_step(user, annotation, ("hypothesis", "change", "root_cause")[place % 3])
    elif number == 1:
        values = {"claim": f"claim {place}", "test": f"test {place}"}
        editing.save_step(user, step, values, step.version)
    elif number == 2:
        editing.delete_step(user, step)
    elif number == 3:
        editing.move_step(user, step, 1 - 2 * (place % 2))
    elif number == 4:
        cite_thought(annotation, step)
    elif number == 5:
        whole.judge(
            user, annotation, range(1, 2 + place % 3), ("misstep", "", "neutral")[place % 3]
        )
    elif number == 6:
        version = Annotation.objects.get(pk=annotation.pk).version
        whole.save_whole(user, annotation, {"strategy": f"strategy {place}"}, version)
    elif number == 7:
        whole.waive(user, annotation, "some-check", f"{step.uid}//", ("because", "")[place % 2])
    else:
        editing.save_diagnosis(user, annotation, f"diagnosis {place}")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 5)), min_size=1, max_size=12))
def test_whatever_is_done_is_undone_and_redone_step_by_step(
    annotation: Annotation, done: list[tuple[int, int]]
) -> None:
    user = annotation.assignment.annotator
    states = []
    for number, place in done:
        before = stacks_of(annotation).undo
        there = state(annotation)
        do(annotation, number, place)
        if stacks_of(annotation).undo != before:
            states.append(there)
    last = state(annotation)

    for expected in reversed(states):
        assert undo(user, annotation) is not None
        assert state(annotation) == expected
    for expected in [*states[1:], last] if states else []:
        assert redo(user, annotation) is not None
        assert state(annotation) == expected
    assert redo(user, annotation) is None
    while undo(user, annotation):
        pass


def test_writing_after_an_undo_ends_what_could_be_redone(
    annotation: Annotation, annotator: User
) -> None:
    write(annotation, claim="One")
    undo(annotator, annotation)
    write(annotation, claim="Two")
    assert redo(annotator, annotation) is None
    assert [step.claim for step in annotation.reasoning_steps.filter(deleted_at=None)] == [
        "",
        "Two",
    ]


def test_a_citation_that_made_its_step_goes_with_it(
    annotation: Annotation, annotator: User
) -> None:
    cite_thought(annotation)
    assert len(stacks_of(annotation).undo) == 1
    undo(annotator, annotation)
    assert build_content(annotation)["reasoning_steps"] == []


def test_nothing_before_the_committed_diagnosis_is_undone(
    annotation: Annotation, annotator: User
) -> None:
    write(annotation, claim="Before")
    editing.commit_diagnosis(annotator, annotation, "The sign.")
    assert undo(annotator, annotation) is None
    step = write(annotation, claim="After")
    undo(annotator, annotation)
    step.refresh_from_db()
    assert step.claim == ""


def test_a_save_from_before_an_undo_is_a_conflict_and_no_loss(
    annotation: Annotation, annotator: User
) -> None:
    step = write(annotation, claim="First")
    step = editing.save_step(annotator, step, {"claim": "Second"}, step.version)
    stale = step.version
    undo(annotator, annotation)
    with pytest.raises(editing.StaleVersion):
        editing.save_step(annotator, step, {"claim": "Third"}, stale)
