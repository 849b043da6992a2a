"""The matrix of tests and runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from django.urls import reverse

from trajectories.access import Sight
from trajectories.contexts.evidence import Tab
from trajectories.models import TaskRevision, Trajectory
from validation.contexts.verdicts import PASSING, Chip, run_chips
from validation.models import Outcome, Run, RunTest, TestGroup, TreeName
from validation.services.requests import refusal_of
from validation.services.results import groups

HIDDEN = "The outcomes of test runs are shown once you have committed your first diagnosis."
_SIGNS = {
    "PASSED": ("✓", "good"),
    "XFAIL": ("✓", "good"),
    "FAILED": ("✗", "bad"),
    "ERROR": ("✗", "bad"),
    "SKIPPED": ("↷", "warn"),
    "MISSING": ("–", "warn"),
}


@dataclass(frozen=True)
class Cell:
    """The status of one test in one run; empty before there is one."""

    run_id: int | None = None
    status: str = ""

    @property
    def sign(self) -> str:
        return _SIGNS[self.status][0] if self.status else ""

    @property
    def tone(self) -> str:
        return _SIGNS[self.status][1] if self.status else ""


@dataclass(frozen=True)
class TestRow:
    """One test in every column."""

    test_id: str
    cells: tuple[Cell, ...]

    __test__ = False


@dataclass(frozen=True)
class Group:
    """FAIL_TO_PASS or PASS_TO_PASS. Folded when every run passed all of it."""

    label: str
    rows: tuple[TestRow, ...]
    summaries: tuple[str, ...]
    is_folded: bool


@dataclass(frozen=True)
class Column:
    """One tree and its latest run."""

    label: str
    run: Run | None
    chip: Chip


@dataclass(frozen=True)
class TestsContext:
    """The matrix of tests and runs. Without sight of verdicts it has the tests alone."""

    trajectory: Trajectory
    columns: tuple[Column, ...]
    groups: tuple[Group, ...]
    is_running: bool
    signature: str
    hidden_because: str = ""
    refusal: str = ""
    error: str = ""

    __test__ = False

    @property
    def may_run(self) -> bool:
        return not self.hidden_because and not self.refusal

    @property
    def chips(self) -> tuple[Chip, ...]:
        return tuple(column.chip for column in self.columns if column.run is not None)


def tests_tab(trajectory: Trajectory, sight: Sight) -> Tab:
    """Return the tab that later rooms put beside the diffs."""
    return Tab(
        pane="right",
        key="tests",
        label="Tests",
        url=reverse("validation:tests", args=[trajectory.pk]),
        template="validation/_tests.html",
        context_name="tests",
        build=partial(tests_context, trajectory, sight),
    )


def tests_context(trajectory: Trajectory, sight: Sight, *, error: str = "") -> TestsContext:
    """Select the latest run per tree, and the status of every test the task names."""
    revision = revision_to_test(trajectory)
    if not sight.sees_verdicts:
        rows = tuple(_group(group, ids, (), {}) for group, ids in groups(revision) if ids)
        return TestsContext(trajectory, (), rows, False, "hidden", hidden_because=HIDDEN)
    columns = verdict_columns(revision, trajectory)
    statuses = _statuses([column.run for column in columns])
    refusal = refusal_of(revision)
    return TestsContext(
        trajectory=trajectory,
        columns=columns,
        groups=tuple(
            _group(group, ids, columns, statuses) for group, ids in groups(revision) if ids
        ),
        is_running=any(column.run and not column.run.is_finished for column in columns),
        signature=_signature(columns, refusal, error),
        refusal=refusal,
        error=error,
    )


def revision_to_test(trajectory: Trajectory) -> TaskRevision:
    """Return the content of the task that its tests are run with now."""
    return trajectory.task.current_revision or trajectory.task_revision


def verdict_columns(revision: TaskRevision, trajectory: Trajectory | None) -> tuple[Column, ...]:
    """Return base and gold, and the model's patch where there is a trajectory."""
    latest = latest_runs(revision, trajectory)
    trees = [TreeName.BASE, TreeName.GOLD, *([TreeName.MODEL] if trajectory else [])]
    chips = run_chips(latest.values())
    return tuple(_column(tree, latest.get(tree), chips) for tree in trees)


def _column(tree: TreeName, run: Run | None, chips: dict[int, Chip]) -> Column:
    return Column(str(tree), run, chips[run.pk] if run else Chip(f"{tree}: not run"))


def latest_runs(revision: TaskRevision, trajectory: Trajectory | None) -> dict[str, Run]:
    """Return the newest run of each tree, without logs."""
    runs = Run.objects.filter(
        task_revision=revision,
        trajectory__in=[trajectory] if trajectory else [],
        with_test_patch=True,
    ) | Run.objects.filter(task_revision=revision, trajectory=None, with_test_patch=True)
    found = runs.exclude(outcome=Outcome.CANCELLED).order_by("tree", "-pk").distinct("tree")
    return {run.tree: run for run in found.defer("log")}


def _statuses(runs: Iterable[Run | None]) -> dict[tuple[int, str, str], str]:
    ids = [run.pk for run in runs if run is not None]
    rows = RunTest.objects.filter(run__in=ids).exclude(group=TestGroup.OTHER)
    return {
        (run_id, group, test_id): status
        for run_id, group, test_id, status in rows.values_list(
            "run_id", "group", "test_id", "status"
        )
    }


def _group(
    group: TestGroup,
    ids: Sequence[str],
    columns: Sequence[Column],
    statuses: dict[tuple[int, str, str], str],
) -> Group:
    rows = tuple(
        TestRow(test_id, tuple(_cell(column.run, group, test_id, statuses) for column in columns))
        for test_id in dict.fromkeys(ids)
    )
    per_column = [[row.cells[n].status for row in rows] for n in range(len(columns))]
    all_pass = bool(columns) and all(
        status in PASSING for column in per_column for status in column
    )
    return Group(
        label=group.label,
        rows=rows,
        summaries=tuple(_summary(column) for column in per_column),
        is_folded=all_pass or len(rows) > 60,
    )


def _cell(
    run: Run | None, group: str, test_id: str, statuses: dict[tuple[int, str, str], str]
) -> Cell:
    if run is None:
        return Cell()
    return Cell(run.pk, statuses.get((run.pk, group, test_id), ""))


def _summary(statuses: Sequence[str]) -> str:
    known = [status for status in statuses if status]
    return f"{sum(status in PASSING for status in known)}/{len(statuses)} pass" if known else "–"


def _signature(columns: Iterable[Column], *more: str) -> str:
    parts = [
        f"{column.run.pk} {column.run.state} {column.run.outcome}" if column.run else "-"
        for column in columns
    ]
    return hashlib.sha256("\n".join([*parts, *more]).encode()).hexdigest()[:16]
