"""The matrix of tests and runs, and verdicts in a few words."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from django.db.models import Count, Q
from django.urls import reverse

from trajectories.access import Sight
from trajectories.contexts.evidence import Tab
from trajectories.models import TaskRevision, Trajectory
from validation.models import Outcome, Run, RunState, RunTest, TestGroup, TestStatus, TreeName
from validation.services.requests import refusal_of
from validation.services.results import groups

HIDDEN = "The outcomes of test runs are shown once you have committed your first diagnosis."
PASSING = frozenset({TestStatus.PASSED, TestStatus.XFAIL})
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
class Chip:
    """A verdict in a few words; `tone` is good, bad, warn or empty and never the only sign."""

    text: str
    tone: str = ""
    title: str = ""
    run_id: int | None = None


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
    return tuple(
        Column(str(tree), latest.get(tree), _chip(tree, latest.get(tree))) for tree in trees
    )


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


# --- verdicts in a few words -----------------------------------------------------------------


def _chip(tree: TreeName, run: Run | None) -> Chip:
    return Chip(f"{tree}: not run") if run is None else run_chip(run)


def run_chip(run: Run) -> Chip:
    """Say in a few words how far a run is or how it ended."""
    text, tone = _words(run)
    if run.is_suspect:
        text, tone = f"{text} · suspect", "warn"
    title = "\n".join(filter(None, [run.reason, *run.suspect_reasons]))
    return Chip(text, tone, title, run_id=run.pk)


def _words(run: Run) -> tuple[str, str]:
    if run.state != RunState.FINISHED:
        return f"{run.tree}: {run.get_state_display().lower()} …", ""
    if run.outcome not in (Outcome.RESOLVED, Outcome.NOT_RESOLVED):
        tone = "bad" if run.outcome == Outcome.PATCH_DOES_NOT_APPLY else "warn"
        return f"{run.tree}: {run.get_outcome_display().lower()} ✗", tone
    failing, broken, total = _failures(run)
    if run.tree == TreeName.BASE:
        return _base_words(failing, broken, total)
    if run.outcome == Outcome.RESOLVED:
        return ("gold passes ✓" if run.tree == TreeName.GOLD else "model resolves ✓"), "good"
    parts = [f"{failing} still {'fails' if failing == 1 else 'fail'}"] if failing else []
    parts += [f"{broken} broken"] if broken else []
    return f"{run.tree}: {', '.join(parts) or 'not resolved'} ✗", "bad"


def _base_words(failing: int, broken: int, total: int) -> tuple[str, str]:
    """Say whether base behaves as the task claims: what should fail fails, the rest passes."""
    if failing < total:
        return f"base: {total - failing} of {total} already pass ✗", "bad"
    if broken:
        return f"base fails {failing}/{total}, {broken} others fail ✗", "warn"
    return f"base fails {failing}/{total} ✓", "good"


def _failures(run: Run) -> tuple[int, int, int]:
    """Count the FAIL_TO_PASS that fail, the PASS_TO_PASS that fail, and all FAIL_TO_PASS.

    A skipped PASS_TO_PASS test is no regression, as the field's harness has it.
    """
    kept = {*PASSING, TestStatus.SKIPPED}
    of_f2p, of_p2p = Q(group=TestGroup.FAIL_TO_PASS), Q(group=TestGroup.PASS_TO_PASS)
    counts = run.tests.aggregate(
        failing=Count("pk", filter=of_f2p & ~Q(status__in=PASSING)),
        broken=Count("pk", filter=of_p2p & ~Q(status__in=kept)),
        total=Count("pk", filter=of_f2p),
    )
    return counts["failing"], counts["broken"], counts["total"]
