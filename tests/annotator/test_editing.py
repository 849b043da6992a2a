from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from accounts.models import User
from annotator.access import get_step_to_save
from annotator.models import Annotation, Assignment, Edit, ReasoningStep
from annotator.services.editing import (
    NotWritable,
    add_step,
    commit_diagnosis,
    delete_step,
    move_step,
    restore_step,
    save_diagnosis,
    save_step,
    values_at,
)
from annotator.services.merging import StaleVersion
from annotator.submissions import live_steps
from tests.annotator.conftest import write
from tests.factories import make_batch, make_trajectory
from tests.reviews.factories import make_assignment


def actions(annotation: Annotation) -> list[str]:
    return list(annotation.edits.values_list("action", flat=True).order_by("number"))


def order(annotation: Annotation) -> list[str]:
    return [step.claim for step in live_steps(annotation)]


def save(step: ReasoningStep, version: int, **values: Any) -> ReasoningStep:
    return save_step(step.annotation.assignment.annotator, step, values, version)


def test_every_change_is_a_numbered_row_of_the_log(annotator: User, annotation: Annotation) -> None:
    step = write(annotation)
    write(annotation)
    move_step(annotator, step, 1)
    delete_step(annotator, step)
    restore_step(annotator, step)
    assert actions(annotation) == [
        "create", "update", "create", "update", "move", "delete", "restore",
    ]  # fmt: skip
    annotation.refresh_from_db()
    assert annotation.edit_count == 7


def test_the_log_holds_before_and_after_of_each_field(annotation: Annotation) -> None:
    step = write(annotation, claim="one")
    save(step, step.version, claim="two")
    assert step.edits.order_by("-number")[0].changes == {"claim": ["one", "two"]}


def test_the_log_cannot_be_rewritten(annotation: Annotation) -> None:
    write(annotation)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Edit.objects.filter(annotation=annotation).update(action="nothing")


def test_saving_what_stands_there_is_no_edit(annotation: Annotation) -> None:
    step = write(annotation, claim="same")
    assert save(step, step.version, claim="same").version == step.version
    assert actions(annotation) == ["create", "update"]


def test_fields_that_were_not_sent_stay(annotation: Annotation) -> None:
    step = write(annotation, claim="stays", rationale="old")
    saved = save(step, step.version, rationale="new")
    assert (saved.claim, saved.rationale) == ("stays", "new")


# --- two windows ----------------------------------------------------------------------------------


def test_what_was_written_between_reading_and_locking_is_merged(annotation: Annotation) -> None:
    step = write(annotation, claim="one", rationale="one")
    read = get_step_to_save(annotation.assignment.annotator, step.uid)
    save(step, step.version, claim="theirs")
    user = annotation.assignment.annotator
    saved = save_step(
        user, read.step, {"rationale": "ours"}, read.step.version, read_at=read.read_at
    )
    saved.refresh_from_db()
    assert (saved.claim, saved.rationale, saved.version) == ("theirs", "ours", step.version + 2)


def test_different_fields_from_two_windows_are_merged(annotation: Annotation) -> None:
    step = write(annotation, claim="claim", rationale="")
    base = step.version
    save(step, base, claim="claim of one window", rationale="")
    saved = save(step, base, claim="claim", rationale="rationale of the other")
    assert (saved.claim, saved.rationale) == ("claim of one window", "rationale of the other")


def test_the_same_field_from_two_windows_is_a_conflict_with_all_texts(
    annotation: Annotation,
) -> None:
    step = write(annotation, claim="base")
    base = step.version
    save(step, base, claim="theirs")
    with pytest.raises(StaleVersion) as caught:
        save(step, base, claim="mine", rationale="also mine")
    [conflict] = caught.value.conflicts
    assert (conflict.field, conflict.base, conflict.mine, conflict.theirs) == (
        "claim", "base", "mine", "theirs",
    )  # fmt: skip
    assert caught.value.merged == {"rationale": "also mine"}
    step.refresh_from_db()
    assert (step.claim, step.rationale) == ("theirs", "")


def test_a_save_on_an_old_version_with_the_same_text_is_no_conflict(
    annotation: Annotation,
) -> None:
    step = write(annotation, claim="base")
    base = step.version
    save(step, base, claim="both wrote this")
    assert save(step, base, claim="both wrote this").claim == "both wrote this"


