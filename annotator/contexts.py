"""What the annotator's pages show, selected and named; templates do no work."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import Count, Max, Q
from django.urls import reverse

from accounts.models import User
from annotator.citations.targets import (
    CallTarget,
    FileTarget,
    IssueTarget,
    ObservationTarget,
    PatchTarget,
    Target,
    TestTarget,
    ThoughtTarget,
    read_target,
)
from annotator.covers import format_covers
from annotator.models import (
    Annotation,
    Assignment,
    AssignmentState,
    Citation,
    Judgement,
    ReasoningKind,
    ReasoningStep,
)
from annotator.notes import Note, notes_for
from annotator.services.claiming import free_slots
from annotator.services.merging import Conflict, StaleVersion
from annotator.submissions import live_steps
from trajectories.contexts.outline import StepMark
from trajectories.models import Batch, Trajectory

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


# --- citations ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Chip:
    """A citation as a chip: what it is called, and where its place opens."""

    uid: UUID
    label: str
    quote: str
    kind: str
    pane: str
    query: dict[str, object]
    url: str
    # Trajectory step it cites, for the marks in the outline.
    step: int | None

    @property
    def href(self) -> str:
        return "?" + urlencode(self.query)


def chip(citation: Citation, trajectory: Trajectory) -> Chip:
    target = read_target(citation.kind, citation.target)
    pane, query, url = _place(target, citation, trajectory.pk)
    return Chip(
        uid=citation.uid,
        label=_label(target, citation),
        quote=citation.quote,
        kind=citation.kind,
        pane=pane,
        query=query,
        url=url,
        step=getattr(target, "step", None),
    )


def _label(target: Target, citation: Citation) -> str:
    match target:
        case FileTarget() | PatchTarget():
            lines = _lines(target).replace("-", "–")
            name = target.path.rpartition("/")[2]
            where = target.tree if isinstance(target, FileTarget) else target.which
            return f"{name}:{lines} ({where})"
        case IssueTarget():
            return f"issue “{_short(citation.quote, 24)}”"
        case TestTarget():
            return f"{citation.quote.partition(' ')[0]} {_short_test(target.test_id)}"
        case _:
            part = {"thought": "thought", "tool_call": "call"}.get(citation.kind, "output")
            return f"step {target.step} {part}"


def _place(target: Target, citation: Citation, pk: int) -> tuple[str, dict[str, object], str]:
    """Return the pane, the page's query parameters and the fragment that show the target."""
    query: dict[str, object]
    match target:
        case FileTarget():
            query = {"path": target.path, "line": _lines(target)}
            url = reverse("trajectories:files", args=[pk, target.tree])
            return "left", {"left": "files", "tree": target.tree, **query}, _with(url, query)
        case PatchTarget():
            query = {"file": target.path, "at": f"{target.side[0]}{target.start_line}"}
            url = reverse("trajectories:diff", args=[pk, target.which])
            return "right", {"right": target.which, **query}, _with(url, query)
        case IssueTarget():
            return "left", {"left": "issue"}, reverse("trajectories:issue", args=[pk])
        case TestTarget():
            query = {"test": target.test_id}
            url = reverse("validation:tests", args=[pk])
            return "right", {"right": "tests", **query}, _with(url, query)
        case _:
            query = {"part": f"{_part(target)}@{citation.start}-{citation.end}"}
            url = reverse("trajectories:step", args=[pk, target.step])
            return "left", {"left": "step", "step": target.step, **query}, _with(url, query)


def _lines(target: FileTarget | PatchTarget) -> str:
    first, last = target.start_line, target.end_line
    return f"{first}" if first == last else f"{first}-{last}"


def _part(target: ThoughtTarget | CallTarget | ObservationTarget) -> str:
    """Return what addresses call the part of a step."""
    match target:
        case CallTarget():
            return f"call-{target.index}"
        case ObservationTarget():
            return f"output-{target.index}"
        case _:
            return "thought"


def _with(url: str, query: dict[str, object]) -> str:
    return f"{url}?{urlencode(query)}"


