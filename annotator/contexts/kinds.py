"""What each kind of reasoning step asks for, as its card shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from annotator.details import CONSIDERED_BY, EXPERIMENT_BASES, HYPOTHESIS_OUTCOMES, details_of
from annotator.hunks import HunkRef, hunks_of
from annotator.models import ReasoningKind, ReasoningStep, Relation
from annotator.overview import Explains
from trajectories.access import Sight
from trajectories.models import Trajectory

# What to write, by kind: the claim's and the rationale's placeholder.
HINTS = {
    ReasoningKind.OBSERVATION: (
        "What is seen, and where",
        "What it means for the issue. Cite the lines or the output it rests on.",
    ),
    ReasoningKind.HYPOTHESIS: (
        "What may be the cause",
        "What speaks for it.",
    ),
    ReasoningKind.EXPERIMENT: (
        "What was tried, and what came out",
        "What happened, and what follows.",
    ),
    ReasoningKind.DECISION: (
        "What was decided",
        "Why this option and not the others.",
    ),
    ReasoningKind.CHANGE: (
        "What is changed, and where",
        "Why there.",
    ),
    ReasoningKind.VERIFICATION: (
        "What shows that the change is right",
        "What the tests show.",
    ),
    ReasoningKind.DEAD_END: (
        "What went wrong",
        "What was wrong with it, and how one can tell.",
    ),
    ReasoningKind.ROOT_CAUSE: (
        "What is wrong, in one line",
        "Where in the code, and how it leads to what the issue describes. Cite the code.",
    ),
}

# What is pressed after `n` for a new step of a kind.
KEYS = {
    ReasoningKind.OBSERVATION: "o",
    ReasoningKind.HYPOTHESIS: "h",
    ReasoningKind.EXPERIMENT: "e",
    ReasoningKind.DECISION: "d",
    ReasoningKind.CHANGE: "c",
    ReasoningKind.VERIFICATION: "v",
    ReasoningKind.DEAD_END: "x",
    ReasoningKind.ROOT_CAUSE: "r",
}


OUTCOMES = tuple(zip(HYPOTHESIS_OUTCOMES, ("confirmed", "refuted", "left open"), strict=True))
BASES = tuple(zip(EXPERIMENT_BASES, ("a check of its own", "what the trajectory did"), strict=True))
CONSIDERED = tuple(
    zip(
        CONSIDERED_BY,
        ("the agent", "the gold patch", "both", "neither"),
        strict=True,
    )
)


@dataclass(frozen=True)
class Choice:
    """Something to pick, such as a hunk or another step."""

    value: str
    label: str
    is_chosen: bool = False


@dataclass(frozen=True)
class RelationRow:
    """What a step does to another one; empty where a new one may be said."""

    type: str
    to: str
    label: str = ""


@dataclass(frozen=True)
class KindFields:
    """The fields of a reasoning step's kind, and what may be chosen for them."""

    details: dict[str, Any]
    hunks: tuple[Choice, ...]
    hides_hunks: bool
    settlers: tuple[Choice, ...]
    others: tuple[Choice, ...]
    relations: tuple[RelationRow, ...]

    @property
    def outcomes(self) -> tuple[tuple[str, str], ...]:
        return OUTCOMES

    @property
    def bases(self) -> tuple[tuple[str, str], ...]:
        return BASES

    @property
    def considered(self) -> tuple[tuple[str, str], ...]:
        return CONSIDERED

    @property
    def relation_types(self) -> list[tuple[str, str]]:
        return list(Relation.choices)

    @property
    def tests_text(self) -> str:
        return "\n".join(self.details.get("tests", ()))


def kind_fields(
    step: ReasoningStep,
    names: dict[str, str],
    trajectory: Trajectory,
    sight: Sight,
    explains: str,
) -> KindFields:
    """Return the fields of a step; `names` are the other steps it may name, uid to `R3 claim`.

    The order of `names` is that of the chain: a hypothesis is settled by a step after it.
    """
    details = details_of(step.kind, step.details)
    uids = list(names)
    own = str(step.uid)
    later = uids[uids.index(own) + 1 :] if own in uids else []
    is_hidden = explains == Explains.GOLD and not sight.sees_gold
    return KindFields(
        details=details,
        hunks=() if is_hidden else _hunk_choices(step, details, trajectory, explains),
        hides_hunks=is_hidden,
        settlers=tuple(Choice(uid, names[uid], uid == details.get("settled_by")) for uid in later),
        others=tuple(Choice(uid, name) for uid, name in names.items() if uid != own),
        relations=tuple(
            RelationRow(row["type"], row["to"], names.get(row["to"], "a step that is gone"))
            for row in step.relations
        ),
    )


def _hunk_choices(
    step: ReasoningStep, details: dict[str, Any], trajectory: Trajectory, explains: str
) -> tuple[Choice, ...]:
    """Offer the hunks of the explained patch, and those that are named but not in it."""
    if step.kind != ReasoningKind.CHANGE:
        return ()
    named = {HunkRef(**hunk): None for hunk in details["hunks"]}
    offered: Sequence[HunkRef] = hunks_of(trajectory, explains)
    all_hunks = dict.fromkeys((*offered, *named))
    return tuple(Choice(hunk.key, hunk.label, hunk in named) for hunk in all_hunks)
