"""What runs say: the newest verdict per tree with its statuses, cited runs, executed claims."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from django.db.models import Q

from trajectories.models import Trajectory
from validation.contexts.tests import revision_to_test
from validation.models import Outcome, Probe, Run, RunState, RunTest
from validation.services.admission import flaky_tests
from validation.testids import parse_test_id

_VERDICTS = (Outcome.RESOLVED, Outcome.NOT_RESOLVED)


@dataclass(frozen=True)
class TreeRun:
    """The newest run with a verdict on a tree, and the statuses of its tests."""

    run_id: int
    tree: str
    outcome: str
    statuses: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_resolved(self) -> bool:
        return self.outcome == Outcome.RESOLVED


@dataclass(frozen=True, eq=False)
class RunFacts:
    """The runs that count for one trajectory; none while a person is blind."""

    trajectory: Trajectory
    is_blind: bool = False

    @cached_property
    def fail_to_pass(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(revision_to_test(self.trajectory).fail_to_pass or ()))

    @cached_property
    def pass_to_pass(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(revision_to_test(self.trajectory).pass_to_pass or ()))

    @cached_property
    def latest(self) -> dict[str, TreeRun]:
        """Return the newest verdict of each tree that has one (two queries)."""
        if self.is_blind:
            return {}
        subjects = Q(trajectory=None) | Q(trajectory=self.trajectory)
        runs = Run.objects.verdicts().filter(
            subjects,
            task_revision__task=self.trajectory.task_id,
            state=RunState.FINISHED,
            outcome__in=_VERDICTS,
        )
        # The content that is tested now before any older.
        order = ("tree", "-task_revision__number", "-pk")
        found = runs.order_by(*order).distinct("tree").values_list("tree", "pk", "outcome")
        chosen = {tree: (pk, outcome) for tree, pk, outcome in found}
        statuses: dict[int, dict[str, str]] = {pk: {} for pk, _ in chosen.values()}
        rows = RunTest.objects.filter(run__in=statuses).order_by()
        for run_id, test_id, status in rows.values_list("run_id", "test_id", "status"):
            statuses[run_id][test_id] = status
        return {
            tree: TreeRun(pk, tree, outcome, statuses[pk]) for tree, (pk, outcome) in chosen.items()
        }

    @cached_property
    def flaky(self) -> frozenset[str]:
        return frozenset(flaky_tests(revision_to_test(self.trajectory)))

    @cached_property
    def known_tests(self) -> frozenset[str]:
        """Return the ids that the task names or a run had."""
        of_runs = (test for run in self.latest.values() for test in run.statuses)
        return frozenset((*self.fail_to_pass, *self.pass_to_pass, *of_runs))

    @cached_property
    def tests_by_name(self) -> dict[str, tuple[str, ...]]:
        """Return the known ids by the name of the test alone."""
        found: dict[str, list[str]] = {}
        for test_id in sorted(self.known_tests):
            if name := parse_test_id(test_id).name:
                found.setdefault(name, []).append(test_id)
        return {name: tuple(ids) for name, ids in found.items()}

    def trees_of(self, run_ids: Iterable[int]) -> dict[int, str]:
        """Return the trees that runs of the task were on (one query)."""
        wanted = set(run_ids)
        if not wanted:
            return {}
        runs = Run.objects.filter(pk__in=wanted, task_revision__task=self.trajectory.task_id)
        return dict(runs.values_list("pk", "tree"))

    def probes(self, uids: Iterable[str]) -> dict[str, Probe]:
        """Return the trajectory's probes with these uids, with results (three queries)."""
        wanted = set(uids)
        if not wanted:
            return {}
        rows = Probe.objects.with_results().select_related("step_probe")
        found = rows.filter(uid__in=wanted, trajectory=self.trajectory)
        return {str(probe.uid): probe for probe in found}