def _short(text: str, chars: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= chars else f"{text[: chars - 1]}…"


def _short_test(test_id: str) -> str:
    return _short(test_id.rpartition("/")[2], 40)


# --- the reasoning column -----------------------------------------------------------------------


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
    cards = tuple(
        _card(place, step, len(steps), trajectory, by_step.pop(step.uid, []))
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


def _card(
    number: int, step: ReasoningStep, n_cards: int, trajectory: Trajectory, notes: Iterable[Note]
) -> StepCard:
    labels = dict(Judgement.choices)
    return StepCard(
        number=number,
        step=step,
        chips=tuple(chip(citation, trajectory) for citation in step.live_citations),  # type: ignore[attr-defined]
        notes=tuple(notes),
        covers_text=format_covers(covered["step"] for covered in step.covers),
        covered=tuple(
            Covered(c["step"], c["judgement"], labels.get(c["judgement"], "not judged"))
            for c in step.covers
        ),
        is_first=number == 1,
        is_last=number == n_cards,
    )


# --- a conflict ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class ConflictField:
    """A field that two windows changed: both texts, or both values as JSON for lists."""

    name: str
    label: str
    is_text: bool
    mine: str
    theirs: str
    mine_shown: str
    theirs_shown: str


@dataclass(frozen=True)
class ConflictPanel:
    """A form that saves the merged step on top of the stored version."""

    step: ReasoningStep
    fields: tuple[ConflictField, ...]
    # The other fields that were sent, merged, as name and value of hidden inputs.
    hidden: tuple[tuple[str, str], ...]


LABELS = {
    "kind": "Kind",
    "claim": "Claim",
    "rationale": "Rationale",
    "options": "Options",
    "covers": "Covered steps",
}


def conflict_context(stale: StaleVersion) -> ConflictPanel:
    """Lay a stale save and what is stored side by side."""
    fields = tuple(_conflict_field(conflict) for conflict in stale.conflicts)
    return ConflictPanel(
        stale.step, fields, tuple(_as_input(*item) for item in stale.merged.items())
    )


def _conflict_field(conflict: Conflict) -> ConflictField:
    name, mine, theirs = conflict.field, conflict.mine, conflict.theirs
    return ConflictField(
        name=name,
        label=LABELS[name],
        is_text=name in {"claim", "rationale"},
        mine=_as_input(name, mine)[1],
        theirs=_as_input(name, theirs)[1],
        mine_shown=_shown(name, mine),
        theirs_shown=_shown(name, theirs),
    )


def _as_input(name: str, value: Any) -> tuple[str, str]:
    return (f"{name}_json", json.dumps(value)) if name in {"options", "covers"} else (name, value)


def _shown(name: str, value: Any) -> str:
    if name == "covers":
        return ", ".join(f"{c['step']} {c['judgement']}".strip() for c in value) or "none"
    if name == "options":
        lines = (
            f"{'✓ ' if o['chosen'] else ''}{o['title']} — for: {o['for']} — against: {o['against']}"
            for o in value
        )
        return "\n".join(lines) or "none"
    return str(value)


# --- batches and the start page -----------------------------------------------------------------


@dataclass(frozen=True)
class BatchRow:
    """A batch with its counts; `n_free` is what this person could claim now."""

    batch: Batch
    n_tasks: int
    n_trajectories: int
    counts: dict[str, int]
    n_free: int

    @property
    def n_open_slots(self) -> int:
        policy = getattr(self.batch, "policy", None)
        overlap = policy.overlap if policy else 1
        taken = sum(n for state, n in self.counts.items() if state != AssignmentState.RELEASED)
        return max(0, self.n_trajectories * overlap - taken)


def batch_rows(user: User) -> list[BatchRow]:
    """List all batches with their counts; for an annotator with what is free for them."""
    batches = (
        Batch.objects.select_related("policy")
        .annotate(
            n_tasks=Count("task_memberships", distinct=True),
            n_trajectories=Count("memberships", distinct=True),
        )
        .order_by("-created_at")
    )
    counts: dict[int, dict[str, int]] = defaultdict(dict)
    states = Assignment.objects.values("membership__batch", "state").annotate(n=Count("pk"))
    for row in states.order_by():
        counts[row["membership__batch"]][row["state"]] = row["n"]
    mine = _held_by_batch(user)
    return [
        BatchRow(
            batch=batch,
            n_tasks=batch.n_tasks,
            n_trajectories=batch.n_trajectories,
            counts=counts[batch.pk],
            n_free=_free(batch, counts[batch.pk], mine.get(batch.pk, 0), user),
        )
        for batch in batches
    ]


def _held_by_batch(user: User) -> dict[int, int]:
    rows = (
        Assignment.objects.holding_slot()
        .filter(annotator=user)
        .values_list("membership__batch")
        .annotate(n=Count("pk"))
        .order_by()
    )
    return dict(rows)


def _free(batch: Any, counts: dict[str, int], n_mine: int, user: User) -> int:
    """Count what the person could claim, without a query where the counts already tell."""
    policy = getattr(batch, "policy", None)
    overlap = policy.overlap if policy else 1
    taken = sum(n for state, n in counts.items() if state != AssignmentState.RELEASED)
    if overlap == 1:
        return max(0, int(batch.n_trajectories) - taken)
    if n_mine >= batch.n_trajectories or taken >= overlap * batch.n_trajectories:
        return 0
    return free_slots(batch, user)


def assignments_of(user: User, batch: Batch | None = None) -> list[Assignment]:
    """List a person's assignments: changes requested first, then what is in progress."""
    order = {
        AssignmentState.CHANGES_REQUESTED: 0,
        AssignmentState.ACTIVE: 1,
        AssignmentState.SUBMITTED: 2,
    }
    found = Assignment.objects.holding_slot().filter(annotator=user)
    if batch is not None:
        found = found.filter(membership__batch=batch)
    found = (
        found.select_related("membership__batch", "membership__trajectory__task", "annotation")
        .defer("membership__trajectory__model_patch", "membership__trajectory__extra")
        .annotate(
            n_steps=Count(
                "annotation__reasoning_steps",
                filter=Q(annotation__reasoning_steps__deleted_at=None),
            ),
            last_edit=Max("annotation__changed_at"),
        )
    )
    return sorted(found, key=lambda a: (order.get(AssignmentState(a.state), 3), -a.pk))


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
