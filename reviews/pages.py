"""The page of a submission: what was written, what changed, what the checks found, the threads."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from django.http import HttpRequest
from django.utils.dateparse import parse_datetime

from accounts.models import User
from annotator.citations.anchors import Cited, anchors_for
from annotator.contexts.graph import Graph, chain_graph
from annotator.contexts.places import Link, Places
from annotator.contexts.reading import StepReading, read_step
from annotator.contexts.whole_reading import (
    JudgementsReading,
    OverviewReading,
    read_judgements,
    read_overview,
)
from annotator.models import ReasoningKind, Submission
from annotator.versions import as_latest
from reviews.changes import Change, StepChange, WholeChange, compare, compare_whole
from reviews.citations import CitationView, citation_view
from reviews.content import (
    Content,
    StepContent,
    all_steps,
    find_step,
    reasoning_steps,
    root_cause_of,
)
from reviews.contexts import (
    WHOLE,
    Decision,
    ThreadBox,
    batch_of,
    decision_context,
    may_comment,
    thread_box,
    threads_of,
    trajectory_of,
)
from reviews.findings import FindingsView, findings_view
from reviews.probes import ProbeView, probe_view, probes_of
from trajectories.contexts.outline import StepMark
from trajectories.models import Batch, Trajectory
from trajectories.pages import page_url

# As many reasoning steps are named in a row of the outline, which is narrow.
MARKED = 3
# What the ids of reasoning steps begin with on this page.
ANCHOR = "reasoning-"


@dataclass(frozen=True)
class StepView:
    """A reasoning step as it was submitted; `name` is empty for one that was removed."""

    name: str
    content: StepContent
    reading: StepReading
    citations: list[CitationView]
    change: StepChange | None
    box: ThreadBox
    probes: tuple[ProbeView, ...] = ()

    @property
    def is_removed(self) -> bool:
        return not self.name

    @property
    def is_root_cause(self) -> bool:
        return bool(self.content["kind"] == ReasoningKind.ROOT_CAUSE)

    @property
    def mark(self) -> str:
        """Name what happened to it since the submission that was reviewed before."""
        is_marked = self.change is not None and self.change.change is not Change.UNCHANGED
        return self.change.change.value if self.change and is_marked else ""


@dataclass(frozen=True)
class SubmissionPage:
    submission: Submission
    # As version 3 holds it, whatever version was handed in.
    content: Content
    places: Places
    root_cause: StepView | None
    steps: list[StepView]
    removed: list[StepView]
    whole: ThreadBox
    decision: Decision
    findings: FindingsView
    newer: Submission | None
    # The submission that the marks compare with: the last one that was reviewed.
    compared_with: Submission | None
    changed: WholeChange | None
    others: list[Submission] = field(default_factory=list)

    @property
    def trajectory(self) -> Trajectory:
        return trajectory_of(self.submission)

    @property
    def batch(self) -> Batch:
        return batch_of(self.submission)

    @property
    def is_whole(self) -> bool:
        """Whether its version of the schema holds more than steps and evidence."""
        return is_whole(self.submission)

    @property
    def overview(self) -> OverviewReading:
        return read_overview(self.content.get("overview") or {})

    @cached_property
    def judgements(self) -> JudgementsReading:
        return read_judgements(
            self.content["judgements"],
            self.content.get("misstep_list", 1),
            self.content["trajectory"]["n_steps"],
            self.places,
        )

    @property
    def graph(self) -> Graph:
        return chain_graph(reasoning_steps(self.content), root_cause_of(self.content))

    @property
    def first_diagnosis(self) -> str:
        return str(self.content["first_diagnosis"])

    @property
    def diagnosis_committed_at(self) -> datetime | None:
        committed_at = self.content["diagnosis_committed_at"]
        return parse_datetime(committed_at) if committed_at else None

    @property
    def marks(self) -> dict[int, StepMark]:
        """Say for each covered trajectory step which reasoning steps are about it."""
        found: dict[int, list[str]] = defaultdict(list)
        for step in self.steps:
            for number in step.content["covers"]:
                found[number].append(step.name)
        judgements = {row["step"]: row["judgement"] for row in self.content["judgements"]}
        return {
            number: StepMark(_mark(found[number]), judgements.get(number, ""))
            for number in {*found, *judgements}
        }


def _mark(names: list[str]) -> str:
    """Name the reasoning steps that are about a step, the first of many: `R1 R4 +5`."""
    if len(names) <= MARKED:
        return " ".join(names)
    shown = names[: MARKED - 1]
    return f"{' '.join(shown)} +{len(names) - len(shown)}"


def places_on(request: HttpRequest, submission: Submission) -> Places:
    """Return where evidence and steps are, as seen from the submission's page."""
    trajectory = trajectory_of(submission)
    return Places(trajectory, lambda **query: page_url(request, **query), ANCHOR)


