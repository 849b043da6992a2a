"""What the search across trajectories shows: steps that hold a text, by trajectory, in pages.

PostgreSQL's index of words names candidates; the text itself is then looked for in each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from urllib.parse import urlencode

from django.contrib.postgres.search import SearchQuery
from django.db.models import Max
from django.urls import reverse

from accounts.models import User
from trajectories.contexts.step_search import StepHits, step_hits
from trajectories.finding import find_in_step
from trajectories.indexing import ask_for_index
from trajectories.marking import Needle
from trajectories.models import Batch, Step, StepWords, Trajectory
from trajectories.querysets import TrajectoryQuerySet
from trajectories.words import query_of

# A page looks at this many candidates, and fewer where they are long.
CANDIDATES = 60
MAX_CANDIDATE_CHARS = 6_000_000


@dataclass(frozen=True)
class After:
    """The last step of the page before this one: pages begin after it."""

    trajectory: int
    number: int

    def __str__(self) -> str:
        return f"{self.trajectory}.{self.number}"


@dataclass(frozen=True)
class FoundTrajectory:
    trajectory: Trajectory
    steps: tuple[StepHits, ...]


@dataclass(frozen=True)
class Everywhere:
    """The form and one page of what it found."""

    text: str
    batch: Batch | None
    batches: tuple[Batch, ...]
    found: tuple[FoundTrajectory, ...] = ()
    next_after: After | None = None
    is_first_page: bool = True
    has_words: bool = True
    n_not_indexed: int = 0

    @property
    def next_url(self) -> str:
        query = {"batch": self.batch.slug if self.batch else "", "q": self.text}
        return f"{reverse('trajectories:search-all')}?" + urlencode(
            {**query, "after": str(self.next_after)}
        )

    @property
    def n_steps(self) -> int:
        return sum(len(found.steps) for found in self.found)


@dataclass(frozen=True)
class _Candidate:
    step_id: int
    trajectory_id: int
    number: int
    n_chars: int


def batches_of(user: User) -> tuple[Batch, ...]:
    """Return the batches that hold a trajectory which the user may open."""
    mine = Trajectory.objects.visible_to(user).values("batch_memberships__batch")
    return tuple(Batch.objects.filter(pk__in=mine).order_by("title"))


def search_everywhere(
    user: User,
    text: str,
    batch: Batch | None = None,
    after: After | None = None,
    batches: tuple[Batch, ...] = (),
) -> Everywhere:
    """Search the steps of the trajectories that the user may open, in a batch or in all."""
    query = query_of(text)
    if not text.strip() or not query:
        return Everywhere(text, batch, batches, has_words=not text.strip() or bool(query))
    trajectories = Trajectory.objects.visible_to(user)
    if batch is not None:
        trajectories = trajectories.filter(batch_memberships__batch=batch)
    candidates = _candidates(trajectories, query, after)
    looked_at = _first_few(candidates)
    found = tuple(_rechecked(looked_at, Needle(text)))
    last = looked_at[-1] if len(candidates) > len(looked_at) else None
    return Everywhere(
        text=text,
        batch=batch,
        batches=batches,
        found=found,
        next_after=After(last.trajectory_id, last.number) if last else None,
        is_first_page=after is None,
        n_not_indexed=ask_for_index(trajectories),
    )


def _candidates(
    trajectories: TrajectoryQuerySet, query: str, after: After | None
) -> list[_Candidate]:
    """Return the steps that hold all words, in order, one more than a page looks at."""
    words = SearchQuery(query, config="simple", search_type="raw")
    rows = StepWords.objects.filter(
        trajectory__in=trajectories.order_by().values("pk"), words=words
    )
    if after is not None:
        later = rows.filter(trajectory__gt=after.trajectory)
        same = rows.filter(trajectory=after.trajectory, step__number__gt=after.number)
        rows = later | same
    # A long step has several rows.
    steps = (
        rows.values("step_id", "trajectory_id", "step__number")
        .annotate(n_chars=Max("step__observation_chars"))
        .order_by("trajectory_id", "step__number")
    )
    return [
        _Candidate(row["step_id"], row["trajectory_id"], row["step__number"], row["n_chars"])
        for row in steps[: CANDIDATES + 1]
    ]


def _first_few(candidates: list[_Candidate]) -> list[_Candidate]:
    """Return as many as a page looks at, at least one."""
    few: list[_Candidate] = []
    n_chars = 0
    for candidate in candidates[:CANDIDATES]:
        n_chars += candidate.n_chars
        if few and n_chars > MAX_CANDIDATE_CHARS:
            break
        few.append(candidate)
    return few


def _rechecked(candidates: list[_Candidate], needle: Needle) -> Iterator[FoundTrajectory]:
    steps = (
        Step.objects.filter(pk__in=[candidate.step_id for candidate in candidates])
        .select_related("trajectory__task")
        .order_by("trajectory_id", "number")
    )
    for _, of_one in groupby(steps, key=lambda step: step.trajectory_id):
        hits = [(step, found) for step in of_one if (found := find_in_step(step, needle))]
        if hits:
            trajectory = hits[0][0].trajectory
            yield FoundTrajectory(trajectory, tuple(step_hits(*hit) for hit in hits))
