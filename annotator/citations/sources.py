"""Read what a citation points into, and find its quote there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast

from django.db.models import Q

from annotator.citations.quotes import Span, locate, surroundings
from annotator.citations.targets import (
    CallTarget,
    CannotCite,
    FileTarget,
    IssueTarget,
    ObservationTarget,
    PatchTarget,
    ProbeTarget,
    Target,
    TestTarget,
    ThoughtTarget,
)
from trajectories.access import Sight
from trajectories.code import (
    GOLD_DIFFS,
    GOLD_TREES,
    cited_diff_lines,
    cited_file_lines,
    tree_id,
)
from trajectories.contexts.steps import citable_issue_texts, citable_step_text
from trajectories.git import GitError
from trajectories.models import Step, Trajectory
from trajectories.surroundings import opened_diff_lines
from validation.models import ProbeResult, RunTest
from validation.services.probes import sentence_of

HIDDEN = "This is hidden until your first diagnosis, so it cannot be cited yet."
NOT_THERE = "The selected text does not stand there; select it again."


@dataclass(frozen=True)
class Selected:
    """The text a person selected, with what stood around it in the browser."""

    quote: str
    prefix: str = ""
    suffix: str = ""


@dataclass(frozen=True)
class Passage:
    """A quote found in its source."""

    target: Target
    content: str
    span: Span

    @property
    def quote(self) -> str:
        return self.content[self.span.start : self.span.end]

    @property
    def prefix(self) -> str:
        return surroundings(self.content, self.span)[0]

    @property
    def suffix(self) -> str:
        return surroundings(self.content, self.span)[1]

    @property
    def content_sha256(self) -> str:
        return sha256_of(self.content)


def sha256_of(content: str) -> str:
    return hashlib.sha256(content.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True)
class CitedRows:
    """The rows that targets of one trajectory point into.

    Steps by number, tests by run and id, results by probe and run (0: the newest).
    """

    steps: Mapping[int, Step]
    tests: Mapping[tuple[int, str], RunTest]
    results: Mapping[tuple[str, int], ProbeResult]


def cited_rows(trajectory: Trajectory, targets: Iterable[Target]) -> CitedRows:
    """Read what the targets point into (a query for each: steps, tests, probes)."""
    steps, tests, probes = set(), set(), set()
    for target in targets:
        match target:
            case ThoughtTarget() | CallTarget() | ObservationTarget():
                steps.add(target.step)
            case TestTarget():
                tests.add((target.run, target.test_id))
            case ProbeTarget():
                probes.add(target.probe)
    return CitedRows(
        _steps(trajectory, steps), _tests(trajectory, tests), _results(trajectory, probes)
    )


def _steps(trajectory: Trajectory, numbers: set[int]) -> dict[int, Step]:
    if not numbers:
        return {}
    found = Step.objects.filter(trajectory=trajectory, number__in=numbers)
    return {step.number: step for step in found}


def _tests(trajectory: Trajectory, wanted: set[tuple[int, str]]) -> dict[tuple[int, str], RunTest]:
    """Return tests of the runs that are of the trajectory, or of its task's own trees."""
    if not wanted:
        return {}
    found = RunTest.objects.filter(
        Q(run__trajectory=None) | Q(run__trajectory=trajectory),
        run__task_revision__task=trajectory.task_id,
        run__in={run for run, _ in wanted},
        test_id__in={test_id for _, test_id in wanted},
    )
    return {(test.run_id, test.test_id): test for test in found}


def _results(trajectory: Trajectory, uids: set[str]) -> dict[tuple[str, int], ProbeResult]:
    """Return the results that were judged, of the trajectory's own probes."""
    if not uids:
        return {}
    judged = ProbeResult.objects.exclude(judgement="").select_related("probe").order_by("pk")
    found = {}
    for result in judged.filter(probe__uid__in=uids, probe__trajectory=trajectory):
        uid = str(result.probe.uid)
        found[uid, result.run_id] = found[uid, 0] = result
    return found


def find_passage(
    trajectory: Trajectory,
    sight: Sight,
    target: Target,
    selected: Selected,
    rows: CitedRows | None = None,
) -> Passage:
    """Return where the selection stands in its source, or raise CannotCite.

    `rows` are read here unless many targets are looked at and `cited_rows` has read them at once.
    """
    check_sight(sight, target)
    rows = rows or cited_rows(trajectory, [target])
    match target:
        case FileTarget():
            return _file_passage(trajectory, target)
        case PatchTarget():
            return _patch_passage(trajectory, target)
        case IssueTarget():
            return _issue_passage(trajectory, target, selected)
        case TestTarget():
            return _test_passage(rows, target)
        case ProbeTarget():
            return _probe_passage(rows, target)
        case _:
            return _within(target, step_text(rows, target), selected)


def check_sight(sight: Sight, target: Target) -> None:
    """Raise CannotCite for what the person may not see yet."""
    is_gold = (isinstance(target, FileTarget) and target.tree in GOLD_TREES) or (
        isinstance(target, PatchTarget) and target.which in GOLD_DIFFS
    )
    if (is_gold and not sight.sees_gold) or (
        isinstance(target, TestTarget) and not sight.sees_verdicts
    ):
        raise CannotCite(HIDDEN)


def step_text(rows: CitedRows, target: ThoughtTarget | CallTarget | ObservationTarget) -> str:
    """Return the thought, call or observation, or raise CannotCite."""
    step = rows.steps.get(target.step)
    kinds = {ThoughtTarget: "thought", CallTarget: "tool_call", ObservationTarget: "observation"}
    index = 0 if isinstance(target, ThoughtTarget) else target.index
    text = citable_step_text(step, kinds[type(target)], index) if step else None
    if text is None:
        raise CannotCite(f"Step {target.step} has nothing like that to cite.")
    return text


def _within(target: Target, content: str, selected: Selected) -> Passage:
    span = locate(content, selected.quote, selected.prefix, selected.suffix)
    if span is None:
        raise CannotCite(NOT_THERE)
    return Passage(target, content, span)


def _issue_passage(trajectory: Trajectory, target: IssueTarget, selected: Selected) -> Passage:
    """Prefer the source; words that only rendering joins (a link's) are cited as rendered."""
    source, rendered = citable_issue_texts(trajectory.task_revision.problem_statement)
    try:
        return _within(replace(target, is_rendered=False), source, selected)
    except CannotCite:
        return _within(replace(target, is_rendered=True), rendered, selected)


def _file_passage(trajectory: Trajectory, target: FileTarget) -> Passage:
    revision = trajectory.task_revision
    try:
        if tree_id(revision, target.tree, trajectory) != target.tree_id:
            raise CannotCite("The repository has changed since this page was shown; reload it.")
        lines = cited_file_lines(revision, target.tree_id, target.path)
    except GitError as error:
        raise CannotCite(f"{target.path} cannot be read: {error}") from error
    return _lines_passage(target, dict(enumerate(lines, start=1)))


def _patch_passage(trajectory: Trajectory, target: PatchTarget) -> Passage:
    side = cast(Literal["old", "new"], target.side)
    try:
        lines = cited_diff_lines(trajectory, target.which, target.path, side)
        if any(n not in lines for n in range(target.start_line, target.end_line + 1)):
            # Lines that were opened around a hunk.
            lines = opened_diff_lines(trajectory, target.which, target.path, side) or lines
    except GitError as error:
        raise CannotCite(f"The diff of {target.path} cannot be read: {error}") from error
    return _lines_passage(target, lines)


def _lines_passage(target: FileTarget | PatchTarget, lines: Mapping[int, str]) -> Passage:
    """Cite whole lines; the content is all lines that are shown, in order."""
    wanted = range(target.start_line, target.end_line + 1)
    if any(number not in lines for number in wanted):
        raise CannotCite(
            f"{target.path} shows no lines {target.start_line} to {target.end_line} there."
        )
    start = sum(len(text) + 1 for number, text in lines.items() if number < target.start_line)
    quote = "\n".join(lines[number] for number in wanted)
    if not quote.strip():
        raise CannotCite("The selected lines are empty; select some text.")
    return Passage(target, "\n".join(lines.values()), Span(start, start + len(quote)))


def _test_passage(rows: CitedRows, target: TestTarget) -> Passage:
    content = outcome_text(rows, target)
    return Passage(target, content, Span(0, len(content)))


def _probe_passage(rows: CitedRows, target: ProbeTarget) -> Passage:
    run, content = probe_text(rows, target)
    return Passage(replace(target, run=run), content, Span(0, len(content)))


def outcome_text(rows: CitedRows, target: TestTarget) -> str:
    """Return what a run says of a test, or raise CannotCite."""
    test = rows.tests.get((target.run, target.test_id))
    if test is None:
        raise CannotCite(
            f"Run {target.run} is not one of this trajectory, or has no test {target.test_id:.80}."
        )
    return f"{test.status} {test.test_id}"


def probe_text(rows: CitedRows, target: ProbeTarget) -> tuple[int, str]:
    """Return how a claim fared, after the run that says so, or raise CannotCite."""
    result = rows.results.get((target.probe, target.run))
    if result is None:
        raise CannotCite("This claim has no result to cite yet, or it is of another trajectory.")
    label = result.get_judgement_display()
    text = f"{label}: {sentence_of(result.probe)}. {result.reason}".strip()
    return result.run_id, text
