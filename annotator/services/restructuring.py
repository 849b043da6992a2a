"""Reshape the chain: split a reasoning step, join two. Each is one gesture, undone as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from accounts.models import User
from annotator.details import DETAILS, empty_detail
from annotator.models import Annotation, Citation, ReasoningKind, ReasoningStep, StepProbe
from annotator.posted import MOST_TEXT_CHARS
from annotator.services.editing import (
    NotWritable,
    add_step,
    chain_order,
    delete_step,
    lock,
    log,
    one_gesture,
    place_step,
    write_step,
)
from annotator.step_fields import LABELS, LISTS, TEXTS, read_field

# What holds one line: the first step's is kept, the other goes to the rationale.
_LINES = ("claim", "question")
# Said of other steps by their uids.
_MOST_OPTIONS = 20


@transaction.atomic
def split_step(user: User, step: ReasoningStep, at: int | None = None) -> ReasoningStep:
    """Put the rationale's text from character `at` on into a new step of the same kind after it.

    Citations, covered steps and all other fields stay with the first. Without `at` the first
    paragraph stays. Return the new step; raise NotWritable where there is nothing to split.
    """
    locked = lock(user, step.annotation)
    first = _live(locked, step)
    if first.kind == ReasoningKind.ROOT_CAUSE:
        raise NotWritable("The root cause stands for itself and is not split.")
    at = _end_of_paragraph(first.rationale) if at is None else at
    kept, moved = first.rationale[:at].rstrip(), first.rationale[at:].strip()
    if not moved:
        raise NotWritable("There is no text after the caret that could become a step of its own.")
    with one_gesture():
        second = add_step(user, locked, first.kind)
        place_step(user, second, chain_order(locked).index(first.pk) + 2)
        write_step(user, lock(user, locked), second, {"rationale": moved})
        write_step(user, lock(user, locked), first, {"rationale": kept})
    return second


def _end_of_paragraph(text: str) -> int:
    """Return where the first paragraph ends, or the end of the text."""
    body = text.lstrip("\n")
    end = body.find("\n\n")
    return len(text) if end < 0 else len(text) - len(body) + end


@transaction.atomic
def merge_with_next(user: User, step: ReasoningStep) -> ReasoningStep:
    """Join the next step of the chain to this one, with all that both have; return it.

    Texts stand one after the other; citations, checks, covered steps and relations are united; what
    other steps say of the second is said of the first. Raise NotWritable for the last step.
    """
    locked = lock(user, step.annotation)
    first = _live(locked, step)
    order = chain_order(locked)
    place = order.index(first.pk) + 1 if first.pk in order else len(order)
    if place == len(order):
        raise NotWritable("There is no step after this one to join with it.")
    second = locked.reasoning_steps.get(pk=order[place])
    second.annotation = locked
    with one_gesture():
        known = _hand_over_evidence(user, locked, second, first)
        write_step(user, lock(user, locked), first, _united(first, second, known))
        _point_at_first(user, locked, first, second)
        delete_step(user, second)
    return first


def _live(annotation: Annotation, step: ReasoningStep) -> ReasoningStep:
    current = annotation.reasoning_steps.select_for_update().get(pk=step.pk)
    if current.deleted_at is not None:
        raise NotWritable("This reasoning step was removed in another window; undo that first.")
    current.annotation = annotation
    return current


# --- evidence -------------------------------------------------------------------------------------


@transaction.atomic
def hand_over(
    user: User,
    annotation: Annotation,
    to: ReasoningStep,
    citations: Iterable[str],
    probes: Iterable[str],
    *,
    since: ReasoningStep,
) -> None:
    """Hang citations and checks of the step `since`, by their uids, on another one."""
    locked = lock(user, annotation)
    citations, probes = list(citations), list(probes)
    if not citations and not probes:
        return
    Citation.objects.filter(uid__in=citations).update(reasoning_step=to)
    StepProbe.objects.filter(probe__uid__in=probes).update(reasoning_step=to)
    changes = {
        "step": [str(since.uid), str(to.uid)],
        "citations": [citations, citations],
        "probes": [probes, probes],
    }
    log(locked, user, "hand over", changes, to)


def _hand_over_evidence(
    user: User, annotation: Annotation, source: ReasoningStep, to: ReasoningStep
) -> Mapping[str, str]:
    """Hand over all that the other step does not have; return uids of doubles by the kept one."""
    there = {_place_of(citation): citation for citation in to.citations.filter(deleted_at=None)}
    moved, doubles = [], {}
    for citation in source.citations.filter(deleted_at=None):
        twin = there.get(_place_of(citation))
        if twin is None:
            moved.append(str(citation.uid))
        else:
            doubles[str(citation.uid)] = str(twin.uid)
    probes = source.step_probes.filter(deleted_at=None).values_list("probe__uid", flat=True)
    hand_over(user, annotation, to, moved, map(str, probes), since=source)
    return doubles


def _place_of(citation: Citation) -> tuple[Any, ...]:
    return (citation.kind, str(citation.target), citation.start, citation.end)


# --- fields ---------------------------------------------------------------------------------------


def _united(
    first: ReasoningStep, second: ReasoningStep, doubles: Mapping[str, str]
) -> dict[str, Any]:
    """Return the fields of both as one step's: of the first kind, with nothing left out."""
    values: dict[str, Any] = {}
    surplus: list[str] = []
    for name in ("claim", *DETAILS[ReasoningKind(second.kind)]):
        one, other = read_field(first, name), read_field(second, name)
        has_place = name == "claim" or name in DETAILS[ReasoningKind(first.kind)]
        if name in LISTS:
            values[name] = one + [each for each in other if each not in one]
        elif other == _empty(name) or other == one:
            continue
        elif has_place and one == _empty(name):
            values[name] = other
        elif has_place and name in TEXTS and name not in _LINES:
            values[name] = f"{one}\n\n{other}"
        elif name in TEXTS:
            surplus.append(other if name == "claim" else f"{LABELS[name]}: {other}")
    options = [_option(option, doubles) for option in second.options]
    if first.kind == ReasoningKind.DECISION or first.kind == second.kind:
        values["options"] = _both_options(first.options, options)
    elif second.kind == ReasoningKind.DECISION:
        surplus += [_option_in_words(option) for option in options]
    texts = (first.rationale, *surplus, second.rationale)
    values["rationale"] = "\n\n".join(text for text in texts if text.strip())
    values["covers"] = sorted({*first.covers, *second.covers})
    values["relations"] = _both_relations(first, second)
    if len(values["rationale"]) > MOST_TEXT_CHARS or len(values.get("options", ())) > _MOST_OPTIONS:
        raise NotWritable("Both steps together are too long for one.")
    settled_by = read_field(first, "settled_by")
    if settled_by == str(second.uid):
        values["settled_by"] = ""
    return values


