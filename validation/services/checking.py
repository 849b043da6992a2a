"""Run known instances and compare with what is expected of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from trajectories.models import Task
from validation.admission import RunFacts, decide
from validation.expectations import Expectation, Found, differences
from validation.models import Run, RunPriority, TestGroup, TreeName
from validation.services.requests import RunRefused, request_run
from validation.services.validating import describe

# An empty patch leaves base as it is, so it is a second run of base; none of its verdicts.
EMPTY, PURPOSE = "empty", "check"


@dataclass
class Check:
    """One instance: what is expected, the runs asked for, and what could not be asked for."""

    expectation: Expectation
    task: Task | None
    run_ids: list[int] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class CheckedRun:
    """One run beside what was expected of it. `tree` is base, empty, gold or model."""

    run: Run
    tree: str
    found: Found
    differences: tuple[str, ...]


@dataclass(frozen=True)
class Checked:
    """The result for one instance. `is_admitted` is None where that cannot be told."""

    expectation: Expectation
    runs: tuple[CheckedRun, ...]
    is_admitted: bool | None
    reasons: tuple[str, ...]
    differences: tuple[str, ...]

    @property
    def n_differences(self) -> int:
        return len(self.differences) + sum(len(run.differences) for run in self.runs)


def begin(expectations: Iterable[Expectation]) -> list[Check]:
    """Ask for base, an empty patch, gold and every trajectory's patch of each instance."""
    return [_begin(expectation) for expectation in expectations]


def _begin(expectation: Expectation) -> Check:
    tasks = Task.objects.select_related("current_revision", "repository")
    task = tasks.filter(instance_id=expectation.instance_id).first()
    check = Check(expectation, task)
    if task is None or task.current_revision is None:
        check.refused.append("The task is not loaded: load its row (load_tasks).")
        return check
    trajectories = [(TreeName.MODEL, "validation", one) for one in task.trajectories.order_by("pk")]
    for tree, purpose, trajectory in (
        (TreeName.BASE, "validation", None),
        (TreeName.BASE, PURPOSE, None),
        (TreeName.GOLD, "validation", None),
        *trajectories,
    ):
        try:
            run = request_run(
                task.current_revision,
                tree,
                trajectory=trajectory,
                purpose=purpose,
                priority=RunPriority.BULK,
            )
            check.run_ids.append(run.pk)
        except RunRefused as refusal:
            name = f" ({trajectory.file_name})" if trajectory else ""
            check.refused.append(f"{tree}{name} was not run: {refusal}")
    return check


def conclude(check: Check) -> Checked:
    """Compare the runs of an instance, which have ended, with what was expected."""
    runs = Run.objects.filter(pk__in=check.run_ids).select_related("task_revision", "trajectory")
    checked = [_checked(check.expectation, run) for run in runs.order_by("pk")]
    admitted, reasons = _admitted(checked)
    said = list(check.refused)
    if admitted is not None and admitted != check.expectation.is_admitted:
        expected = "admitted" if check.expectation.is_admitted else "not admitted"
        said.append(f"It would {'' if admitted else 'not '}be admitted, expected was {expected}.")
    return Checked(check.expectation, tuple(checked), admitted, reasons, tuple(said))


def _checked(expectation: Expectation, run: Run) -> CheckedRun:
    tree = EMPTY if run.purpose == PURPOSE else run.tree
    found = Found(
        run.outcome,
        _statuses(run, TestGroup.FAIL_TO_PASS),
        _statuses(run, TestGroup.PASS_TO_PASS),
    )
    name = run.trajectory.file_name if run.trajectory else ""
    said = differences(expectation, tree, found, trajectory_file=name)
    return CheckedRun(run, tree, found, tuple(said))


def _statuses(run: Run, group: TestGroup) -> dict[str, str]:
    return dict(run.tests.filter(group=group).values_list("test_id", "status"))


def _admitted(runs: list[CheckedRun]) -> tuple[bool | None, tuple[str, ...]]:
    """Judge as an admission would, with base run twice and gold once."""
    facts = [
        RunFacts(
            one.run.tree,
            one.run.outcome,
            one.run.reason,
            {**one.found.fail_to_pass, **one.found.pass_to_pass},
        )
        for one in runs
        if one.tree != TreeName.MODEL
    ]
    if {fact.tree for fact in facts} != {TreeName.BASE, TreeName.GOLD}:
        return None, ()
    revision = runs[0].run.task_revision
    decision = decide(revision.fail_to_pass or [], revision.pass_to_pass or [], facts)
    return decision.is_admitted, decision.reasons


def described(checked: Checked) -> dict[str, Any]:
    """Describe an instance for the report."""
    return {
        "instance_id": checked.expectation.instance_id,
        "is_admitted": checked.is_admitted,
        "is_admitted_expected": checked.expectation.is_admitted,
        "reasons": list(checked.reasons),
        "differences": list(checked.differences),
        "runs": [
            {
                **describe(one.run),
                "tree": one.tree,
                "expected": _expected(checked.expectation, one),
                "differences": list(one.differences),
            }
            for one in checked.runs
        ],
    }


def _expected(expectation: Expectation, one: CheckedRun) -> dict[str, Any]:
    name = one.run.trajectory.file_name if one.run.trajectory else ""
    tests = expectation.tests(one.tree)
    return {
        "outcomes": list(expectation.outcomes(one.tree, name)),
        "fail_to_pass": dict(tests.fail_to_pass) if tests else None,
        "pass_to_pass": dict(tests.pass_to_pass) if tests else None,
        "single": dict(tests.single) if tests else None,
    }
