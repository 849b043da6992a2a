"""manage.py replace_trajectory OLD NEW"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotator.services.replacing import CannotReplace, replace_trajectory
from trajectories.models import Trajectory


class Command(BaseCommand):
    help = (
        "Put a trajectory in the place of another one of the same task: drafts move to it, and "
        "their citations are re-anchored; what cannot be placed is kept and shown."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("old", type=int, help="number of the trajectory, as in its address")
        parser.add_argument("new", type=int)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            old, new = (_get(options[name]) for name in ("old", "new"))
            n_drafts, outcome = replace_trajectory(old, new)
        except CannotReplace as error:
            raise CommandError(str(error)) from error
        counts = ", ".join(f"{count} {state}" for state, count in vars(outcome).items())
        drafts = "draft" if n_drafts == 1 else "drafts"
        self.stdout.write(f"{n_drafts} {drafts} moved; of their citations: {counts}.")


def _get(pk: int) -> Trajectory:
    found = Trajectory.objects.select_related("task").filter(pk=pk).first()
    if found is None:
        raise CannotReplace(f"There is no trajectory {pk}.")
    return found
