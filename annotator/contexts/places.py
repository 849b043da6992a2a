"""Links from what is written into the evidence around it, and to the steps of the chain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from annotator.covers import format_covers
from annotator.hunks import HunkRef
from trajectories.models import Trajectory
from trajectories.text import shorten

NAME_CHARS = 48
# Of what something names that is not in the chain any more.
GONE = "a step that is gone"


@dataclass(frozen=True)
class Link:
    """Words, where they lead, and the fragment that shows it in place, if one does."""

    label: str
    href: str = ""
    fragment: str = ""
    pane: str = ""


class Places:
    """Where the evidence of a trajectory is, as seen from a page.

    `address` gives the page's own address with query parameters set; `anchor` is what the ids of
    reasoning steps begin with on that page.
    """

    def __init__(
        self, trajectory: Trajectory, address: Callable[..., str], anchor: str = "r-"
    ) -> None:
        self.trajectory, self.address, self.anchor = trajectory, address, anchor

    def step(self, number: int, label: str = "") -> Link:
        """Link a step of the trajectory; one that it has not is named without a link."""
        label = label or f"step {number}"
        if not 1 <= number <= self.trajectory.n_steps:
            return Link(label)
        url = reverse("trajectories:step", args=[self.trajectory.pk, number])
        return Link(label, self.address(left="step", step=number), url, "left")

    def steps(self, numbers: Iterable[int]) -> tuple[Link, ...]:
        """Link each run of neighbouring steps by its first one."""
        return tuple(self.step(run[0], format_covers(run)) for run in runs_of(numbers))

    def hunk(self, hunk: HunkRef) -> Link:
        side = f"n{hunk.new_start}" if hunk.new_count else f"o{hunk.old_start}"
        is_whole = not hunk.new_count and not hunk.old_count
        query = {"file": hunk.path, **({} if is_whole else {"at": side})}
        url = reverse("trajectories:diff", args=[self.trajectory.pk, hunk.which])
        label = hunk.path if is_whole else hunk.label
        return self._right(hunk.which, label, url, query)

    def test(self, test_id: str) -> Link:
        url = reverse("validation:tests", args=[self.trajectory.pk])
        return self._right("tests", test_id, url, {"test": test_id})

    def chain(
        self, steps: Sequence[Mapping[str, Any]], root_cause: Mapping[str, Any] | None
    ) -> dict[str, Link]:
        """Return links to all steps of the chain and to the root cause, by uid."""
        named = {
            step["uid"]: f"R{number} {step.get('claim', '')}"
            for number, step in enumerate(steps, start=1)
        }
        if root_cause:
            named[root_cause["uid"]] = "the root cause"
        return {
            uid: Link(shorten(name, NAME_CHARS), f"#{self.anchor}{uid}")
            for uid, name in named.items()
        }

    def _right(self, tab: str, label: str, url: str, query: dict[str, str]) -> Link:
        href = self.address(right=tab, **query)
        return Link(label, href, f"{url}?{urlencode(query)}", "right")


def places_here(trajectory: Trajectory) -> Places:
    """Return the places as seen from the workspace, whose address holds nothing but them."""
    return Places(trajectory, lambda **query: f"?{urlencode(query)}")


def runs_of(numbers: Iterable[int]) -> list[list[int]]:
    """Return neighbouring numbers together, in order."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs
