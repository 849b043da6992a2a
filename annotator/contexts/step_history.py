"""The history of one reasoning step: its versions from the edit log, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from annotator.contexts.conflicts import shown_value
from annotator.models import CHAIN_KINDS, Edit, ReasoningKind, ReasoningStep
from annotator.step_fields import LABELS, TEXTS, as_logged_now
from annotator.words import Piece, replaced, word_diff
from trajectories.text import shorten

# Saves are made at every rest of the hand; those of one sitting read as one version.
_SITTING = timedelta(minutes=2)
MOST_VERSIONS = 50
_WORDS = {
    "create": "began it",
    "load": "loaded it",
    "delete": "removed it",
    "restore": "brought it back after removing",
    "move": "moved it",
    "cite": "cited",
    "uncite": "removed a citation",
    "reanchor": "pointed a citation at where its quote stands now",
    "check": "asked for a check",
    "uncheck": "removed a check",
    "hand over": "took over evidence of another step",
}


@dataclass(frozen=True)
class FieldChange:
    """What became of a field; without pieces the text is too long to compare."""

    label: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Version:
    """Edits of one sitting that changed the same step; `number` is the version they ended in."""

    number: int
    author: str
    at: datetime
    said: str
    changes: tuple[FieldChange, ...]
    # Whether it differs from what is stored now, so that bringing it back does something.
    can_bring_back: bool
    is_current: bool
    n_saves: int


@dataclass(frozen=True)
class StepHistory:
    step: ReasoningStep
    name: str
    versions: tuple[Version, ...]
    n_more: int


def step_history(step: ReasoningStep, *, show_all: bool = False) -> StepHistory:
    """Return the versions of a step, with what changed in each, newest first (four queries)."""
    edits = list(step.edits.select_related("author").order_by("number"))
    if not edits or edits[0].action != "create":
        edits = [*_loading(step), *edits]
    sittings = list(_sittings(edits))
    names = _names(step)
    quotes = {str(uid): quote for uid, quote in step.citations.values_list("uid", "quote")}
    shown = sittings if show_all else sittings[-MOST_VERSIONS:]
    versions = [_version(step, sitting, names, quotes) for sitting in reversed(shown)]
    name = names.get(str(step.uid), "a removed step")
    return StepHistory(step, name, tuple(versions), len(sittings) - len(shown))


def _loading(step: ReasoningStep) -> list[Edit]:
    """Return the edit by which the whole annotation came from a file, and this step with it."""
    loads = step.annotation.edits.filter(action="load").select_related("author")
    return list(loads.order_by("-number")[:1])


def _sittings(edits: Iterable[Edit]) -> Iterator[list[Edit]]:
    """Put saves of one person that follow each other closely together."""
    sitting: list[Edit] = []
    for edit in edits:
        if sitting and not _follows(sitting[-1], edit):
            yield sitting
            sitting = []
        sitting.append(edit)
    if sitting:
        yield sitting


def _follows(before: Edit, after: Edit) -> bool:
    return (
        before.action == after.action == "update"
        and before.author_id == after.author_id
        and before.reverts is None
        and after.reverts is None
        and after.created_at - before.created_at < _SITTING
    )


def _names(step: ReasoningStep) -> dict[str, str]:
    rows = step.annotation.reasoning_steps.filter(deleted_at=None).order_by("position", "id")
    uids = list(rows.values_list("uid", "kind"))
    chain = [str(uid) for uid, kind in uids if kind in CHAIN_KINDS]
    names = {uid: f"R{number}" for number, uid in enumerate(chain, start=1)}
    roots = {str(uid): "Root cause" for uid, kind in uids if kind == ReasoningKind.ROOT_CAUSE}
    return {**names, **roots}


def _version(
    step: ReasoningStep, sitting: list[Edit], names: Mapping[str, str], quotes: Mapping[str, str]
) -> Version:
    last = sitting[-1]
    number = last.version or 1
    is_text = last.action in ("update", "create", "load")
    is_current = number == step.version
    return Version(
        number=number,
        author=last.author.get_username(),
        at=last.created_at,
        said=_said(last, quotes),
        changes=tuple(_changes(sitting, names)),
        can_bring_back=is_text and not is_current and step.deleted_at is None,
        is_current=is_text and is_current,
        n_saves=len(sitting),
    )


def _said(edit: Edit, quotes: Mapping[str, str]) -> str:
    undone = "undo: " if edit.reverts is not None else ""
    if edit.action == "update":
        return f"{undone}changed it"
    said = undone + _WORDS.get(edit.action, edit.action)
    uid = next((uid for uid in edit.changes.get("citation", ()) if isinstance(uid, str)), "")
    quote = quotes.get(uid, "")
    return f"{said} “{shorten(quote, 60)}”" if quote else said


def _changes(sitting: list[Edit], names: Mapping[str, str]) -> Iterator[FieldChange]:
    if sitting[0].action != "update":
        return
    changed: dict[str, tuple[Any, Any]] = {}
    for edit in sitting:
        for name, (before, after) in edit.changes.items():
            changed[name] = (changed.get(name, (before, after))[0], after)
    for name, values in changed.items():
        before, after = (as_logged_now(name, value) for value in values)
        if before == after or name not in LABELS:
            continue
        yield FieldChange(LABELS[name], _pieces(name, before, after, names))


def _pieces(name: str, before: Any, after: Any, names: Mapping[str, str]) -> tuple[Piece, ...]:
    if name in TEXTS:
        return word_diff(before or "", after or "")
    if name == "settled_by":
        return replaced(names.get(before, "no step"), names.get(after, "no step"))
    if name == "relations":
        return replaced(_relations(before, names), _relations(after, names))
    return replaced(shown_value(name, before), shown_value(name, after))


def _relations(rows: list[dict[str, str]], names: Mapping[str, str]) -> str:
    named = (f"{row['type']} {names.get(row['to'], 'a removed step')}" for row in rows or ())
    return ", ".join(named) or "none"