def is_whole(submission: Submission) -> bool:
    return bool(submission.content["schema_version"] >= 3)


def submission_page(request: HttpRequest, user: User, submission: Submission) -> SubmissionPage:
    others = list(
        submission.annotation.submissions.order_by("number").select_related("review__reviewer")
    )
    reviewed = [
        other for other in others if other.number < submission.number and hasattr(other, "review")
    ]
    compared_with = reviewed[-1] if reviewed else None
    builder = _StepBuilder(request, user, submission, compared_with)
    content = submission.content
    return SubmissionPage(
        submission=submission,
        content=builder.content,
        places=builder.places,
        root_cause=builder.root_cause(),
        steps=builder.present(),
        removed=builder.removed(),
        whole=builder.box(WHOLE),
        decision=decision_context(user, submission),
        findings=findings_view(submission, builder.places),
        newer=others[-1] if others[-1].number > submission.number else None,
        compared_with=compared_with,
        changed=compare_whole(compared_with.content, content) if compared_with else None,
        others=others,
    )


class _StepBuilder:
    """Join the steps of a submission with their threads and their changes."""

    def __init__(
        self, request: HttpRequest, user: User, submission: Submission, before: Submission | None
    ) -> None:
        self.request, self.submission, self.before = request, submission, before
        self.trajectory = trajectory_of(submission)
        self.content = as_latest(submission.content)
        self.places = places_on(request, submission)
        self.chain = self.places.chain(
            reasoning_steps(self.content), self.content.get("root_cause")
        )
        cited = [each for step in all_steps(self.content) for each in step["citations"]]
        # What was removed is shown as it was handed in.
        self.anchored = {each["uid"] for each in cited}
        self.anchors = anchors_for(self.trajectory, map(Cited.of_content, cited))
        self.may_comment = may_comment(user, submission)
        self.threads = threads_of(submission)
        self.probes = probes_of(user, submission)
        self.changes = compare(before.content, submission.content) if before else {}

    def present(self) -> list[StepView]:
        steps = reasoning_steps(self.content)
        return [
            self._view(step, f"R{number}", self.submission)
            for number, step in enumerate(steps, start=1)
        ]

    def root_cause(self) -> StepView | None:
        step = root_cause_of(self.content)
        return self._view(step, "Root cause", self.submission) if step else None

    def removed(self) -> list[StepView]:
        """Return the steps that are gone: since the last review, or with threads on them."""
        gone = {
            uid: (change.step, self.before)
            for uid, change in self.changes.items()
            if change.change is Change.REMOVED and self.before
        }
        present = {step["uid"] for step in all_steps(self.content)}
        for anchor, threads in self.threads.items():
            origin = threads[0].submission
            step = find_step(as_latest(origin.content), anchor)
            if step is not None and anchor not in present:
                gone.setdefault(anchor, (step, origin))
        return [self._view(step, "", origin) for step, origin in gone.values()]

    def box(self, anchor: str) -> ThreadBox:
        return thread_box(
            self.submission,
            anchor,
            may_comment=self.may_comment,
            threads=self.threads.get(anchor, []),
        )

    def _view(self, step: StepContent, name: str, origin: Submission) -> StepView:
        citations = [
            citation_view(
                self.request,
                self.trajectory,
                citation,
                number,
                self.anchors if citation["uid"] in self.anchored else None,
            )
            for number, citation in enumerate(step["citations"], start=1)
        ]
        evidence = {
            cited["uid"]: Link(f"[{shown.number}]", shown.href, shown.fragment, shown.pane)
            for cited, shown in zip(step["citations"], citations, strict=True)
        }
        return StepView(
            name=name,
            content=step,
            reading=read_step(
                step, self.places, self.chain, evidence, has_details=is_whole(origin)
            ),
            citations=citations,
            change=self.changes.get(step["uid"]),
            box=self.box(step["uid"]),
            probes=tuple(
                probe_view(frozen, self.probes.get(frozen["uid"]))
                for frozen in step.get("probes", [])
            ),
        )
