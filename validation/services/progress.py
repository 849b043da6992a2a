"""How far the tests of a run are, told while they run."""

from __future__ import annotations

from validation.logs import TestCounter
from validation.models import Outcome, Run, RunTest, TestStatus
from validation.services.leases import Lease


class Progress:
    """Counts tests in the output as it comes, and hands the numbers to the lease."""

    def __init__(self, run: Run, lease: Lease) -> None:
        self._lease = lease
        self._expected = expected_tests(run)
        self._counter = TestCounter()
        lease.count(0, self._expected)

    def add(self, chunk: bytes) -> None:
        """Take the next bytes of the output."""
        self._counter.add(chunk)
        self._lease.count(self._counter.done, self._counter.announced or self._expected)


def expected_tests(run: Run) -> int | None:
    """Return how many tests a run will have: as many as the last one with the same recipe had.

    Where there is none, as many as the task names; None for tests or a command of one's own choice.
    """
    if run.command or run.test_ids:
        return None
    alike = Run.objects.verdicts().filter(
        task_revision=run.task_revision_id,
        recipe=run.recipe_id,
        outcome__in=(Outcome.RESOLVED, Outcome.NOT_RESOLVED),
    )
    earlier = alike.order_by("-pk").values_list("pk", flat=True).first()
    if earlier is not None:
        reported = RunTest.objects.filter(run=earlier).exclude(status=TestStatus.MISSING)
        return reported.values("test_id").distinct().count() or None
    revision = run.task_revision
    return len({*(revision.fail_to_pass or ()), *(revision.pass_to_pass or ())}) or None
