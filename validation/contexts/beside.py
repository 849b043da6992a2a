"""How the runs of two attempts ended, for the page that sets them side by side."""

from __future__ import annotations

from trajectories.contexts.compare import Compared, Side
from validation.contexts.tests import latest_runs, revision_to_test
from validation.contexts.verdicts import Chip, run_chips
from validation.models import TreeName


def verdicts_of_sides(compared: Compared) -> tuple[Chip | None, Chip | None]:
    """Return the newest verdict on the patch of A and of B, None where it may not be seen."""
    return _verdict(compared.a), _verdict(compared.b)


def _verdict(side: Side) -> Chip | None:
    if not side.sight.sees_verdicts:
        return None
    run = latest_runs(revision_to_test(side.trajectory), side.trajectory).get(TreeName.MODEL)
    return run_chips([run])[run.pk] if run else Chip("model: not run")
