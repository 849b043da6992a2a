"""Read what a citation points into, and find its quote there."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast

from annotator.citations.quotes import Span, locate, surroundings
from annotator.citations.targets import (
    CallTarget,
    CannotCite,
    FileTarget,
    IssueTarget,
    ObservationTarget,
    PatchTarget,
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
from validation.models import Run

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
        return hashlib.sha256(self.content.encode("utf-8", "surrogatepass")).hexdigest()


def find_passage(
    trajectory: Trajectory, sight: Sight, target: Target, selected: Selected
) -> Passage:
    """Return where the selection stands in its source, or raise CannotCite."""
    check_sight(sight, target)
    match target:
        case FileTarget():
            return _file_passage(trajectory, target)
        case PatchTarget():
            return _patch_passage(trajectory, target)
        case IssueTarget():
            return _issue_passage(trajectory, target, selected)
        case TestTarget():
            return _test_passage(trajectory, target)
        case _:
            return _within(target, step_text(trajectory, target), selected)


def check_sight(sight: Sight, target: Target) -> None:
    """Raise CannotCite for what the person may not see yet."""
    is_gold = (isinstance(target, FileTarget) and target.tree in GOLD_TREES) or (
        isinstance(target, PatchTarget) and target.which in GOLD_DIFFS
    )
    if (is_gold and not sight.sees_gold) or (
        isinstance(target, TestTarget) and not sight.sees_verdicts
    ):
        raise CannotCite(HIDDEN)


def step_text(
    trajectory: Trajectory, target: ThoughtTarget | CallTarget | ObservationTarget
) -> str:
    """Return the thought, call or observation, or raise CannotCite."""
    step = Step.objects.filter(trajectory=trajectory, number=target.step).first()
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
    source, rendered = citable_issue_texts(trajectory.task_revision)
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


def _test_passage(trajectory: Trajectory, target: TestTarget) -> Passage:
    run = Run.objects.filter(pk=target.run, task_revision__task=trajectory.task_id).first()
    if run is None or run.trajectory_id not in (None, trajectory.pk):
        raise CannotCite(f"Run {target.run} is not one of this trajectory.")
    test = run.tests.filter(test_id=target.test_id).first()
    if test is None:
        raise CannotCite(f"Run {target.run} has no test {target.test_id:.80}.")
    content = f"{test.status} {test.test_id}"
    return Passage(target, content, Span(0, len(content)))
