"""What a search within one trajectory shows: the steps that hold a text, with excerpts."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from trajectories.contexts.outline import glyph_of
from trajectories.finding import Found, Hit, find_in_step
from trajectories.marking import Needle
from trajectories.models import Step, Trajectory

# Excerpts of one step, where few steps are found; the step itself shows the rest.
HITS_SHOWN, FEW_STEPS = 3, 60
STEPS_SHOWN = 150
_FIELDS = ("number", "kind", "summary", "is_error", "files", "thought", "tool_calls",
           "observations", "trajectory_id")  # fmt: skip


@dataclass(frozen=True)
class StepHits:
    """A step with what was found in it; `n_lines` counts lines."""

    number: int
    glyph: str
    summary: str
    url: str
    hits: tuple[Hit, ...]
    n_lines: int

    @property
    def n_more(self) -> int:
        return self.n_lines - len(self.hits)


@dataclass(frozen=True)
class TrajectorySearch:
    """The form, and what it found if a text is searched."""

    trajectory: Trajectory
    text: str
    steps: tuple[StepHits, ...] = ()
    n_steps: int = 0
    n_lines: int = 0

    @property
    def url(self) -> str:
        return reverse("trajectories:search", args=[self.trajectory.pk])

    @property
    def everywhere_url(self) -> str:
        return f"{reverse('trajectories:search-all')}?{urlencode({'q': self.text})}"

    @property
    def n_steps_hidden(self) -> int:
        return self.n_steps - len(self.steps)


def search_context(trajectory: Trajectory, text: str) -> TrajectorySearch:
    """Search the bodies of all steps, in one query."""
    if not text.strip():
        return TrajectorySearch(trajectory, "")
    needle = Needle(text)
    steps = Step.objects.filter(trajectory=trajectory).order_by("number").only(*_FIELDS)
    found = [(step, hit) for step in steps if (hit := find_in_step(step, needle, HITS_SHOWN))]
    n_hits = HITS_SHOWN if len(found) <= FEW_STEPS else 1
    return TrajectorySearch(
        trajectory=trajectory,
        text=text,
        steps=tuple(step_hits(step, hit, n_hits) for step, hit in found[:STEPS_SHOWN]),
        n_steps=len(found),
        n_lines=sum(hit.n_lines for _, hit in found),
    )


def step_hits(step: Step, found: Found, n_hits: int = HITS_SHOWN) -> StepHits:
    return StepHits(
        number=step.number,
        glyph=glyph_of(step),
        summary=step.summary,
        url=reverse("trajectories:step", args=[step.trajectory_id, step.number]),
        hits=found.hits[:n_hits],
        n_lines=found.n_lines,
    )
