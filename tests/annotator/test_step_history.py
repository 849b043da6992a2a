"""The history of a reasoning step from the edit log, and bringing a version back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from annotator.contexts.step_history import MOST_VERSIONS, StepHistory, step_history
from annotator.models import Annotation, ReasoningStep
from annotator.services import editing
from annotator.services.undoing import undo
from tests.annotator.conftest import cite_thought, write
from tests.conftest import signed_in


def history(step: ReasoningStep, **shown: Any) -> StepHistory:
    fresh = ReasoningStep.objects.select_related("annotation").get(pk=step.pk)
    return step_history(fresh, **shown)


def save(step: ReasoningStep, **values: Any) -> ReasoningStep:
    user = step.annotation.assignment.annotator
    step.refresh_from_db()
    return editing.save_step(user, step, values, step.version)


@pytest.fixture
def sittings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each save be one of its own sitting."""
    monkeypatch.setattr("annotator.contexts.step_history._SITTING", timedelta(0))


def changes(found: StepHistory, index: int = 0) -> dict[str, str]:
    def mark(piece: Any) -> str:
        return (
            f"[-{piece.text}-]"
            if piece.is_old
            else f"{{+{piece.text}+}}"
            if piece.is_new
            else piece.text
        )

    return {
        change.label: "".join(map(mark, change.pieces)) for change in found.versions[index].changes
    }


def test_each_version_says_who_when_and_which_words(annotation: Annotation, sittings: None) -> None:
    step = write(annotation, claim="the sum is wrong")
    save(step, claim="the difference is wrong", rationale="new")
    found = history(step)
    assert changes(found) == {
        "Claim": "the [-sum-]{+difference+} is wrong",
        "Rationale": "{+new+}",
    }
    newest = found.versions[0]
    assert newest.author == annotation.assignment.annotator.get_username()
    assert timezone.now() - newest.at < timedelta(minutes=1)
    assert (newest.is_current, newest.can_bring_back) == (True, False)
    assert [version.number for version in found.versions] == [3, 2, 1]


def test_saves_of_one_sitting_are_one_version(annotation: Annotation) -> None:
    step = write(annotation, claim="a")
    for claim in ("ab", "abc", "abcd"):
        save(step, claim=claim)
    found = history(step)
    assert changes(found) == {"Claim": "{+abcd+}"}
    assert [version.n_saves for version in found.versions] == [4, 1]


def test_citations_moves_and_undo_are_told(annotation: Annotation) -> None:
    step = write(annotation)
    cite_thought(annotation, step)
    undo(annotation.assignment.annotator, annotation)
    assert [version.said for version in history(step).versions] == [
        "undo: removed a citation “I run the”",
        "cited “I run the”",
        "changed it",
        "began it",
    ]


def test_other_fields_are_told_in_words(annotation: Annotation, sittings: None) -> None:
    other = write(annotation)
    step = write(annotation, "hypothesis")
    save(step, covers=[1, 2], relations=[{"type": "supports", "to": str(other.uid)}])
    assert changes(history(step)) == {
        "Covered steps": "[-none-] {+1-2+}",
        "Relations": "[-none-] {+supports R1+}",
    }


def test_a_version_comes_back_on_top_and_nothing_is_lost(annotation: Annotation) -> None:
    step = write(annotation, claim="first", rationale="one", covers=[1])
    version = ReasoningStep.objects.get(pk=step.pk).version
    save(step, claim="second", rationale="two", covers=[2])
    client = signed_in(annotation.assignment.annotator)
    answer = client.post(
        f"/reasoning/{step.uid}/bring-back/", {"version": version}, headers={"HX-Request": "true"}
    )
    assert b"is back" in answer.content
    step.refresh_from_db()
    assert (step.claim, step.rationale, step.covers) == ("first", "one", [1])
    assert step.version == version + 2
    undo(annotation.assignment.annotator, annotation)
    step.refresh_from_db()
    assert step.claim == "second"


@pytest.mark.parametrize("version", ["", "0", "x", "-1"])
def test_a_version_that_is_none_is_refused(annotation: Annotation, version: str) -> None:
    step = write(annotation)
    client = signed_in(annotation.assignment.annotator)
    answer = client.post(f"/reasoning/{step.uid}/bring-back/", {"version": version})
    assert answer.status_code == 422


def test_a_long_history_shows_its_newest_part_first(annotation: Annotation, sittings: None) -> None:
    step = write(annotation)
    for number in range(MOST_VERSIONS):
        save(step, claim=f"claim {number}")
    assert history(step).n_more == 2
    assert history(step, show_all=True).n_more == 0
    client = signed_in(annotation.assignment.annotator)
    assert b"2 earlier versions" in client.get(f"/reasoning/{step.uid}/history/").content


def test_a_longer_history_takes_no_more_queries(
    annotation: Annotation, sittings: None, django_assert_num_queries: Any
) -> None:
    step = write(annotation)
    for number in range(9):
        save(step, claim=f"claim {number}")
    fresh = ReasoningStep.objects.select_related("annotation").get(pk=step.pk)
    with django_assert_num_queries(3):
        step_history(fresh)
