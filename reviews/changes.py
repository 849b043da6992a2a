"""What changed between two submissions of one annotation, per reasoning step. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum

from reviews.content import Content, StepContent, reasoning_steps

# Compared in this order; the values are labels for people.
FIELDS = {
    "kind": "kind",
    "claim": "claim",
    "rationale": "rationale",
    "options": "options",
    "covers": "covered steps",
    "citations": "citations",
    "probes": "checks",
}
WORD_DIFF_FIELDS = ("claim", "rationale")
# SequenceMatcher takes quadratic time; a longer text is said to have changed, without words.
WORD_DIFF_CHARS = 12_000
# "slots = ()" → "slots", " ", "=", " ", "(", ")"
_TOKENS = re.compile(r"\w+|\s+|[^\w\s]")


class Change(Enum):
    UNCHANGED = "unchanged"
    CHANGED = "changed"
    MOVED = "moved"
    NEW = "new"
    REMOVED = "removed"


@dataclass(frozen=True)
class Piece:
    """A run of words that both texts have, or only one of them."""

    text: str
    is_old: bool = False
    is_new: bool = False


@dataclass(frozen=True)
class FieldChange:
    label: str
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True)
class StepChange:
    """How one reasoning step differs; `step` is the earlier content of a removed one."""

    change: Change
    step: StepContent
    fields: tuple[FieldChange, ...] = ()


def compare(before: Content, after: Content) -> dict[str, StepChange]:
    """Return the change of every reasoning step of both, by uid."""
    old = {step["uid"]: step for step in reasoning_steps(before)}
    new = {step["uid"]: step for step in reasoning_steps(after)}
    moved = _moved(list(old), list(new))
    changes = {uid: _step_change(old.get(uid), step, uid in moved) for uid, step in new.items()}
    removed = {uid: StepChange(Change.REMOVED, step) for uid, step in old.items() if uid not in new}
    return changes | removed


def word_diff(before: str, after: str) -> tuple[Piece, ...]:
    """Return the pieces of both texts in reading order; empty where they are too long."""
    if len(before) + len(after) > WORD_DIFF_CHARS:
        return ()
    return tuple(_pieces(_TOKENS.findall(before), _TOKENS.findall(after)))


def _pieces(old: list[str], new: list[str]) -> Iterator[Piece]:
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Piece("".join(old[i1:i2]))
            continue
        if i2 > i1:
            yield Piece("".join(old[i1:i2]), is_old=True)
        if j2 > j1:
            yield Piece("".join(new[j1:j2]), is_new=True)


def _step_change(before: StepContent | None, after: StepContent, moved: bool) -> StepChange:
    if before is None:
        return StepChange(Change.NEW, after)
    fields = tuple(_field_changes(before, after))
    if fields:
        return StepChange(Change.CHANGED, after, fields)
    return StepChange(Change.MOVED if moved else Change.UNCHANGED, after)


def _field_changes(before: StepContent, after: StepContent) -> Iterator[FieldChange]:
    for name, label in FIELDS.items():
        # Submissions of the first version have no probes.
        if before.get(name, []) == after.get(name, []):
            continue
        pieces = word_diff(before[name], after[name]) if name in WORD_DIFF_FIELDS else ()
        yield FieldChange(label, pieces)


def _moved(old: list[str], new: list[str]) -> set[str]:
    """Return the uids of both lists that are not part of what kept its order."""
    common = set(old) & set(new)
    before = [uid for uid in old if uid in common]
    after = [uid for uid in new if uid in common]
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    kept = {uid for start, _, size in blocks for uid in before[start : start + size]}
    return common - kept