def test_earlier_versions_are_read_from_the_log(annotation: Annotation) -> None:
    step = write(annotation, claim="one")
    first = step.version
    step = save(step, first, claim="two")
    step = save(step, step.version, claim="three", rationale="why")
    old = values_at(step, first)
    assert (old["claim"], old["rationale"]) == ("one", "")


@pytest.mark.django_db(transaction=True)
def test_saves_at_once_lose_no_text_and_no_number(annotation: Annotation) -> None:
    step = write(annotation, claim="base")

    def save_in_thread(number: int) -> bool:
        try:
            save(ReasoningStep.objects.get(pk=step.pk), step.version, claim=f"claim {number}")
        except StaleVersion:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(save_in_thread, range(4)))
    assert outcomes.count(True) == 1
    assert list(annotation.edits.values_list("number", flat=True).order_by("number")) == [1, 2, 3]


# --- order ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moved", "offset", "expected"),
    [(0, 1, "bac"), (2, -1, "acb"), (0, -1, "abc"), (2, 1, "abc")],
)
def test_moving_swaps_neighbours_and_stops_at_the_ends(
    annotator: User, annotation: Annotation, moved: int, offset: int, expected: str
) -> None:
    steps = [write(annotation, claim=letter) for letter in "abc"]
    move_step(annotator, steps[moved], offset)
    assert "".join(order(annotation)) == expected


def test_deleted_steps_are_jumped_over(annotator: User, annotation: Annotation) -> None:
    steps = [write(annotation, claim=letter) for letter in "abc"]
    delete_step(annotator, steps[1])
    move_step(annotator, steps[2], -1)
    assert order(annotation) == ["c", "a"]


def test_a_removed_step_comes_back_with_what_it_had(
    annotator: User, annotation: Annotation
) -> None:
    step = write(annotation, claim="kept", rationale="text")
    delete_step(annotator, step)
    assert order(annotation) == []
    restore_step(annotator, step)
    [restored] = live_steps(annotation)
    assert (restored.claim, restored.rationale) == ("kept", "text")


def test_removing_twice_is_logged_once(annotator: User, annotation: Annotation) -> None:
    step = write(annotation)
    delete_step(annotator, step)
    delete_step(annotator, step)
    assert actions(annotation).count("delete") == 1


# --- who may write, and when ----------------------------------------------------------------------


def test_a_removed_step_is_not_written(annotator: User, annotation: Annotation) -> None:
    step = write(annotation)
    delete_step(annotator, step)
    with pytest.raises(NotWritable, match="removed in another window"):
        save(step, step.version, claim="late")


def test_only_its_annotator_writes(annotation: Annotation, other_annotator: User) -> None:
    with pytest.raises(NotWritable, match="Only its annotator"):
        add_step(other_annotator, annotation, "observation")


@pytest.mark.parametrize("state", ["submitted", "approved", "rejected", "released"])
def test_other_states_are_closed_for_writing(annotator: User, db: None, state: str) -> None:
    assignment = make_assignment(annotator, state=state)
    with pytest.raises(NotWritable, match=f"is {state}"):
        add_step(annotator, assignment.annotation, "observation")


def test_requested_changes_open_it_again(annotator: User, db: None) -> None:
    assignment = make_assignment(annotator, state="changes_requested")
    assert add_step(annotator, assignment.annotation, "observation").version == 1


# --- the first diagnosis --------------------------------------------------------------------------


def test_a_committed_diagnosis_stays_as_it_is(annotator: User, annotation: Annotation) -> None:
    commit_diagnosis(annotator, annotation, "The sign.")
    with pytest.raises(NotWritable, match="stays as it is"):
        save_diagnosis(annotator, annotation, "Something else.")
    annotation.refresh_from_db()
    assert annotation.first_diagnosis == "The sign."


def test_committing_opens_only_that_trajectory(annotator: User, db: None) -> None:
    batch = make_batch(make_trajectory(), make_trajectory())
    one, other = (
        make_assignment(annotator, batch, membership.trajectory)
        for membership in batch.memberships.all()
    )
    for assignment in (one, other):
        assignment.membership.trajectory.grants.update(sees_gold=False, sees_verdicts=False)
    commit_diagnosis(annotator, one.annotation, "The sign.")
    seen = {
        assignment: assignment.membership.trajectory.grants.get().sees_gold
        for assignment in Assignment.objects.all()
    }
    assert seen == {one: True, other: False}
