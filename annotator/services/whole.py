"""Write what an annotation says of the whole: overview, judgements of steps, waivers.

Each value is a field of its own (`strategy`, `judgement:12`, `waiver:<check>|<place>`), so that two
windows that judge different steps are merged, and only the same field written twice is a conflict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from accounts.models import User
from annotator.models import Annotation, Judgement
from annotator.overview import OVERVIEW, overview_of
from annotator.services.editing import lock, log
from annotator.services.merging import Conflict, merge

JUDGEMENT = "judgement:"
WAIVER = "waiver:"

Values = Mapping[str, Any]


class StaleWhole(Exception):
    """Both this save and another one since changed the same fields of the overview."""

    def __init__(self, annotation: Annotation, conflicts: list[Conflict]) -> None:
        self.annotation, self.conflicts = annotation, conflicts
        super().__init__("This was changed in another window meanwhile.")


def empty_judgement(judgement: str) -> dict[str, Any]:
    return {"judgement": judgement, "misstep": "", "should_have": "", "is_decisive": False}


@transaction.atomic
def save_whole(user: User, annotation: Annotation, values: Values, version: int) -> Annotation:
    """Save fields that were written on top of `version`; None takes a judgement or waiver away.

    Raise NotWritable, or StaleWhole where another save changed the same field to something else.
    """
    locked = lock(user, annotation)
    stored = {name: _read(locked, name) for name in values}
    merged, conflicts = merge(_values_at(locked, version, values), values, stored)
    if conflicts:
        raise StaleWhole(locked, conflicts)
    write_whole(user, locked, merged)
    return locked


def write_whole(user: User, annotation: Annotation, values: Values) -> None:
    """Set the fields that differ, and log it; `annotation` is locked."""
    changes = {name: [_read(annotation, name), after] for name, after in values.items()}
    changes = {name: change for name, change in changes.items() if change[0] != change[1]}
    if not changes:
        return
    for name, (_, after) in changes.items():
        _write(annotation, name, after)
    annotation.version += 1
    annotation.save(update_fields=["overview", "judgements", "waivers", "version"])
    log(annotation, user, "whole", changes, version=annotation.version)


@transaction.atomic
def judge(user: User, annotation: Annotation, steps: Iterable[int], judgement: str) -> None:
    """Judge a run of the trajectory's steps alike; an empty judgement takes theirs away.

    What was said of a step stays with it as far as it fits the judgement.
    """
    locked = lock(user, annotation)
    write_whole(
        user,
        locked,
        {f"{JUDGEMENT}{step}": _judged(locked, step, judgement) for step in steps},
    )


def _judged(annotation: Annotation, step: int, judgement: str) -> dict[str, Any] | None:
    if not judgement:
        return None
    known = annotation.judgements.get(str(step), {})
    fresh = {**empty_judgement(judgement), "is_decisive": known.get("is_decisive", False)}
    is_misstep = judgement == Judgement.MISSTEP
    return {**fresh, **known, "judgement": judgement} if is_misstep else fresh


@transaction.atomic
def mark_decisive(user: User, annotation: Annotation, steps: Iterable[int], said: str) -> None:
    """Say of steps that the outcome was `decisive`ly made there, `not_decisive`, or toggle it.

    A step that was not judged is neutral then: where it was decided is a judgement, too.
    """
    locked = lock(user, annotation)
    values = {}
    for step in steps:
        known = locked.judgements.get(str(step))
        was = bool(known and known["is_decisive"])
        now = not was if said == "toggle_decisive" else said == "decisive"
        if known or now:
            base = known or empty_judgement(Judgement.NEUTRAL)
            values[f"{JUDGEMENT}{step}"] = {**base, "is_decisive": now}
    write_whole(user, locked, values)


@transaction.atomic
def waive(user: User, annotation: Annotation, check: str, place: str, reason: str) -> None:
    """Let a finding stand for a reason; an empty reason takes the waiver back."""
    locked = lock(user, annotation)
    write_whole(user, locked, {f"{WAIVER}{check}|{place}": reason.strip() or None})


def _read(annotation: Annotation, name: str) -> Any:
    if name.startswith(JUDGEMENT):
        return annotation.judgements.get(name.removeprefix(JUDGEMENT))
    if name.startswith(WAIVER):
        return annotation.waivers.get(name.removeprefix(WAIVER))
    return overview_of(annotation.overview)[name]


def _write(annotation: Annotation, name: str, value: Any) -> None:
    if name in OVERVIEW:
        annotation.overview[name] = value
        return
    kept, key = (
        (annotation.judgements, name.removeprefix(JUDGEMENT))
        if name.startswith(JUDGEMENT)
        else (annotation.waivers, name.removeprefix(WAIVER))
    )
    if value is None:
        kept.pop(key, None)
    else:
        kept[key] = value


def _values_at(annotation: Annotation, version: int, names: Iterable[str]) -> dict[str, Any]:
    """Return fields as they were at an earlier version, from the edit log (one query)."""
    values = {name: _read(annotation, name) for name in names}
    later = annotation.edits.filter(version__gt=version, action="whole").order_by("-version")
    for edit in later:
        for name, (before, _) in edit.changes.items():
            if name in values:
                values[name] = before
    return values
