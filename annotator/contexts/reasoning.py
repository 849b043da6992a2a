"""The reasoning column: all steps of an annotation, and what may be done with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts.models import User
from annotator.contexts.chips import Chip, chip
from annotator.covers import format_covers
from annotator.models import (
    Annotation,
    Judgement,
    ReasoningKind,
    ReasoningStep,
)
from annotator.notes import Note, notes_for
from annotator.submissions import live_probes, live_steps
from trajectories.contexts.outline import StepMark
from trajectories.models import Trajectory
from validation.contexts.probes import ProbeContext, probe_contexts

# What to write, by kind: the claim's and the rationale's placeholder.
HINTS = {
    ReasoningKind.OBSERVATION: (
        "What is seen, and where",
        "What it means for the issue. Cite the lines or the output it rests on.",
    ),
    ReasoningKind.HYPOTHESIS: (
        "What may be the cause",
        "What speaks for it, and what would refute it.",
    ),
    ReasoningKind.EXPERIMENT: (
        "What was tried, and what came out",
        "What was run, what was expected, what happened, and what follows.",
    ),
    ReasoningKind.DECISION: (
        "What was decided",
        "Why this option and not the others.",
    ),
    ReasoningKind.CHANGE: (
        "What is changed, and where",
        "Why there, and what else had to change with it.",
    ),
    ReasoningKind.VERIFICATION: (
        "What shows that the change is right",
        "Which tests, what they show, and what they do not.",
    ),
    ReasoningKind.DEAD_END: (
        "What went wrong",
        "When it could have been seen, what would have been right, what it cost.",
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
}


@dataclass(frozen=True)
class Covered:
    """A trajectory step that a reasoning step covers."""

    step: int
    judgement: str
    label: str


@dataclass(frozen=True)
class StepCard:
    """A reasoning step as it is written or read."""

    number: int
    step: ReasoningStep
    chips: tuple[Chip, ...]
    notes: tuple[Note, ...]
    probes: tuple[ProbeContext, ...]
    covers_text: str
    covered: tuple[Covered, ...]
    is_first: bool
    is_last: bool

    @property
    def hints(self) -> tuple[str, str]:
        return HINTS[ReasoningKind(self.step.kind)]

    @property
    def is_decision(self) -> bool:
        return self.step.kind == ReasoningKind.DECISION

    @property
    def option_rows(self) -> list[dict[str, Any]]:
        """The options and room for more: two to begin with, then one empty row."""
        empty = {"title": "", "for": "", "against": "", "chosen": False}
        rows: list[dict[str, Any]] = list(self.step.options)
        return rows + [empty] * max(1, 2 - len(rows))


@dataclass(frozen=True)
class Reasoning:
    """The reasoning column: all steps, and what may be done with them."""

    annotation: Annotation
    cards: tuple[StepCard, ...]
    notes: tuple[Note, ...]
    is_writable: bool
    asks_diagnosis: bool
    active: UUID | None = None
    # What was just taken away, with the address that brings it back.
    removed: str = ""
    restore_url: str = ""

    @property
    def n_citations(self) -> int:
        return sum(len(card.chips) for card in self.cards)

    @property
    def kinds(self) -> list[tuple[str, str]]:
        return list(ReasoningKind.choices)

    @property
    def new_kinds(self) -> list[tuple[str, str, str]]:
        """What a new step may be: value, label and the key that follows `n`."""
        return [
            (value, label, KEYS[ReasoningKind(value)]) for value, label in ReasoningKind.choices
        ]

    @property
    def judgements(self) -> list[tuple[str, str]]:
        return list(Judgement.choices)


def reasoning_context(
    user: User,
    annotation: Annotation,
    *,
    active: UUID | None = None,
    removed: str = "",
    restore_url: str = "",
) -> Reasoning:
    """Show the annotation to `user`, who writes it if it is theirs and open (constant queries)."""
    assignment = annotation.assignment
    trajectory = assignment.membership.trajectory
    by_step: dict[UUID | None, list[Note]] = defaultdict(list)
    for note in notes_for(annotation):
        by_step[note.reasoning_step_uid].append(note)
    steps = live_steps(annotation)
    probes = _probes_by_step(steps)
    cards = tuple(
        _card(place, step, len(steps), trajectory, by_step.pop(step.uid, []), probes[step.pk])
        for place, step in enumerate(steps, start=1)
    )
    policy = getattr(assignment.membership.batch, "policy", None)
    is_blind = bool(policy and policy.blind_first)
    return Reasoning(
        annotation=annotation,
        cards=cards,
        # What is about the whole, and about steps that are gone.
        notes=tuple(note for notes in by_step.values() for note in notes),
        is_writable=assignment.is_writable and assignment.annotator_id == user.pk,
        asks_diagnosis=is_blind or bool(annotation.first_diagnosis),
        active=active,
        removed=removed,
        restore_url=restore_url,
    )


def _probes_by_step(steps: list[ReasoningStep]) -> dict[int, list[ProbeContext]]:
    """Show the probes of all steps at once."""
    held = [(step.pk, each.probe) for step in steps for each in step.live_probes]  # type: ignore[attr-defined]
    found: dict[int, list[ProbeContext]] = defaultdict(list)
    shown = probe_contexts(probe for _, probe in held)
    for (pk, _), context in zip(held, shown, strict=True):
        found[pk].append(context)
    return found


def _card(
    number: int,
    step: ReasoningStep,
    n_cards: int,
    trajectory: Trajectory,
    notes: Iterable[Note],
    probes: Iterable[ProbeContext],
) -> StepCard:
    labels = dict(Judgement.choices)
    return StepCard(
        number=number,
        step=step,
        chips=tuple(chip(citation, trajectory) for citation in step.live_citations),  # type: ignore[attr-defined]
        notes=tuple(notes),
        probes=tuple(probes),
        covers_text=format_covers(covered["step"] for covered in step.covers),
        covered=tuple(
            Covered(c["step"], c["judgement"], labels.get(c["judgement"], "not judged"))
            for c in step.covers
        ),
        is_first=number == 1,
        is_last=number == n_cards,
    )


def step_probes(step: ReasoningStep) -> tuple[ProbeContext, ...]:
    """Return the probes of one reasoning step (constant queries)."""
    found = live_probes().filter(reasoning_step=step)
    return tuple(probe_contexts(each.probe for each in found))


def outline_marks(reasoning: Reasoning) -> dict[int, StepMark]:
    """Say for each trajectory step how often it is cited, and how it was judged."""
    counts: dict[int, int] = defaultdict(int)
    judgements: dict[int, str] = {}
    for card in reasoning.cards:
        for cited in card.chips:
            if cited.step is not None:
                counts[cited.step] += 1
        judgements |= {covered.step: covered.judgement for covered in card.covered}
    return {
        number: StepMark(_cites(counts[number]), judgements.get(number, ""))
        for number in {*counts, *judgements}
    }


def _cites(n: int) -> str:
    return f"{n} cite{'s' if n > 1 else ''}" if n else ""
