"""Two runs of one task beside each other: what is different, and which tests ended otherwise."""

from __future__ import annotations

from dataclasses import dataclass

from django.template.defaultfilters import filesizeformat

from accounts.models import User
from validation.contexts.matrix import Cell
from validation.contexts.verdicts import Chip, run_chips
from validation.models import Run, RunTest, TestGroup

# Rows of a table; there may be thousands.
SHOWN_TESTS = 200
SHOWN_DURATIONS = 20
# A smaller difference is noise.
_SECONDS = 0.1
_LISTED = 5


@dataclass(frozen=True)
class Fact:
    """What is known of both runs. `is_telling`: where it differs, other results are no wonder."""

    label: str
    a: str
    b: str
    is_telling: bool = False

    @property
    def differs(self) -> bool:
        return self.a != self.b


@dataclass(frozen=True)
class ChangedTest:
    """A test that ended otherwise in the second run."""

    test_id: str
    group: str
    a: Cell
    b: Cell


@dataclass(frozen=True)
class ChangedDuration:
    """A test that took longer or less long in the second run."""

    test_id: str
    a: float
    b: float

    @property
    def change(self) -> float:
        return self.b - self.a


@dataclass(frozen=True)
class BesideContext:
    """Two runs; `changed` and `durations` are the first of so many."""

    a: Run
    b: Run
    chips: tuple[Chip, Chip]
    facts: tuple[Fact, ...]
    changed: tuple[ChangedTest, ...]
    n_changed: int
    n_tests: int
    durations: tuple[ChangedDuration, ...]

    @property
    def words(self) -> str:
        """Say in a sentence or two what the comparison shows."""
        if not (self.a.is_finished and self.b.is_finished):
            return "Not both of the runs are finished."
        if not self.n_tests:
            return "Neither run has test results."
        if not self.n_changed:
            return f"All {self.n_tests} tests ended alike."
        telling = [fact.label.lower() for fact in self.facts if fact.is_telling and fact.differs]
        n = self.n_changed
        said = f"{n} of {self.n_tests} tests ended otherwise."
        if telling:
            return f"{said} The runs differ in: {', '.join(telling)}."
        return f"{said} Tree, recipe and environment are the same, so chance has a part in it."


def beside_context(a: Run, b: Run) -> BesideContext:
    """Compare two runs (four queries)."""
    tests = _tests(a, b)
    changed = [found for found in _changed(a, b, tests) if found.a.status != found.b.status]
    chips = run_chips([a, b])
    return BesideContext(
        a=a,
        b=b,
        chips=(chips[a.pk], chips[b.pk]),
        facts=_facts(a, b),
        changed=tuple(changed[:SHOWN_TESTS]),
        n_changed=len(changed),
        n_tests=len(tests),
        durations=_durations(a, b, tests),
    )


Tests = dict[str, dict[int, RunTest]]


def _tests(a: Run, b: Run) -> Tests:
    """Return the results of both runs by test and run, FAIL_TO_PASS first."""
    found: Tests = {}
    rows = list(RunTest.objects.filter(run__in=[a, b]).order_by("pk"))
    rows.sort(key=lambda row: list(TestGroup.values).index(row.group))
    for row in rows:
        found.setdefault(row.test_id, {}).setdefault(row.run_id, row)
    return found


def _changed(a: Run, b: Run, tests: Tests) -> list[ChangedTest]:
    return [
        ChangedTest(
            test_id,
            next(iter(rows.values())).get_group_display(),
            _cell(a, rows.get(a.pk)),
            _cell(b, rows.get(b.pk)),
        )
        for test_id, rows in tests.items()
    ]


def _cell(run: Run, row: RunTest | None) -> Cell:
    return Cell(run_id=run.pk, status=row.status if row else "", tree=run.tree)


def _durations(a: Run, b: Run, tests: Tests) -> tuple[ChangedDuration, ...]:
    known = (
        ChangedDuration(test_id, before, after)
        for test_id, rows in tests.items()
        if (before := _seconds(rows.get(a.pk))) is not None
        and (after := _seconds(rows.get(b.pk))) is not None
    )
    slower = [found for found in known if abs(found.change) >= _SECONDS]
    return tuple(sorted(slower, key=lambda found: -abs(found.change))[:SHOWN_DURATIONS])


def _seconds(row: RunTest | None) -> float | None:
    return row.duration_seconds if row else None


def _facts(a: Run, b: Run) -> tuple[Fact, ...]:
    def fact(label: str, one: object, other: object, *, is_telling: bool = False) -> Fact:
        return Fact(label, _text(one), _text(other), is_telling)

    return (
        fact("Task revision", a.task_revision.number, b.task_revision.number, is_telling=True),
        fact("Tree", _tree(a), _tree(b), is_telling=True),
        fact("Tree id", a.tested_tree, b.tested_tree, is_telling=True),
        fact("Recipe", a.recipe, b.recipe, is_telling=True),
        fact("Environment", a.environment_key[:24], b.environment_key[:24], is_telling=True),
        fact("Sandbox", a.sandbox, b.sandbox, is_telling=True),
        fact("Command", a.command, b.command, is_telling=True),
        fact("Exit status", a.exit_code, b.exit_code),
        fact("Seconds of the tests", *(_rounded(_test_seconds(run)) for run in (a, b))),
        fact("Seconds of CPU time", *(_rounded(run.cpu_seconds) for run in (a, b))),
        fact("Peak memory", _size(a.peak_memory_bytes), _size(b.peak_memory_bytes)),
        fact("Worker", a.worker, b.worker),
    )


def _text(value: object) -> str:
    return "–" if value in (None, "") else str(value)


def _tree(run: Run) -> str:
    subject = f" of {run.trajectory.label}" if run.trajectory else ""
    return f"{run.get_tree_display()}{subject}{' with test_patch' if run.with_test_patch else ''}"


def _rounded(seconds: float | None) -> str | None:
    return None if seconds is None else f"{seconds:.1f}"


def _size(size: int | None) -> str | None:
    return None if size is None else filesizeformat(size)


def _test_seconds(run: Run) -> float | None:
    tests = run.commands.filter(phase="test").values_list("duration_seconds", flat=True)
    return tests.last()


# --- on the page of one run ---------------------------------------------------------------------


@dataclass(frozen=True)
class Alike:
    """Another run of the same tree, and how it is related."""

    run: Run
    chip: Chip
    words: str
    # The ids of both runs, the earlier first.
    pair: tuple[int, int]


def runs_alike(user: User, run: Run) -> tuple[Alike, ...]:
    """Return the newest other runs of the same tree that the user may know (two queries)."""
    alike = Run.objects.visible_to(user).filter(
        task_revision__task=run.task_revision.task_id,
        tree=run.tree,
        trajectory=run.trajectory_id,
        with_test_patch=run.with_test_patch,
        command=run.command,
        test_ids=run.test_ids,
        extra_patch=run.extra_patch,
    )
    newest = list(alike.exclude(pk=run.pk).defer("log").order_by("-pk")[:_LISTED])
    chips = run_chips(newest)
    return tuple(
        Alike(
            other,
            chips[other.pk],
            _relation(run, other),
            (min(run.pk, other.pk), max(run.pk, other.pk)),
        )
        for other in newest
    )


def _relation(run: Run, other: Run) -> str:
    if other.repeat_of_id == run.pk:
        return "repeats this one"
    if run.repeat_of_id == other.pk:
        return "is repeated by this one"
    return "earlier" if other.pk < run.pk else "later"
