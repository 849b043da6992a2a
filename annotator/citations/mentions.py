"""What a name that was completed stands for: the place in the evidence that is cited with it."""

from __future__ import annotations

import re

from annotator.citations.sources import Passage, Selected, find_passage
from annotator.citations.targets import (
    CallTarget,
    CannotCite,
    FileTarget,
    ObservationTarget,
    Target,
    TestTarget,
    ThoughtTarget,
)
from annotator.models import CitationKind
from trajectories.access import Sight
from trajectories.code import cited_file_lines, diff_source, mirror_of, tree_id
from trajectories.contexts.files_query import read_lines
from trajectories.contexts.steps import citable_step_text
from trajectories.git import GitError
from trajectories.models import Step, Trajectory
from validation.contexts import latest_runs, revision_to_test
from validation.models import RunTest
from validation.sources import find_source

# pkg/core.py:17-25
_PLACE = re.compile(r"(?P<path>.+?)(?::(?P<lines>[1-9]\d*(?:-[1-9]\d*)?))?")
# Of a long thought or call, its beginning names the step.
_MAX_QUOTE_CHARS = 200


def find_mentioned(
    trajectory: Trajectory, sight: Sight, kind: str, value: str
) -> tuple[CitationKind, Passage]:
    """Return the kind and passage that a mention cites, or raise CannotCite.

    kind and value: file or symbol, `path:17-25` at base · step, its number · test, its id
    """
    try:
        match kind:
            case "file" | "symbol":
                target: Target = _lines_at_base(trajectory, value)
                selected = Selected("")
            case "test":
                target, selected = _test(trajectory, sight, value), Selected("")
            case _:
                target, selected = _step(trajectory, value)
    except GitError as error:
        raise CannotCite(str(error)) from error
    return _KINDS[type(target)], find_passage(trajectory, sight, target, selected)


_KINDS: dict[type[Target], CitationKind] = {
    FileTarget: CitationKind.FILE,
    TestTarget: CitationKind.TEST,
    ThoughtTarget: CitationKind.THOUGHT,
    CallTarget: CitationKind.TOOL_CALL,
    ObservationTarget: CitationKind.OBSERVATION,
}


def _lines_at_base(trajectory: Trajectory, value: str) -> FileTarget:
    """Return the lines that are named, or the first one that is not empty."""
    found = _PLACE.fullmatch(value)
    if found is None:
        raise CannotCite("The mention does not say where it points.")
    tree = tree_id(trajectory.task_revision, "base", trajectory)
    path, lines = found["path"], read_lines(found["lines"] or "")
    if lines is None:
        text = cited_file_lines(trajectory.task_revision, tree, path)
        first = next((n for n, line in enumerate(text, start=1) if line.strip()), 1)
        return FileTarget("base", tree, path, first, first)
    return FileTarget("base", tree, path, lines.first, lines.last)


def _test(trajectory: Trajectory, sight: Sight, test_id: str) -> TestTarget | FileTarget:
    """Return the outcome in the newest run of the test that may be seen, else its definition."""
    if sight.sees_verdicts:
        runs = latest_runs(revision_to_test(trajectory), trajectory)
        ids = [run.pk for run in runs.values()]
        found = RunTest.objects.filter(run__in=ids, test_id=test_id).order_by("-run_id").first()
        if found is not None:
            return TestTarget(found.run_id, test_id)
    tree = tree_id(trajectory.task_revision, "tests", trajectory)
    files = diff_source(trajectory, "test").patch.files
    changed = tuple(change.new_path for change in files if change.new_path)
    source = find_source(mirror_of(trajectory.task.repository), tree, test_id, changed)
    if source is None:
        raise CannotCite(f"No run and no function of {test_id:.80} was found to cite.")
    return FileTarget("tests", tree, source.path, source.line, source.line)


def _step(trajectory: Trajectory, value: str) -> tuple[Target, Selected]:
    """Return the beginning of a step's thought, else of its call, else of its output."""
    step = None
    if value.isascii() and value.isdecimal() and len(value) < 10:
        step = Step.objects.filter(trajectory=trajectory, number=int(value)).first()
    if step is None:
        raise CannotCite(f"This trajectory has no step {value:.20}.")
    parts: tuple[tuple[str, Target], ...] = (
        ("thought", ThoughtTarget(step.number)),
        ("tool_call", CallTarget(step.number, 0)),
        ("observation", ObservationTarget(step.number, 0)),
    )
    for part, target in parts:
        text = (citable_step_text(step, part) or "").strip()
        if text:
            return target, Selected(text.partition("\n")[0].strip()[:_MAX_QUOTE_CHARS])
    raise CannotCite(f"Step {step.number} says nothing that could be cited.")
