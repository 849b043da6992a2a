"""A reasoning step for reading: the fields of its kind, its options and relations, with links.

It takes a step as a submission holds it (version 3), so that the workspace and the review page
show the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from annotator.contexts.kinds import BASES, CONSIDERED, OUTCOMES
from annotator.contexts.places import GONE, Link, Places
from annotator.details import details_of
from annotator.hunks import HunkRef
from annotator.models import ReasoningKind
from annotator.step_fields import LABELS

_OUTCOMES, _BASES, _CONSIDERED = dict(OUTCOMES), dict(BASES), dict(CONSIDERED)
# Left out where they are empty; of any other it is said that nobody wrote it.
_OPTIONAL: Final = frozenset({"settled_by", "also_changed", "elsewhere"})


@dataclass(frozen=True)
class ReadField:
    """A field with what was written: words, links, or both. Neither: it was left empty."""

    label: str
    text: str = ""
    links: tuple[Link, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.text or self.links)


@dataclass(frozen=True)
class ReadOption:
    """An option of a decision."""

    title: str
    pro: str
    contra: str
    considered_by: str
    is_chosen: bool
    evidence: tuple[Link, ...]


@dataclass(frozen=True)
class ReadRelation:
    """What a step does to another one."""

    type: str
    to: Link


@dataclass(frozen=True)
class StepReading:
    """What a reasoning step says beside its claim and rationale."""

    covers: tuple[Link, ...]
    fields: tuple[ReadField, ...]
    options: tuple[ReadOption, ...]
    relations: tuple[ReadRelation, ...]


def read_step(
    step: Mapping[str, Any],
    places: Places,
    chain: Mapping[str, Link],
    evidence: Mapping[str, Link],
    *,
    has_details: bool = True,
) -> StepReading:
    """Show a step of the chain, or the root cause with the kind `root_cause`.

    `chain` links the steps by uid and `evidence` the step's citations. Contents of earlier versions
    have no fields by kind: `has_details` is false for them.
    """
    relations = step.get("relations", ())
    return StepReading(
        covers=places.steps(step.get("covers", ())),
        fields=tuple(_fields(step, places, chain)) if has_details else (),
        options=tuple(_option(option, evidence) for option in step.get("options", ())),
        relations=tuple(
            ReadRelation(row["type"], chain.get(row["to"], Link(GONE))) for row in relations
        ),
    )


def _fields(
    step: Mapping[str, Any], places: Places, chain: Mapping[str, Link]
) -> Iterator[ReadField]:
    kind = step["kind"]
    details = details_of(kind, step.get("details", {}))
    for name, value in details.items():
        if name == "settled_by":
            continue
        read = _special(name, value, details, places, chain) or ReadField(LABELS[name], str(value))
        if not (read.is_empty and name in _OPTIONAL):
            yield read


def _special(
    name: str,
    value: Any,
    details: Mapping[str, Any],
    places: Places,
    chain: Mapping[str, Link],
) -> ReadField | None:
    """Show a field that is more than its text; None for all others."""
    label = LABELS[name]
    special: dict[str, Callable[[], ReadField]] = {
        "outcome": lambda: ReadField(label, _outcome(details), _settler(details, chain)),
        "stands_on": lambda: ReadField(label, _BASES.get(value, value)),
        "hunks": lambda: ReadField(label, "", tuple(places.hunk(HunkRef(**h)) for h in value)),
        "tests": lambda: ReadField(label, "", tuple(places.test(test) for test in value)),
        "visible_from": lambda: ReadField(label, "", (places.step(value),) if value else ()),
        "cost_steps": lambda: ReadField(label, "" if value is None else str(value)),
    }
    return special[name]() if name in special else None


def _outcome(details: Mapping[str, Any]) -> str:
    words = _OUTCOMES.get(details["outcome"], "")
    return f"{words} by" if words and details["settled_by"] else words


def _settler(details: Mapping[str, Any], chain: Mapping[str, Link]) -> tuple[Link, ...]:
    uid = details["settled_by"]
    return (chain.get(uid, Link(GONE)),) if uid else ()


def _option(option: Mapping[str, Any], evidence: Mapping[str, Link]) -> ReadOption:
    return ReadOption(
        title=option["title"],
        pro=option["for"],
        contra=option["against"],
        considered_by=_CONSIDERED.get(option.get("considered_by", ""), ""),
        is_chosen=option["chosen"],
        evidence=tuple(
            evidence.get(uid, Link("a citation that is gone")) for uid in option.get("evidence", ())
        ),
    )


def as_step(root_cause: Mapping[str, Any]) -> dict[str, Any]:
    """Return the root cause of a content in the shape of a step of the chain."""
    return {
        **root_cause,
        "kind": ReasoningKind.ROOT_CAUSE.value,
        "details": {"elsewhere": root_cause.get("elsewhere", "")},
        "options": [],
        "covers": [],
        "relations": [],
    }
