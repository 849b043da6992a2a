"""The tab with the tests: the failing ones with their source first, then all in every run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from django.db.models import Q
from django.http import QueryDict
from django.urls import reverse

from trajectories.access import Sight
from trajectories.contexts.evidence import Tab
from trajectories.models import TaskRevision, Trajectory
from validation.contexts.details import TestDetail, test_details
from validation.contexts.matrix import Cell, Matrix, Selection, TestRow, matrix
from validation.contexts.progress import progress_of
from validation.contexts.verdicts import PASSING, Chip, run_chips
from validation.models import Outcome, Report, Run, RunTest, TestGroup, TestStatus, TreeName
from validation.services.admission import flaky_tests
from validation.services.requests import refusal_of
from validation.services.results import groups

HIDDEN = "The outcomes of test runs are shown once you have committed your first diagnosis."
# So many of FAIL_TO_PASS are open from the start: a person reads them first.
_OPEN_AT_FIRST = 3

Statuses = dict[tuple[int, str, str], str]


@dataclass(frozen=True)
class Reports:
    """What other harnesses reported of the gold patch and of the model's, where that is loaded."""

    gold: Report | None = None
    model: Report | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """Say what each report claims of its whole patch."""
        named = (("gold", self.gold), ("model", self.model))
        return tuple(
            f"a report: {tree} {'resolves' if report.is_resolved else 'does not resolve'}"
            for tree, report in named
            if report
        )

    def passes(self, tree: str, test_id: str) -> bool | None:
        """Return whether a test passes by the report on this tree, or None where none says it."""
        report = {TreeName.GOLD: self.gold, TreeName.MODEL: self.model}.get(TreeName(tree))
        return report.passes.get(test_id) if report else None


@dataclass(frozen=True)
class Column:
    """One tree and its latest run. `hides_log`: the outcome may be known, the log not be read."""

    label: str
    run: Run | None
    chip: Chip
    hides_log: bool = False

    @property
    def chip_id(self) -> str:
        """Name the chip, so that it keeps the focus when it is written anew."""
        return f"tests-chip-{self.label}"


@dataclass(frozen=True)
class VerdictsContext:
    """The latest runs of a trajectory's task, one per tree; none without sight of verdicts."""

    trajectory: Trajectory
    columns: tuple[Column, ...]
    is_running: bool
    signature: str
    hidden_because: str = ""

    @property
    def chips(self) -> tuple[Chip, ...]:
        return tuple(column.chip for column in self.columns if column.run is not None)


@dataclass(frozen=True)
class TestsContext(VerdictsContext):
    """The matrix of tests and runs. Without sight of verdicts it has the tests alone."""

    matrix: Matrix = field(default_factory=Matrix)
    details: Mapping[str, TestDetail] = field(default_factory=dict)
    reports: Reports = field(default_factory=Reports)
    refusal: str = ""
    error: str = ""

    __test__ = False

    @property
    def may_run(self) -> bool:
        return not self.hidden_because and not self.refusal

    @property
    def progress(self) -> str:
        """Say how far the runs are that are not finished."""
        running = (column for column in self.columns if column.run and not column.run.is_finished)
        return " / ".join(column.chip.text for column in running)

    @property
    def n_columns(self) -> int:
        """How many columns a row spans: the test, the claim and the trees."""
        return 2 + (len(self.columns) or len(TreeName))


def tests_tab(trajectory: Trajectory, sight: Sight, query: QueryDict) -> Tab:
    """Return the tab that later rooms put beside the diffs, as the page's query string asks."""
    return Tab(
        pane="right",
        key="tests",
        label="Tests",
        url=reverse("validation:tests", args=[trajectory.pk]),
        template="validation/_tests.html",
        context_name="tests",
        build=partial(tests_context, trajectory, sight, Selection.read(query)),
        key_after_g="t",
    )


def verdicts_context(trajectory: Trajectory, sight: Sight) -> VerdictsContext:
    """Select the latest run per tree, without the tests."""
    if not sight.sees_verdicts:
        return VerdictsContext(trajectory, (), False, "hidden", HIDDEN)
    columns = verdict_columns(revision_to_test(trajectory), trajectory)
    states = [column.run.state for column in columns if column.run]
    return VerdictsContext(trajectory, columns, _is_running(columns), _signature(columns, *states))


def tests_context(
    trajectory: Trajectory, sight: Sight, selection: Selection | None = None, *, error: str = ""
) -> TestsContext:
    """Select the latest run per tree, and the status of every test the task names."""
    revision = revision_to_test(trajectory)
    wanted = selection or Selection()
    sees = sight.sees_verdicts
    columns = _with_progress(verdict_columns(revision, trajectory, sight)) if sees else ()
    refusal = refusal_of(revision) if sees else ""
    reports = _reports(trajectory) if sees else Reports()
    flaky = frozenset(flaky_tests(revision) if sees else ())
    page = matrix(_rows(revision, columns, reports, flaky), len(columns), wanted)
    return TestsContext(
        trajectory=trajectory,
        columns=columns,
        is_running=_is_running(columns),
        signature=_signature(columns, refusal, error) if sees else "hidden",
        hidden_because="" if sees else HIDDEN,
        matrix=page,
        details=_details(trajectory, page, columns),
        reports=reports,
        refusal=refusal,
        error=error,
    )