def _empty(name: str) -> Any:
    return "" if name == "claim" else empty_detail(name)


def _option(option: Mapping[str, Any], doubles: Mapping[str, str]) -> dict[str, Any]:
    evidence = [doubles.get(uid, uid) for uid in option.get("evidence", ())]
    return {**option, "evidence": list(dict.fromkeys(evidence))}


def _both_options(
    first: list[dict[str, Any]], second: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Put the options of both in one list, in which one is chosen at most: the first's."""
    is_chosen = any(option["chosen"] for option in first)
    return [*first, *({**each, "chosen": each["chosen"] and not is_chosen} for each in second)]


def _option_in_words(option: Mapping[str, Any]) -> str:
    chosen = " (chosen)" if option["chosen"] else ""
    return f"- {option['title']}{chosen}: for: {option['for']}; against: {option['against']}"


def _both_relations(first: ReasoningStep, second: ReasoningStep) -> list[dict[str, str]]:
    own = {str(first.uid), str(second.uid)}
    both = [row for row in (*first.relations, *second.relations) if row["to"] not in own]
    return _once(both)


def _once(rows: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    return list({(row["type"], row["to"]): row for row in rows}.values())


def _point_at_first(
    user: User, annotation: Annotation, first: ReasoningStep, second: ReasoningStep
) -> None:
    """Let what other steps say of the second one be said of the first."""
    gone, kept = str(second.uid), str(first.uid)
    others = annotation.reasoning_steps.filter(deleted_at=None).exclude(
        pk__in=(first.pk, second.pk)
    )
    for other in others.select_for_update():
        relations = [{**row, "to": kept} if row["to"] == gone else row for row in other.relations]
        values: dict[str, Any] = {"relations": _once(relations)}
        if read_field(other, "settled_by") == gone:
            values["settled_by"] = kept
        write_step(user, lock(user, annotation), other, values)
