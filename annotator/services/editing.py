"""Change an annotation: every change is locked, checked, versioned and logged."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from accounts.events import record
from accounts.models import User
from annotator.models import (
    CHAIN_KINDS,
    Annotation,
    Citation,
    Edit,
    ReasoningKind,
    ReasoningStep,
)
from annotator.services.merging import StaleVersion, merge
from annotator.step_fields import as_logged_now, read_fields, write_fields
from trajectories.models import Grant

# Room for later moves between two steps; positions are renumbered when it is used up.
GAP = 1024


class NotWritable(Exception):
    """The annotation is not open for writing by this person; the message says why."""


def lock(user: User, annotation: Annotation) -> Annotation:
    """Return the annotation as `lock_by_id` does."""
    return lock_by_id(user, annotation.pk)


def lock_by_id(user: User, annotation_id: int) -> Annotation:
    """Return the annotation, locked until the transaction ends; raise NotWritable.

    All writing goes through this lock, so that edit numbers have no gaps and versions no races.
    """
    locked = (
        Annotation.objects.select_for_update(of=("self",))
        .select_related("assignment")
        .get(pk=annotation_id)
    )
    if locked.assignment.annotator_id != user.pk:
        raise NotWritable("Only its annotator writes this annotation.")
    if not locked.assignment.is_writable:
        state = locked.assignment.get_state_display().lower()
        raise NotWritable(f"This annotation is {state}; it cannot be changed now.")
    return locked


@dataclass
class _Gesture:
    """Edits that one thing a person did consists of; `number` is the first one's."""

    number: int | None = None
    reverts: int | None = None


_under_way: ContextVar[_Gesture | None] = ContextVar("gesture", default=None)


@contextmanager
def one_gesture(*, reverts: int | None = None) -> Iterator[None]:
    """Have all edits in this block undone together; `reverts` names the gesture they take back.

    A gesture within another is part of it.
    """
    if _under_way.get() is not None:
        yield
        return
    token = _under_way.set(_Gesture(reverts=reverts))
    try:
        yield
    finally:
        _under_way.reset(token)


def log(
    annotation: Annotation,
    author: User,
    action: str,
    changes: Mapping[str, object],
    step: ReasoningStep | None = None,
    *,
    version: int | None = None,
) -> Edit:
    """Append to the edit log; `annotation` is locked. `version` is by default the step's."""
    annotation.edit_count += 1
    annotation.is_prefilled = False
    annotation.save(update_fields=["edit_count", "is_prefilled", "changed_at"])
    gesture = _under_way.get() or _Gesture()
    gesture.number = gesture.number or annotation.edit_count
    return Edit.objects.create(
        annotation=annotation,
        number=annotation.edit_count,
        reasoning_step=step,
        action=action,
        changes=dict(changes),
        version=version or (step.version if step else None),
        author=author,
        gesture=gesture.number,
        reverts=gesture.reverts,
    )


@transaction.atomic
def add_step(user: User, annotation: Annotation, kind: str) -> ReasoningStep:
    """Append an empty reasoning step; the root cause, which there is one of, is found if there."""
    locked = lock(user, annotation)
    if kind == ReasoningKind.ROOT_CAUSE:
        there = locked.reasoning_steps.filter(kind=kind, deleted_at=None).first()
        if there is not None:
            return there
    last = locked.reasoning_steps.aggregate(last=Max("position"))["last"] or 0
    step = ReasoningStep.objects.create(
        annotation=locked, kind=ReasoningKind(kind), position=last + GAP
    )
    log(locked, user, "create", {"kind": [None, step.kind]}, step)
    return step


@transaction.atomic
def save_step(
    user: User,
    step: ReasoningStep,
    values: Mapping[str, Any],
    version: int,
    *,
    read_at: int | None = None,
) -> ReasoningStep:
    """Save the fields of a reasoning step that were written on top of `version`.

    `read_at` is how many edits the annotation had when `step` was read, where that is known: if it
    has no more of them now, the step is not read again.

    Fields that somebody else (another tab) changed meanwhile are merged where only one side
    touched them; where both did, nothing is saved and StaleVersion carries all three texts.
    """
    locked = lock_by_id(user, step.annotation_id)
    is_current = read_at == locked.edit_count
    current = step if is_current else ReasoningStep.objects.get(pk=step.pk)
    if current.deleted_at is not None:
        raise NotWritable("This reasoning step was removed in another window; undo that first.")
    stored = read_fields(current)
    base = values_at(current, version) if version < current.version else stored
    merged, conflicts = merge(base, dict(values), stored)
    if conflicts:
        raise StaleVersion(current, conflicts, merged)
    write_step(user, locked, current, merged)
    return current


def write_step(
    user: User, annotation: Annotation, step: ReasoningStep, values: Mapping[str, Any]
) -> None:
    """Set the fields that differ, and log it; `annotation` and `step` are locked."""
    stored = read_fields(step)
    changes = {name: [stored[name], after] for name, after in values.items()}
    changes = {name: change for name, change in changes.items() if change[0] != change[1]}
    if not changes:
        return
    columns = write_fields(step, {name: after for name, (_, after) in changes.items()})
    step.version += 1
    step.save(update_fields=[*columns, "version", "changed_at"])
    log(annotation, user, "update", changes, step)


