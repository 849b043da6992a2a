"""Point citations at where their quotes stand now, when what they cite has changed.

A citation that cannot be placed is kept as it is, and shown as changed or gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.events import record
from accounts.models import User
from annotator.citations.anchors import AnchorState
from annotator.citations.checking import anchor_of, anchors_of_rows
from annotator.citations.sources import Passage
from annotator.citations.targets import as_json
from annotator.models import Annotation, Assignment, Citation
from annotator.services.editing import lock, log, one_gesture
from trajectories.models import Trajectory

# What re-anchoring writes anew; the quote stays what it is.
PLACE = ("target", "prefix", "suffix", "start", "end", "content_sha256")


@dataclass(frozen=True)
class Outcome:
    """What became of the citations of some drafts: counts by state before re-anchoring."""

    exact: int = 0
    moved: int = 0
    changed: int = 0
    gone: int = 0

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            self.exact + other.exact,
            self.moved + other.moved,
            self.changed + other.changed,
            self.gone + other.gone,
        )


@transaction.atomic
def reanchor(user: User, citation: Citation) -> bool:
    """Point one moved citation at where its quote stands now; false where it is not moved."""
    annotation = citation.reasoning_step.annotation
    locked = lock(user, annotation)
    anchor = anchor_of(citation, annotation.assignment.membership.trajectory)
    if anchor.state is not AnchorState.MOVED or anchor.passage is None:
        return False
    _place(user, locked, citation, _place_of(anchor.passage))
    return True


@transaction.atomic
def reanchor_annotation(user: User, annotation: Annotation) -> Outcome:
    """Re-anchor what moved of a draft, in one gesture of its annotator that can be undone."""
    locked = lock(user, annotation)
    cited = list(
        Citation.objects.filter(
            reasoning_step__annotation=annotation,
            reasoning_step__deleted_at=None,
            deleted_at=None,
        ).select_related("reasoning_step")
    )
    trajectory = annotation.assignment.membership.trajectory
    anchors = anchors_of_rows(cited, trajectory)
    counts = dict.fromkeys(AnchorState, 0)
    with one_gesture():
        for citation in cited:
            anchor = anchor_of(citation, trajectory, anchors)
            counts[anchor.state] += 1
            if anchor.state is AnchorState.MOVED and anchor.passage is not None:
                _place(user, locked, citation, _place_of(anchor.passage))
    return Outcome(**{state.value: count for state, count in counts.items()})


def reanchor_drafts(trajectory: Trajectory) -> Outcome:
    """Re-anchor every draft that can be written, after the trajectory's content changed."""
    total = Outcome()
    drafts = Assignment.objects.writable().filter(membership__trajectory=trajectory)
    for assignment in drafts.select_related(
        "annotator",
        "annotation",
        "membership__trajectory__task__repository",
        "membership__trajectory__task_revision",
    ):
        annotation = assignment.annotation
        annotation.assignment = assignment
        is_prefilled = annotation.is_prefilled
        total += reanchor_annotation(assignment.annotator, annotation)
        # Nobody worked on it by this.
        Annotation.objects.filter(pk=annotation.pk).update(is_prefilled=is_prefilled)
    return total


@transaction.atomic
def follow_revision(trajectory: Trajectory, *, actor: User | None = None) -> Outcome:
    """Show a trajectory on the newest content of its task, and re-anchor its drafts.

    Submissions name the revision that they were written on, and stay as they are.
    """
    newest = trajectory.task.current_revision
    if newest is None or trajectory.task_revision_id == newest.pk:
        return Outcome()
    before = trajectory.task_revision.number
    trajectory.task_revision = newest
    trajectory.save(update_fields=["task_revision"])
    outcome = reanchor_drafts(trajectory)
    record(
        actor,
        "trajectory follows revision",
        trajectory,
        old=before,
        new=newest.number,
        citations=vars(outcome),
    )
    return outcome


def follow_task(task_pk: int, actor: User | None = None) -> Outcome:
    """Have all trajectories of a task follow its newest revision (setting TASK_REVISED)."""
    total = Outcome()
    behind: Iterable[Trajectory] = Trajectory.objects.filter(task=task_pk).select_related(
        "task__repository", "task__current_revision", "task_revision"
    )
    for trajectory in behind:
        total += follow_revision(trajectory, actor=actor)
    return total


@transaction.atomic
def put_back(user: User, citation: Citation, place: Mapping[str, Any]) -> None:
    """Undo a re-anchoring: `place` holds the fields that it wrote."""
    locked = lock(user, citation.reasoning_step.annotation)
    _place(user, locked, citation, place)


def _place_of(passage: Passage) -> dict[str, Any]:
    return {
        "target": as_json(passage.target),
        "prefix": passage.prefix,
        "suffix": passage.suffix,
        "start": passage.span.start,
        "end": passage.span.end,
        "content_sha256": passage.content_sha256,
    }


def _place(
    user: User, annotation: Annotation, citation: Citation, after: Mapping[str, Any]
) -> None:
    """Write where a citation stands and log it; `annotation` is locked."""
    before = {name: getattr(citation, name) for name in PLACE}
    for name in PLACE:
        setattr(citation, name, after[name])
    citation.save(update_fields=PLACE)
    uid = str(citation.uid)
    changes = {"citation": [uid, uid], "place": [before, dict(after)]}
    log(annotation, user, "reanchor", changes, citation.reasoning_step)
