"""What changed between two submissions of one annotation. Pure functions over their contents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import Enum
from typing import Any

from annotator.contexts.kinds import BASES, CONSIDERED, OUTCOMES
from annotator.contexts.places import GONE, runs_of
from annotator.covers import format_covers
from annotator.details import empty_detail
from annotator.hunks import HunkRef
from annotator.missteps import missteps_of
from annotator.overview import Difficulty, Exit, Explains, TaskKind
from annotator.step_fields import LABELS, TEXTS
from annotator.versions import as_latest
from annotator.words import Piece, line_diff, replaced, word_diff
from reviews.content import Content, StepContent, all_steps, citation_title, step_title
from trajectories.text import shorten

# Compared in this order, before the fields of the kind.
FIELDS = ("kind", "claim", "rationale")
LISTS = ("options", "covers", "relations", "citations", "probes")
OVERVIEW_CHOICES = {
    "task_kind": ("kind of task", TaskKind.choices),
    "difficulty": ("difficulty", Difficulty.choices),
    "explains": ("explained patch", Explains.choices),
    "exit": ("exit", Exit.choices),
}
OVERVIEW_TEXTS = {"exit_reason": "why it ended so", "strategy": "strategy"}
SCREENING = {"well_specified": "issue well specified", "tests_fair": "tests fair"}
QUOTE_CHARS = 60
_CHOICES = {
    "outcome": dict(OUTCOMES),
    "stands_on": dict(BASES),
    "considered_by": dict(CONSIDERED),
}


class Change(Enum):
    UNCHANGED = "unchanged"
    CHANGED = "changed"
    MOVED = "moved"
    NEW = "new"
    REMOVED = "removed"


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


@dataclass(frozen=True)
class WholeChange:
    """How two contents differ beside their reasoning steps."""

    overview: tuple[FieldChange, ...]
    diagnosis: tuple[FieldChange, ...]
    judgements: tuple[FieldChange, ...]
    waivers: tuple[FieldChange, ...]


# --- the reasoning steps --------------------------------------------------------------------------


def compare(before: Content, after: Content) -> dict[str, StepChange]:
    """Return the change of the root cause and of every reasoning step of both, by uid."""
    before, after = as_latest(before), as_latest(after)
    old = {step["uid"]: step for step in all_steps(before)}
    new = {step["uid"]: step for step in all_steps(after)}
    moved = _moved(list(old), list(new))
    names = _Names(before, after)
    changes = {
        uid: _step_change(old.get(uid), step, uid in moved, names) for uid, step in new.items()
    }
    removed = {uid: StepChange(Change.REMOVED, step) for uid, step in old.items() if uid not in new}
    return changes | removed


class _Names:
    """Names steps as the later submission counts them, those that are gone as the earlier did."""

    def __init__(self, before: Content, after: Content) -> None:
        self.known: dict[str, str] = {}
        for content in (before, after):
            self.known |= {
                step["uid"]: step_title(content, step["uid"]) for step in all_steps(content)
            }

    def __call__(self, uid: str) -> str:
        return self.known.get(uid, GONE)


def _step_change(
    before: StepContent | None, after: StepContent, moved: bool, names: _Names
) -> StepChange:
    if before is None:
        return StepChange(Change.NEW, after)
    fields = tuple(_field_changes(before, after, names))
    if fields:
        return StepChange(Change.CHANGED, after, fields)
    return StepChange(Change.MOVED if moved else Change.UNCHANGED, after)


def _field_changes(before: StepContent, after: StepContent, names: _Names) -> Iterator[FieldChange]:
    for name in FIELDS:
        if before[name] != after[name]:
            yield _text_change(name, before[name], after[name])
    details = before.get("details", {}), after.get("details", {})
    for name in dict.fromkeys((*details[1], *details[0])):
        old, new = (each.get(name, empty_detail(name)) for each in details)
        if old != new:
            yield _detail_change(name, old, new, names)
    for name in LISTS:
        old, new = before.get(name, []), after.get(name, [])
        if old != new:
            lines = [[_line(name, row, names) for row in rows] for rows in (old, new)]
            yield FieldChange(_label(name), _list_pieces(name, lines, old, new))


def _list_pieces(
    name: str, lines: list[list[str]], old: list[Any], new: list[Any]
) -> tuple[Piece, ...]:
    if name == "covers":
        return replaced(format_covers(old), format_covers(new))
    if name == "options":
        return word_diff(*("\n".join(each) for each in lines))
    # A check is named by more than fits here; its card shows it.
    return () if name == "probes" else line_diff(*lines)


def _label(name: str) -> str:
    others = {"citations": "citations", "probes": "checks"}
    return others.get(name) or LABELS[name].lower()


def _text_change(name: str, before: str, after: str) -> FieldChange:
    return FieldChange(_label(name), word_diff(before, after) if name in TEXTS else ())


def _detail_change(name: str, before: Any, after: Any, names: _Names) -> FieldChange:
    if name in TEXTS:
        return _text_change(name, before, after)
    if isinstance(before, list):
        lines = [[_line(name, row, names) for row in rows] for rows in (before, after)]
        return FieldChange(_label(name), line_diff(*lines))
    values = [_value(name, value, names) for value in (before, after)]
    return FieldChange(_label(name), replaced(*values))


def _value(name: str, value: Any, names: _Names) -> str:
    """Write the value of a field that is no text and no list."""
    if name == "settled_by":
        return names(value) if value else ""
    return "" if value is None else str(_CHOICES.get(name, {}).get(value, value))


def _line(name: str, row: Any, names: _Names) -> str:
    """Write one item of a list."""
    match name:
        case "hunks":
            return HunkRef(**row).label
        case "relations":
            return f"{row['type']} {names(row['to'])}"
        case "citations":
            return f"{citation_title(row)} “{shorten(row['quote'], QUOTE_CHARS)}”"
        case "options":
            return _option(row)
        case _:
            return str(row)


def _option(option: Mapping[str, Any]) -> str:
    considered = _CHOICES["considered_by"].get(option.get("considered_by", ""))
    said = (
        ("✓ " if option["chosen"] else "") + option["title"],
        option["for"] and f"for: {option['for']}",
        option["against"] and f"against: {option['against']}",
        considered and f"considered by {considered}",
        option.get("evidence") and f"evidence: {len(option['evidence'])}",
    )
    return "; ".join(part for part in said if part)


def _moved(old: list[str], new: list[str]) -> set[str]:
    """Return the uids of both lists that are not part of what kept its order."""
    common = set(old) & set(new)
    before = [uid for uid in old if uid in common]
    after = [uid for uid in new if uid in common]
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    kept = {uid for start, _, size in blocks for uid in before[start : start + size]}
    return common - kept


# --- the whole ------------------------------------------------------------------------------------


def compare_whole(before: Content, after: Content) -> WholeChange:
    """Return what changed in overview, first diagnosis, judgements and waivers."""
    before, after = as_latest(before), as_latest(after)
    old, new = before.get("first_diagnosis", ""), after.get("first_diagnosis", "")
    diagnosis = FieldChange("first diagnosis", word_diff(old, new))
    return WholeChange(
        overview=tuple(_overview(before.get("overview") or {}, after.get("overview") or {})),
        diagnosis=(diagnosis,) if old != new else (),
        judgements=tuple(_judgements(before, after)),
        waivers=tuple(_waivers(before, after)),
    )


def _overview(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[FieldChange]:
    for name, (label, choices) in OVERVIEW_CHOICES.items():
        # An earlier version of the schema says nothing of it, not even which patch is meant.
        old, new = before.get(name, ""), after.get(name, "")
        if old != new:
            words: dict[str, str] = {value: str(text) for value, text in choices}
            yield FieldChange(label, replaced(words.get(old, old), words.get(new, new)))
    for name, label in OVERVIEW_TEXTS.items():
        old, new = before.get(name, ""), after.get(name, "")
        if old != new:
            yield FieldChange(label, word_diff(old, new))
    for name, label in SCREENING.items():
        yield from _screening(label, before.get(name) or {}, after.get(name) or {})


def _screening(
    label: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[FieldChange]:
    scores = ["" if each.get("score") is None else str(each["score"]) for each in (before, after)]
    if scores[0] != scores[1]:
        yield FieldChange(label, replaced(*scores))
    reasons = [each.get("reason", "") for each in (before, after)]
    if reasons[0] != reasons[1]:
        yield FieldChange(f"{label}: reason", word_diff(*reasons))


def _judgements(before: Content, after: Content) -> Iterator[FieldChange]:
    """Name each run of steps of which the same was said before, and the same is said now."""
    old, new = _judged(before), _judged(after)
    differing = [step for step in sorted({*old, *new}) if old.get(step) != new.get(step)]
    by_words: dict[tuple[str, str], list[int]] = {}
    for run in runs_of(differing):
        for step in run:
            by_words.setdefault((old.get(step, ""), new.get(step, "")), []).append(step)
    for (said, says), steps in sorted(by_words.items(), key=lambda item: item[1]):
        label = f"step{'s' if len(steps) > 1 else ''} {format_covers(steps)}"
        yield FieldChange(label, word_diff(said, says) if said and says else replaced(said, says))


def _judged(content: Content) -> dict[int, str]:
    kinds = missteps_of(content.get("misstep_list", 1))
    return {row["step"]: _judgement(row, kinds) for row in content.get("judgements", ())}


def _judgement(row: Mapping[str, Any], kinds: Mapping[str, Any]) -> str:
    kind = kinds.get(row["misstep"])
    said = (
        row["judgement"],
        kind.label if kind else row["misstep"],
        row["is_decisive"] and "decisive",
        row["should_have"] and f"should have: {row['should_have']}",
    )
    return ", ".join(part for part in said if part)


def _waivers(before: Content, after: Content) -> Iterator[FieldChange]:
    old, new = _reasons(before.get("waivers", ())), _reasons(after.get("waivers", ()))
    names = _Names(before, after)
    for key in dict.fromkeys((*new, *old)):
        if old.get(key) != new.get(key):
            label = f"waiver of {key[0]} ({_place(key[1], names)})"
            said, says = old.get(key, ""), new.get(key, "")
            pieces = word_diff(said, says) if said and says else replaced(said, says)
            yield FieldChange(label, pieces)


def _place(key: str, names: _Names) -> str:
    """Write a place of a finding: its step, field and part, as far as it names them."""
    step, field, part = [*key.split("/", 2), "", ""][:3]
    words = (names(step) if step else "", field.replace("_", " "), part)
    return ", ".join(word for word in words if word) or "the whole"


def _reasons(waivers: Iterable[Mapping[str, str]]) -> dict[tuple[str, str], str]:
    return {(each["check"], each["place"]): each["reason"] for each in waivers}