def values_at(step: ReasoningStep, version: int) -> dict[str, Any]:
    """Return the fields as they were at an earlier version, from the edit log (one query)."""
    values = read_fields(step)
    later = step.edits.filter(version__gt=version, action="update").order_by("-version")
    for edit in later:
        for name, (before, _) in edit.changes.items():
            values[name] = as_logged_now(name, before)
    return values


@transaction.atomic
def bring_back(user: User, step: ReasoningStep, version: int) -> ReasoningStep:
    """Save the fields as they were at an earlier version, on top of all that came after it."""
    locked = lock(user, step.annotation)
    current = ReasoningStep.objects.select_for_update().get(pk=step.pk)
    if current.deleted_at is not None:
        raise NotWritable("This reasoning step was removed in another window; undo that first.")
    write_step(user, locked, current, values_at(current, version))
    return current


@transaction.atomic
def delete_step(user: User, step: ReasoningStep) -> None:
    """Take a reasoning step off the annotation; `restore_step` brings it back with all it had."""
    locked = lock(user, step.annotation)
    removed = ReasoningStep.objects.filter(pk=step.pk, deleted_at=None).update(
        deleted_at=timezone.now()
    )
    if removed:
        log(locked, user, "delete", {}, step)


@transaction.atomic
def restore_step(user: User, step: ReasoningStep) -> None:
    locked = lock(user, step.annotation)
    if ReasoningStep.objects.filter(pk=step.pk, deleted_at__isnull=False).update(deleted_at=None):
        log(locked, user, "restore", {}, step)


@transaction.atomic
def move_step(user: User, step: ReasoningStep, offset: int) -> None:
    """Move a reasoning step by `offset` places along the chain."""
    locked = lock(user, step.annotation)
    order = chain_order(locked)
    if step.pk in order:
        _place(user, locked, step, order, order.index(step.pk) + offset)


@transaction.atomic
def place_step(user: User, step: ReasoningStep, place: int) -> None:
    """Move a reasoning step to a place of the chain, counted from 1."""
    locked = lock(user, step.annotation)
    order = chain_order(locked)
    if step.pk in order:
        _place(user, locked, step, order, place - 1)


def chain_order(annotation: Annotation) -> list[int]:
    """Return the primary keys of the chain's steps in order; `annotation` is locked."""
    chain = annotation.reasoning_steps.filter(deleted_at=None, kind__in=CHAIN_KINDS)
    return list(chain.values_list("pk", flat=True))


def _place(
    user: User, annotation: Annotation, step: ReasoningStep, order: list[int], index: int
) -> None:
    before = order.index(step.pk)
    after = max(0, min(len(order) - 1, index))
    if after == before:
        return
    order.insert(after, order.pop(before))
    for place, pk in enumerate(order, start=1):
        ReasoningStep.objects.filter(pk=pk).update(position=place * GAP)
    log(annotation, user, "move", {"place": [before + 1, after + 1]}, step)


@transaction.atomic
def remove_citation(user: User, citation: Citation) -> None:
    _set_citation_deleted(user, citation, deleted=True)


@transaction.atomic
def restore_citation(user: User, citation: Citation) -> None:
    _set_citation_deleted(user, citation, deleted=False)


def _set_citation_deleted(user: User, citation: Citation, *, deleted: bool) -> None:
    locked = lock(user, citation.reasoning_step.annotation)
    rows = Citation.objects.filter(pk=citation.pk, deleted_at__isnull=deleted)
    if rows.update(deleted_at=timezone.now() if deleted else None):
        change = [str(citation.uid), None] if deleted else [None, str(citation.uid)]
        action = "uncite" if deleted else "cite"
        log(locked, user, action, {"citation": change}, citation.reasoning_step)


@transaction.atomic
def save_diagnosis(
    user: User, annotation: Annotation, text: str, base: str | None = None
) -> Annotation:
    """Save the draft of the first diagnosis, until it is committed.

    `base` is what it was written on top of: what another window saved meanwhile stays.
    """
    locked = lock(user, annotation)
    if locked.diagnosis_committed_at is not None:
        raise NotWritable("The first diagnosis was committed and stays as it is.")
    if base is not None and locked.first_diagnosis not in (base, text):
        raise NotWritable(
            "The first diagnosis was changed in another window. Copy your text, reload this page "
            "and put both together."
        )
    if text != locked.first_diagnosis:
        changes = {"first_diagnosis": [locked.first_diagnosis, text]}
        locked.first_diagnosis = text
        locked.save(update_fields=["first_diagnosis"])
        log(locked, user, "diagnosis", changes)
    return locked


@transaction.atomic
def commit_diagnosis(
    user: User, annotation: Annotation, text: str, base: str | None = None
) -> Annotation:
    """Fix the first diagnosis, and show gold patch, hints and verdicts from now on."""
    locked = save_diagnosis(user, annotation, text, base)
    locked.diagnosis_committed_at = timezone.now()
    locked.save(update_fields=["diagnosis_committed_at"])
    log(locked, user, "diagnosis committed", {})
    Grant.objects.filter(user=user, trajectory=locked.assignment.membership.trajectory_id).update(
        sees_gold=True, sees_verdicts=True
    )
    record(user, "diagnosis committed", locked)
    return locked


def find_step(annotation: Annotation, uid: uuid.UUID) -> ReasoningStep | None:
    return annotation.reasoning_steps.filter(uid=uid, deleted_at=None).first()