def _reports(trajectory: Trajectory) -> Reports:
    about = Q(trajectory=trajectory) | Q(trajectory=None)
    found = {
        report.trajectory_id is None: report
        for report in Report.objects.filter(about, task=trajectory.task_id)
    }
    return Reports(gold=found.get(True), model=found.get(False))


def _details(
    trajectory: Trajectory, page: Matrix, columns: Sequence[Column]
) -> Mapping[str, TestDetail]:
    """Open the test that is asked for, and the first of FAIL_TO_PASS where none is looked for."""
    rows = [row for group in page.groups for row in group.rows]
    opened = [row for row in rows if row.test_id == page.selection.test]
    if not opened and not page.selection.is_filtering and page.page == 1:
        opened = [row for row in rows if row.group == TestGroup.FAIL_TO_PASS][:_OPEN_AT_FIRST]
    base = next((column.run for column in columns if column.label == TreeName.BASE), None)
    return test_details(trajectory, opened, base)


def revision_to_test(trajectory: Trajectory) -> TaskRevision:
    """Return the content of the task that its tests are run with now."""
    return trajectory.task.current_revision or trajectory.task_revision


def verdict_columns(
    revision: TaskRevision, trajectory: Trajectory | None, sight: Sight | None = None
) -> tuple[Column, ...]:
    """Return base and gold, and the model's patch where there is a trajectory."""
    latest = latest_runs(revision, trajectory)
    trees = [TreeName.BASE, TreeName.GOLD, *([TreeName.MODEL] if trajectory else [])]
    chips = run_chips(latest.values())
    hides_gold = sight is not None and not sight.sees_gold
    return tuple(
        _column(tree, latest.get(tree), chips, hides_gold and tree == TreeName.GOLD)
        for tree in trees
    )


def _column(tree: TreeName, run: Run | None, chips: dict[int, Chip], hides_log: bool) -> Column:
    chip = chips[run.pk] if run else Chip(f"{tree}: not run")
    return Column(str(tree), run, chip, hides_log)


def _with_progress(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Let the chips of runs that are not finished say how far they are."""
    known = progress_of(column.run for column in columns if column.run)
    return tuple(
        replace(column, chip=replace(column.chip, text=f"{column.label}: {found.words} …"))
        if column.run and (found := known.get(column.run.pk))
        else column
        for column in columns
    )


def latest_runs(revision: TaskRevision, trajectory: Trajectory | None) -> dict[str, Run]:
    """Return the newest run of each tree, without logs."""
    subjects = Q(trajectory=None) | Q(trajectory=trajectory)
    runs = Run.objects.verdicts().filter(subjects, task_revision=revision)
    found = runs.exclude(outcome=Outcome.CANCELLED).order_by("tree", "-pk").distinct("tree")
    return {run.tree: run for run in found.defer("log")}


def _rows(
    revision: TaskRevision, columns: Sequence[Column], reports: Reports, flaky: frozenset[str]
) -> dict[TestGroup, tuple[TestRow, ...]]:
    """Return every test the task names, by group in its order (one query)."""
    statuses = _statuses([column.run for column in columns])

    def row(group: TestGroup, test_id: str) -> TestRow:
        cells = tuple(_cell(column, group, test_id, statuses, reports) for column in columns)
        reported = reports.passes(TreeName.MODEL, test_id)
        return TestRow(test_id, group, cells, reported, is_flaky=test_id in flaky)

    return {
        group: tuple(row(group, test_id) for test_id in dict.fromkeys(ids))
        for group, ids in groups(revision)
    }


def _statuses(runs: Iterable[Run | None]) -> Statuses:
    ids = [run.pk for run in runs if run is not None]
    rows = RunTest.objects.filter(run__in=ids).exclude(group=TestGroup.OTHER).order_by()
    return {
        (run_id, group, test_id): status
        for run_id, group, test_id, status in rows.values_list(
            "run_id", "group", "test_id", "status"
        )
    }


def _cell(
    column: Column, group: TestGroup, test_id: str, statuses: Statuses, reports: Reports
) -> Cell:
    if column.run is None:
        return Cell(tree=column.label)
    status = statuses.get((column.run.pk, group, test_id), "")
    reported = reports.passes(column.label, test_id)
    return Cell(
        run_id=column.run.pk,
        status=status,
        tree=column.label,
        denied_by=_denied_by(column.label, group, status, reported),
        may_read_log=not column.hides_log,
    )


def _denied_by(tree: str, group: TestGroup, status: str, reported: bool | None) -> str:
    """Name what contradicts a status. The data set says nothing of the model's patch."""
    if not status or status == TestStatus.SKIPPED:
        return ""
    passes = status in PASSING
    claimed = tree == TreeName.GOLD or group == TestGroup.PASS_TO_PASS
    if tree != TreeName.MODEL and passes != claimed:
        return "the data set"
    return "a report" if reported is not None and passes != reported else ""


def _is_running(columns: Iterable[Column]) -> bool:
    return any(column.run and not column.run.is_finished for column in columns)


def _signature(columns: Iterable[Column], *more: str) -> str:
    """Name what a fragment shows; how far a run is that is not finished is written into it."""
    parts = [
        f"{column.run.pk} {column.run.outcome} {column.run.reason}" if column.run else "-"
        for column in columns
    ]
    return hashlib.sha256("\n".join([*parts, *more]).encode()).hexdigest()[:16]
