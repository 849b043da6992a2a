"""Undo and redo over a whole annotation, from its edit log: they outlive the page and the day.

The log is a line of gestures. Undoing the newest one that still stands appends a gesture that does
the opposite of each of its edits, and names what it takes back; redoing is undoing that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.db.models.functions import Coalesce

from accounts.models import User
from annotator.models import Annotation, Citation, Edit, StepProbe
from annotator.services import anchoring, editing, probing, restructuring
from annotator.services.whole import write_whole
from annotator.step_fields import as_logged_now

# Edits of before gestures were counted are one each.
_GESTURE = Coalesce("gesture", "number")
_FINAL = ("diagnosis committed", "load")


@dataclass(frozen=True)
class Stacks:
    """Gestures that can be undone and redone, the next one last."""

    undo: tuple[int, ...]
    redo: tuple[int, ...]


def stacks_of(annotation: Annotation) -> Stacks:
    """Read from the log what can be undone and redone (one query)."""
    undo: list[int] = []
    redo: list[int] = []
    rows = annotation.edits.order_by("number").values_list(_GESTURE, "reverts", "action")
    last = None
    for gesture, reverts, action in rows:
        if gesture == last:
            continue
        last = gesture
        if action in _FINAL:
            # What a diagnosis opened cannot be closed again; what was loaded is not unloaded.
            undo, redo = [], []
        elif reverts is None:
            undo.append(gesture)
            redo.clear()
        elif undo and undo[-1] == reverts:
            undo.pop()
            redo.append(gesture)
        else:
            redo.pop()
            undo.append(gesture)
    return Stacks(tuple(undo), tuple(redo))


@transaction.atomic
def undo(user: User, annotation: Annotation) -> Edit | None:
    """Take back the last gesture; return its last edit, or None where there is none."""
    locked = editing.lock(user, annotation)
    stack = stacks_of(locked).undo
    return _revert(user, locked, stack[-1]) if stack else None


@transaction.atomic
def redo(user: User, annotation: Annotation) -> Edit | None:
    """Do again what was undone last; return an edit of what was done first, or None."""
    locked = editing.lock(user, annotation)
    stack = stacks_of(locked).redo
    if not stack:
        return None
    undone = _revert(user, locked, stack[-1])
    first = locked.edits.annotate(whole=_GESTURE).filter(whole=undone.reverts)
    return first.select_related("reasoning_step").order_by("-number").first()


def _revert(user: User, annotation: Annotation, gesture: int) -> Edit:
    edits = list(
        annotation.edits.annotate(whole=_GESTURE)
        .filter(whole=gesture)
        .select_related("reasoning_step")
        .order_by("-number")
    )
    with editing.one_gesture(reverts=gesture):
        for edit in edits:
            _INVERSES[edit.action](user, annotation, edit)
    return edits[0]


def _take_back_update(user: User, annotation: Annotation, edit: Edit) -> None:
    step = annotation.reasoning_steps.select_for_update().get(edits=edit)
    step.annotation = annotation
    before = {name: as_logged_now(name, before) for name, (before, _) in edit.changes.items()}
    editing.write_step(user, _fresh(annotation), step, before)


def _take_back_whole(user: User, annotation: Annotation, edit: Edit) -> None:
    write_whole(
        user, _fresh(annotation), {name: before for name, (before, _) in edit.changes.items()}
    )


def _take_back_diagnosis(user: User, annotation: Annotation, edit: Edit) -> None:
    editing.save_diagnosis(user, annotation, edit.changes["first_diagnosis"][0])


def _take_back_move(user: User, annotation: Annotation, edit: Edit) -> None:
    assert edit.reasoning_step is not None
    editing.place_step(user, edit.reasoning_step, edit.changes["place"][0])


def _remove_step(user: User, annotation: Annotation, edit: Edit) -> None:
    assert edit.reasoning_step is not None
    editing.delete_step(user, edit.reasoning_step)


def _restore_step(user: User, annotation: Annotation, edit: Edit) -> None:
    assert edit.reasoning_step is not None
    editing.restore_step(user, edit.reasoning_step)


def _take_back_citing(user: User, annotation: Annotation, edit: Edit) -> None:
    before, after = edit.changes["citation"]
    citation = Citation.objects.select_related("reasoning_step__annotation").get(
        uid=before or after
    )
    change = editing.remove_citation if before is None else editing.restore_citation
    change(user, citation)


def _take_back_reanchoring(user: User, annotation: Annotation, edit: Edit) -> None:
    citation = Citation.objects.select_related("reasoning_step__annotation").get(
        uid=edit.changes["citation"][0]
    )
    anchoring.put_back(user, citation, edit.changes["place"][0])


def _take_back_checking(user: User, annotation: Annotation, edit: Edit) -> None:
    before, after = edit.changes["probe"]
    step_probe = StepProbe.objects.select_related("reasoning_step__annotation", "probe").get(
        probe__uid=before or after
    )
    change = probing.remove_probe if before is None else probing.restore_probe
    change(user, step_probe)


def _take_back_hand_over(user: User, annotation: Annotation, edit: Edit) -> None:
    steps = {str(step.uid): step for step in annotation.reasoning_steps.all()}
    before, after = (steps[uid] for uid in edit.changes["step"])
    citations, probes = edit.changes["citations"][0], edit.changes["probes"][0]
    restructuring.hand_over(user, annotation, before, citations, probes, since=after)


def _fresh(annotation: Annotation) -> Annotation:
    """Return the locked row as it is after the edits before: they count on rows of their own."""
    return Annotation.objects.select_related("assignment").get(pk=annotation.pk)


# What takes an edit back, by what it did. Every action of the log has one, but the final ones.
_INVERSES: dict[str, Callable[[User, Annotation, Edit], None]] = {
    "update": _take_back_update,
    "whole": _take_back_whole,
    "diagnosis": _take_back_diagnosis,
    "move": _take_back_move,
    "create": _remove_step,
    "restore": _remove_step,
    "delete": _restore_step,
    "cite": _take_back_citing,
    "uncite": _take_back_citing,
    "reanchor": _take_back_reanchoring,
    "check": _take_back_checking,
    "uncheck": _take_back_checking,
    "hand over": _take_back_hand_over,
}
