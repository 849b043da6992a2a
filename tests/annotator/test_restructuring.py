"""Reshaping the chain: split, join, move; nothing is lost and undo takes it back whole."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from annotator.models import Annotation, ReasoningStep
from annotator.services.editing import NotWritable, add_step, remove_citation, save_step
from annotator.services.restructuring import merge_with_next, split_step
from annotator.services.undoing import redo, undo
from annotator.step_fields import read_field
from annotator.submissions import build_content
from tests.annotator.conftest import cite_thought, write
from tests.conftest import signed_in

TEXT = "First, the sum is wrong.\n\nThen nobody noticed."


def chain(annotation: Annotation) -> list[str]:
    steps = annotation.reasoning_steps.filter(deleted_at=None).order_by("position", "id")
    return [step.rationale for step in steps]


def reread(step: ReasoningStep) -> ReasoningStep:
    return ReasoningStep.objects.select_related("annotation__assignment").get(pk=step.pk)


def as_handed_in(annotation: Annotation) -> Any:
    fresh = Annotation.objects.get(pk=annotation.pk)
    return build_content(fresh)["reasoning_steps"]


# --- split ----------------------------------------------------------------------------------------


def test_a_step_is_split_where_the_caret_stands(annotation: Annotation) -> None:
    user = annotation.assignment.annotator
    step = write(annotation, rationale=TEXT, covers=[1, 2])
    write(annotation, rationale="last")
    second = split_step(user, step, TEXT.index("Then"))
    assert chain(annotation) == ["First, the sum is wrong.", "Then nobody noticed.", "last"]
    assert (second.kind, second.claim, reread(step).covers) == ("observation", "", [1, 2])


def test_without_a_caret_the_first_paragraph_stays(annotation: Annotation) -> None:
    step = write(annotation, rationale=TEXT)
    split_step(annotation.assignment.annotator, step)
    assert chain(annotation) == ["First, the sum is wrong.", "Then nobody noticed."]


def test_citations_stay_with_the_first_half(annotation: Annotation) -> None:
    step = write(annotation, rationale=TEXT)
    cite_thought(annotation, step)
    second = split_step(annotation.assignment.annotator, step)
    assert step.citations.count() == 1
    assert second.citations.count() == 0


@pytest.mark.parametrize("at", [None, 10_000, len("one paragraph")])
def test_nothing_after_the_caret_is_not_split(annotation: Annotation, at: int | None) -> None:
    step = write(annotation, rationale="one paragraph")
    with pytest.raises(NotWritable):
        split_step(annotation.assignment.annotator, step, at)
    assert chain(annotation) == ["one paragraph"]


def test_a_root_cause_is_not_split(annotation: Annotation) -> None:
    user = annotation.assignment.annotator
    step = add_step(user, annotation, "root_cause")
    save_step(user, step, {"rationale": TEXT}, step.version)
    with pytest.raises(NotWritable):
        split_step(user, step)


def test_a_split_is_undone_and_done_again_as_one(annotation: Annotation) -> None:
    user = annotation.assignment.annotator
    step = write(annotation, rationale=TEXT)
    write(annotation, rationale="last")
    split_step(user, step)
    undo(user, annotation)
    assert chain(annotation) == [TEXT, "last"]
    redo(user, annotation)
    assert chain(annotation) == ["First, the sum is wrong.", "Then nobody noticed.", "last"]


# --- join -----------------------------------------------------------------------------------------


def test_a_joined_step_has_all_that_both_had(annotation: Annotation) -> None:
    user = annotation.assignment.annotator
    first = write(annotation, rationale="one", covers=[1, 3])
    second = write(annotation, claim="other claim", rationale="two", covers=[2, 3])
    kept, moved = cite_thought(annotation, first), cite_thought(annotation, second)
    remove_citation(user, kept)
    merge_with_next(user, first)
    joined = reread(first)
    assert joined.claim == "add() subtracts"
    assert joined.rationale == "one\n\nother claim\n\ntwo"
    assert joined.covers == [1, 2, 3]
    assert list(joined.citations.filter(deleted_at=None)) == [moved]
    assert chain(annotation) == [joined.rationale]


def test_the_same_citation_on_both_is_kept_once(annotation: Annotation) -> None:
    first, second = write(annotation), write(annotation)
    kept = cite_thought(annotation, first)
    cite_thought(annotation, second)
    merge_with_next(annotation.assignment.annotator, first)
    assert list(first.citations.filter(deleted_at=None)) == [kept]


def test_what_others_say_of_the_second_is_said_of_the_first(annotation: Annotation) -> None:
    user = annotation.assignment.annotator
    guess = write(annotation, "hypothesis", outcome="confirmed")
    first, second = write(annotation), write(annotation)
    relations = [{"type": "supports", "to": str(guess.uid)}]
    save_step(user, second, {"relations": relations}, second.version)
    values = {
        "settled_by": str(second.uid),
        "relations": [
            {"type": "answers", "to": str(second.uid)},
            {"type": "answers", "to": str(first.uid)},
        ],
    }
    save_step(user, guess, values, guess.version)
    merge_with_next(user, first)
    assert reread(first).relations == relations
    assert read_field(reread(guess), "settled_by") == str(first.uid)
    assert reread(guess).relations == [{"type": "answers", "to": str(first.uid)}]


def test_fields_that_the_first_kind_has_not_go_to_the_rationale(annotation: Annotation) -> None:
    option = {"title": "a cache", "for": "fast", "against": "stale", "chosen": True}
    options = [{**option, "considered_by": "agent", "evidence": []}]
    first = write(annotation, rationale="one")
    write(annotation, "decision", claim="", question="Where?", options=options, rationale="two")
    merge_with_next(annotation.assignment.annotator, first)
    assert reread(first).rationale == (
        "one\n\nQuestion: Where?\n\n- a cache (chosen): for: fast; against: stale\n\ntwo"
    )


def test_of_two_decisions_joined_one_option_is_chosen(annotation: Annotation) -> None:
    def options(title: str) -> list[dict[str, Any]]:
        row = {"title": title, "for": "", "against": "", "chosen": True}
        return [{**row, "considered_by": "", "evidence": []}]

    first = write(annotation, "decision", options=options("a"))
    write(annotation, "decision", options=options("b"))
    merge_with_next(annotation.assignment.annotator, first)
    joined = reread(first).options
    assert [(row["title"], row["chosen"]) for row in joined] == [("a", True), ("b", False)]


def test_the_last_step_has_none_to_join(annotation: Annotation) -> None:
    step = write(annotation)
    with pytest.raises(NotWritable):
        merge_with_next(annotation.assignment.annotator, step)


def test_joining_is_undone_and_done_again_as_one(annotation: Annotation) -> None:
    user = annotation.assignment.annotator
    first = write(annotation, rationale="one")
    second = write(annotation, "verification", rationale="two", tests=["t"])
    cite_thought(annotation, second)
    before = as_handed_in(annotation)
    merge_with_next(user, first)
    after = as_handed_in(annotation)
    undo(user, annotation)
    assert as_handed_in(annotation) == before
    redo(user, annotation)
    assert as_handed_in(annotation) == after


# --- pages ----------------------------------------------------------------------------------------


def test_a_step_is_moved_to_a_place(annotation: Annotation) -> None:
    client = signed_in(annotation.assignment.annotator)
    step = write(annotation, rationale="a")
    for rationale in "bc":
        write(annotation, rationale=rationale)
    assert client.post(f"/reasoning/{step.uid}/move/", {"place": 3}).status_code == 302
    assert chain(annotation) == ["b", "c", "a"]
    client.post(f"/reasoning/{step.uid}/move/", {"place": 99})
    assert chain(annotation) == ["b", "c", "a"]


@pytest.mark.parametrize("posted", [{}, {"place": 0}, {"place": "x"}, {"offset": 5}])
def test_a_move_that_says_nothing_is_refused(
    annotation: Annotation, posted: dict[str, Any]
) -> None:
    client = signed_in(annotation.assignment.annotator)
    step = write(annotation)
    assert client.post(f"/reasoning/{step.uid}/move/", posted).status_code == 422


def test_splitting_and_joining_answer_with_the_column(annotation: Annotation) -> None:
    client: Client = signed_in(annotation.assignment.annotator)
    step = write(annotation, rationale=TEXT)
    hx = {"HX-Request": "true"}
    split = client.post(f"/reasoning/{step.uid}/split/", {"at": 26}, headers=hx)
    assert split.content.count(b"data-card=") == 2
    merged = client.post(f"/reasoning/{step.uid}/merge/", headers=hx)
    assert merged.content.count(b"data-card=") == 1
    assert client.post(f"/reasoning/{step.uid}/merge/").status_code == 409
    assert client.post(f"/reasoning/{step.uid}/split/", {"at": "-1"}).status_code == 422
