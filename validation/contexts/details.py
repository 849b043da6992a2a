"""One test, opened: its source after test_patch, what the patch adds there, its failure at base."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.utils.safestring import SafeString

from trajectories.code import diff_source, mirror_of, tree_id
from trajectories.contexts.notices import notice_for
from trajectories.diffs import FileChange, Patch
from trajectories.git import GitError, Mirror
from trajectories.git.text import file_lines
from trajectories.highlighting import colour_lines, markup
from trajectories.models import Trajectory
from validation.contexts.logs import LogLine, log_lines, log_of
from validation.contexts.matrix import TestRow
from validation.logs import Place, place_of
from validation.models import Run, TestGroup, TestStatus, TreeName
from validation.sources import TestSource, find_source

_SOURCE_LINES = 40
_FAILURE_LINES = 40


@dataclass(frozen=True)
class SourceLine:
    """A line of the test; `is_added` where test_patch wrote it."""

    number: int
    html: SafeString
    is_added: bool


@dataclass(frozen=True)
class Source:
    """Where the test stands, its first lines, and where test_patch changes them."""

    found: TestSource
    tree_id: str
    lines: tuple[SourceLine, ...]
    # The first line within the test that the patch wrote, as the diff's address: `n17`.
    patch_at: str
    n_added: int

    @property
    def n_more(self) -> int:
        return self.found.end_line - self.found.line + 1 - len(self.lines)

    @property
    def line_range(self) -> str:
        return f"{self.found.line}-{self.found.end_line}"


@dataclass(frozen=True)
class Failure:
    """What the base run's log says of the test; `words` where it says nothing, and why."""

    run_id: int | None = None
    lines: tuple[LogLine, ...] = ()
    n_more: int = 0
    words: str = ""
    # Asking for a run may help.
    can_run: bool = False


@dataclass(frozen=True)
class TestDetail:
    """A test that is opened. `trouble` says why there is no source."""

    test_id: str
    failure: Failure
    source: Source | None = None
    trouble: str = ""

    __test__ = False


def test_details(
    trajectory: Trajectory, rows: list[TestRow], base: Run | None
) -> Mapping[str, TestDetail]:
    """Open these rows; `base` is None too where its outcome may not be known."""
    return {
        row.test_id: _with_source(trajectory, TestDetail(row.test_id, _failure(row, base)))
        for row in rows
    }


# --- the source -----------------------------------------------------------------------------------


def _with_source(trajectory: Trajectory, detail: TestDetail) -> TestDetail:
    try:
        tree = tree_id(trajectory.task_revision, "tests", trajectory)
        patch = diff_source(trajectory, "test").patch
        mirror = mirror_of(trajectory.task.repository)
        changed = tuple(change.new_path for change in patch.files if change.new_path)
        found = find_source(mirror, tree, detail.test_id, changed)
        if found is None:
            return replace(detail, trouble="No function of this name was found in the code.")
        return replace(detail, source=_source(mirror, tree, found, patch))
    except GitError as error:
        notice = notice_for(error, trajectory)
        return replace(detail, trouble=f"{notice.title}. {notice.text}")


def _source(mirror: Mirror, tree: str, found: TestSource, patch: Patch) -> Source:
    added = _added(patch.file(found.path), found)
    lines = file_lines(mirror.read_blob(found.blob_id))[found.line - 1 : found.end_line]
    coloured = colour_lines(lines[:_SOURCE_LINES], found.path)
    return Source(
        found=found,
        tree_id=tree,
        lines=tuple(
            SourceLine(number, markup(parts), number in added)
            for number, parts in enumerate(coloured, start=found.line)
        ),
        patch_at=f"n{min(added)}" if added else "",
        n_added=len(added),
    )


def _added(change: FileChange | None, found: TestSource) -> set[int]:
    """Return the lines of the test that the patch wrote."""
    if change is None:
        return set()
    return {
        line.new
        for hunk in change.hunks
        for line in hunk.lines
        if line.kind == "added" and line.new and found.line <= line.new <= found.end_line
    }


# --- the failure ------------------------------------------------------------------------------


def _failure(row: TestRow, base: Run | None) -> Failure:
    """Return the part of the base run's log about a test, or say why there is none."""
    if base is None:
        return Failure(words="The tests have not been run on base yet.", can_run=True)
    if not base.is_finished:
        return Failure(base.pk, words="The tests are being run on base.")
    cell = next((cell for cell in row.cells if cell.tree == TreeName.BASE), None)
    status = cell.status if cell else ""
    if not status:
        return Failure(base.pk, words="The run on base gave no result for this test.")
    if status in (TestStatus.PASSED, TestStatus.XFAIL):
        if row.group == TestGroup.FAIL_TO_PASS:
            return Failure(base.pk, words="It passes at base, which the data set denies.")
        return Failure(base.pk, words="It passes at base, as the data set claims.")
    log = log_of(base)
    place = place_of(log, row.test_id)
    if place is None:
        return Failure(base.pk, words=f"{status}: the log of the run on base does not mention it.")
    # A failure begins with the test's name, and says last what went wrong.
    first = min(place.first + 1, place.last)
    shown = Place(max(first, place.last - _FAILURE_LINES + 1), place.last)
    return Failure(base.pk, log_lines(log, shown), shown.first - first)
