"""What the evidence says, read when it is asked for. Independent of any check."""

from __future__ import annotations

from dataclasses import dataclass

from trajectories.models import Trajectory


@dataclass(frozen=True)
class Facts:
    """The evidence of one trajectory and its task.

    Each part is read on first use; what comes from immutable content is kept by that content.
    """

    trajectory: Trajectory


def facts_of(trajectory: Trajectory) -> Facts:
    """Return the evidence that an annotation of the trajectory speaks of."""
    return Facts(trajectory)
