"""The reasoning column: all steps of an annotation, and what may be done with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts.models import User
from annotator.citations.checking import anchor_of, anchors_of_rows
from annotator.contexts.chips import Chip, chip
from annotator.contexts.graph import Graph, chain_graph
from annotator.contexts.judgements import Judgements, judgements_context
from annotator.contexts.kinds import HINTS, KEYS, KindFields, kind_fields
from annotator.contexts.places import places_here
from annotator.contexts.reading import StepReading
from annotator.contexts.row_reading import RowReader, row_as_content
from annotator.contexts.whole import OverviewContext, overview_context
from annotator.contexts.whole_reading import (
    JudgementsReading,
    OverviewReading,
    read_judgements,
    read_overview,
)
from annotator.covers import format_covers
from annotator.missteps import Misstep, grouped_missteps
from annotator.models import CHAIN_KINDS, Annotation, ReasoningKind, ReasoningStep
from annotator.notes import Note, notes_for
from annotator.overview import as_content
from annotator.submissions import live_probes, live_rows, misstep_list_of, schema_version_of
from trajectories.access import sight_of
from trajectories.contexts.outline import StepMark
from trajectories.text import shorten
from validation.contexts.probes import ProbeContext, probe_contexts

NAME_CHARS = 70


@dataclass(frozen=True)
class StepCard:
    """A reasoning step as it is written or read."""

    number: int
    step: ReasoningStep
    chips: tuple[Chip, ...]
    notes: tuple[Note, ...]
    probes: tuple[ProbeContext, ...]
    fields: KindFields
    covers_text: str
    is_first: bool
    is_last: bool
    # For reading only; None where it is written.
    reading: StepReading | None = None

    @property
    def name(self) -> str:
        return "Root cause" if self.is_root_cause else f"R{self.number}"

    @property
    def is_root_cause(self) -> bool:
        return self.step.kind == ReasoningKind.ROOT_CAUSE

    @property
    def hints(self) -> tuple[str, str]:
        return HINTS[ReasoningKind(self.step.kind)]

    @property
    def is_decision(self) -> bool:
        return self.step.kind == ReasoningKind.DECISION

    @property
    def option_rows(self) -> list[dict[str, Any]]:
        """The options and room for more: two to begin with, then one empty row.

        Evidence is counted as the card counts its citations.
        """
        empty = {"title": "", "for": "", "against": "", "chosen": False}
        rows: list[dict[str, Any]] = list(self.step.options)
        uids = [str(chip.uid) for chip in self.chips]
        return [
            {**row, "evidence_text": _numbers(row.get("evidence", ()), uids)}
            for row in rows + [empty] * max(1, 2 - len(rows))
        ]


@dataclass(frozen=True)
class Reasoning:
    """The reasoning column: all steps, and what may be done with them."""

    annotation: Annotation
    # Of the chain; the root cause stands above it.
    cards: tuple[StepCard, ...]
    root_cause: StepCard | None
    overview: OverviewContext
    judgements: Judgements
    # Whether the batch asks for more than steps and evidence.
    is_whole: bool
    notes: tuple[Note, ...]
    is_writable: bool
    asks_diagnosis: bool
    active: UUID | None = None
    # Whether the active step is there to be written now: its claim gets the focus.
    is_new: bool = False
    # What was just done, as a sentence.
    said: str = ""

    @property
    def n_citations(self) -> int:
        return sum(len(card.chips) for card in self.all_cards)

    @property
    def all_cards(self) -> tuple[StepCard, ...]:
        return (*((self.root_cause,) if self.root_cause else ()), *self.cards)

    @property
    def kinds(self) -> list[tuple[str, str]]:
        return [(kind.value, str(kind.label)) for kind in CHAIN_KINDS]

    @property
    def new_kinds(self) -> list[tuple[str, str, str]]:
        """What a new step may be: value, label and the key that follows `n`."""
        offered = (*CHAIN_KINDS, *((ReasoningKind.ROOT_CAUSE,) if self.asks_root_cause else ()))
        return [(kind.value, str(kind.label), KEYS[kind]) for kind in offered]

    @property
    def missteps(self) -> list[tuple[str, list[Misstep]]]:
        return grouped_missteps(misstep_list_of(self.annotation))

    @property
    def overview_read(self) -> OverviewReading:
        return read_overview(as_content(self.annotation.overview))

    @property
    def judgements_read(self) -> JudgementsReading:
        trajectory = self.annotation.assignment.membership.trajectory
        rows = [{"step": int(step), **row} for step, row in self.annotation.judgements.items()]
        version = misstep_list_of(self.annotation)
        return read_judgements(rows, version, trajectory.n_steps, places_here(trajectory))

    @property
    def graph(self) -> Graph:
        """The chain drawn, with what its steps do to each other."""
        rows = [row_as_content(card.step) for card in self.cards]
        return chain_graph(rows, row_as_content(self.root_cause.step) if self.root_cause else None)

    @property
    def asks_root_cause(self) -> bool:
        return self.is_whole and self.root_cause is None


def reasoning_context(
    user: User,
    annotation: Annotation,
    *,
    active: UUID | None = None,
    is_new: bool = False,
    said: str = "",
) -> Reasoning:
    """Show the annotation to `user`, who writes it if it is theirs and open (constant queries)."""
    assignment = annotation.assignment
    trajectory = assignment.membership.trajectory
    by_step: dict[UUID | None, list[Note]] = defaultdict(list)
    for note in notes_for(annotation):
        by_step[note.reasoning_step_uid].append(note)
    rows = live_rows(annotation)
    chain = [step for step in rows if step.kind != ReasoningKind.ROOT_CAUSE]
    probes = _probes_by_step(rows)
    names = _names(rows, chain)
    cited = [citation for row in rows for citation in row.live_citations]  # type: ignore[attr-defined]
    anchors = anchors_of_rows(cited, trajectory)
    overview = overview_context(annotation)
    sight = sight_of(user, trajectory)
    is_writable = assignment.is_writable and assignment.annotator_id == user.pk
    is_whole = schema_version_of(annotation) >= 3
    reader = None if is_writable else RowReader(trajectory, rows, has_details=is_whole)

    def card(number: int, step: ReasoningStep) -> StepCard:
        explains = overview.values["explains"]
        chips = tuple(
            chip(citation, trajectory, anchor_of(citation, trajectory, anchors))
            for citation in step.live_citations  # type: ignore[attr-defined]
        )
        return StepCard(
            number=number,
            step=step,
            chips=chips,
            notes=tuple(by_step.pop(step.uid, [])),
            probes=tuple(probes[step.pk]),
            fields=kind_fields(step, names, trajectory, sight, explains),
            covers_text=format_covers(step.covers),
            is_first=number == 1,
            is_last=number == len(chain),
            reading=reader.read(step, chips) if reader else None,
        )

    root_cause = next((row for row in rows if row not in chain), None)
    cards = tuple(card(number, step) for number, step in enumerate(chain, start=1))
    root_card = card(0, root_cause) if root_cause else None
    policy = getattr(assignment.membership.batch, "policy", None)
    is_blind = bool(policy and policy.blind_first)
    return Reasoning(
        annotation=annotation,
        cards=cards,
        root_cause=root_card,
        overview=overview,
        judgements=judgements_context(annotation),
        is_whole=is_whole,
        # What is about the whole, and about steps that are gone.
        notes=tuple(note for notes in by_step.values() for note in notes),
        is_writable=is_writable,
        asks_diagnosis=is_blind or bool(annotation.first_diagnosis),
        active=active,
        is_new=is_new,
        said=said,
    )


def _probes_by_step(steps: list[ReasoningStep]) -> dict[int, list[ProbeContext]]:
    """Show the probes of all steps at once."""
    held = [(step.pk, each.probe) for step in steps for each in step.live_probes]  # type: ignore[attr-defined]
    found: dict[int, list[ProbeContext]] = defaultdict(list)
    shown = probe_contexts(probe for _, probe in held)
    for (pk, _), context in zip(held, shown, strict=True):
        found[pk].append(context)
    return found


def _names(rows: list[ReasoningStep], chain: list[ReasoningStep]) -> dict[str, str]:
    """Name what a step may point at: the chain in order, then the root cause."""
    names = {
        str(step.uid): shorten(f"R{number} {step.claim}", NAME_CHARS)
        for number, step in enumerate(chain, start=1)
    }
    others = {str(row.uid): "the root cause" for row in rows if str(row.uid) not in names}
    return {**names, **others}


def _numbers(uids: Iterable[str], all_uids: list[str]) -> str:
    """Write citations as the card counts them: `1, 3`."""
    return format_covers(all_uids.index(uid) + 1 for uid in uids if uid in all_uids)


def step_probes(step: ReasoningStep) -> tuple[ProbeContext, ...]:
    """Return the probes of one reasoning step (constant queries)."""
    found = live_probes().filter(reasoning_step=step)
    return tuple(probe_contexts(each.probe for each in found))


def outline_marks(reasoning: Reasoning) -> dict[int, StepMark]:
    """Say for each trajectory step how often it is cited, and how it was judged."""
    counts: dict[int, int] = defaultdict(int)
    judgements = reasoning.judgements.by_step
    for card in reasoning.all_cards:
        for cited in card.chips:
            if cited.step is not None:
                counts[cited.step] += 1
    return {
        number: StepMark(_cites(counts[number]), judgements.get(number, ""))
        for number in {*counts, *judgements}
    }


def _cites(n: int) -> str:
    return f"{n} cite{'s' if n > 1 else ''}" if n else ""
