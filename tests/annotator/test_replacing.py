"""A trajectory that was loaded again takes the place of the one before."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from annotator.citations.checking import anchor_of
from annotator.models import Annotation, Assignment, Citation
from annotator.services.replacing import CannotReplace, replace_trajectory
from tests.annotator.conftest import cite_thought
from tests.factories import make_task, make_trajectory
from trajectories.models import Grant, Step, Trajectory

pytestmark = pytest.mark.django_db


@pytest.fixture
def old(annotation: Annotation) -> Trajectory:
    return annotation.assignment.membership.trajectory


@pytest.fixture
def new(old: Trajectory) -> Trajectory:
    """The same attempt, with a step before all others that the first file had lost."""
    trajectory = make_trajectory(old.task, n_steps=4)
    Step.objects.filter(trajectory=trajectory, number=3).update(thought="As before, I run the…")
    Step.objects.filter(trajectory=trajectory).exclude(number=3).update(thought="Something else.")
    return trajectory


def test_drafts_move_and_their_citations_follow(
    annotator: User, annotation: Annotation, old: Trajectory, new: Trajectory
) -> None:
    citation = cite_thought(annotation)
    n_drafts, outcome = replace_trajectory(old, new)
    assert (n_drafts, outcome.moved) == (1, 1)
    citation = Citation.objects.get(pk=citation.pk)
    assert (citation.target, citation.start) == ({"step": 3}, 11)
    assert Assignment.objects.get().membership.trajectory == new
    assert Grant.objects.filter(user=annotator, trajectory=new).exists()
    assert annotation.edits.filter(action="reanchor").exists()


def test_what_cannot_be_placed_is_kept_and_shown(
    annotation: Annotation, old: Trajectory, new: Trajectory
) -> None:
    citation = cite_thought(annotation)
    Step.objects.filter(trajectory=new).update(thought="Something else.")
    assert replace_trajectory(old, new)[1].changed == 1
    citation.refresh_from_db()
    assert citation.deleted_at is None
    assert anchor_of(citation, new).state == "changed"


def test_what_was_handed_in_stays(annotation: Annotation, old: Trajectory, new: Trajectory) -> None:
    annotation.assignment.submit(annotation.assignment.annotator)
    assert replace_trajectory(old, new)[0] == 0
    assert Assignment.objects.get().membership.trajectory == old


def test_another_task_is_refused(old: Trajectory) -> None:
    with pytest.raises(CannotReplace):
        replace_trajectory(old, make_trajectory(make_task()))


def test_the_command_says_what_it_did(
    annotation: Annotation, old: Trajectory, new: Trajectory
) -> None:
    cite_thought(annotation)
    out = StringIO()
    call_command("replace_trajectory", old.pk, new.pk, stdout=out)
    assert "1 draft moved" in out.getvalue() and "1 moved" in out.getvalue()
    with pytest.raises(CommandError, match="no trajectory"):
        call_command("replace_trajectory", old.pk, 10**6)
