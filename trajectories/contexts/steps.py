"""What the fragments about steps show: one step, the issue."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.http import Http404
from django.utils.safestring import SafeString

from trajectories.access import Sight
from trajectories.contexts.outline import files_elsewhere, glyph_of
from trajectories.contexts.parts import NO_FOCUS, Focus, StepPart, step_parts
from trajectories.contexts.related import StepChanges, step_changes
from trajectories.markdown import render_markdown, rendered_text
from trajectories.models import Step, Trajectory
from trajectories.step_text import output_text, step_call, thought_text
from trajectories.text import clean_text

# 2025-09-07T09:52:31.414Z
_CLOCK = re.compile(r"\dT(\d\d:\d\d:\d\d)")

# --- one step ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class StepDetail:
    trajectory: Trajectory
    step: Step
    glyph: str
    parts: tuple[StepPart, ...]
    # What it changed in the code; None where nothing, or where that is not known.
    changes: StepChanges | None = None

    @property
    def has_calls(self) -> bool:
        return any(part.kind == "tool_call" for part in self.parts)

    @property
    def has_observations(self) -> bool:
        return any(part.kind == "observation" for part in self.parts)

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """The files that hold the steps of its sub-agents."""
        return files_elsewhere(self.step.extra.get("elsewhere"))

    @property
    def clock(self) -> str:
        """The time of day of its time stamp, for which the step's head has room."""
        found = _CLOCK.search(self.step.timestamp)
        return found[1] if found else self.step.timestamp

    @property
    def previous(self) -> int | None:
        return self.step.number - 1 if self.step.number > 1 else None

    @property
    def next(self) -> int | None:
        return self.step.number + 1 if self.step.number < self.trajectory.n_steps else None


def step_context(
    trajectory: Trajectory, sight: Sight, number: int, focus: Focus = NO_FOCUS
) -> StepDetail:
    """Show one step with its bodies and what it changed, or raise Http404."""
    step = get_step(trajectory, number)
    return StepDetail(
        trajectory=trajectory,
        step=step,
        glyph=glyph_of(step),
        parts=tuple(step_parts(step, focus)),
        changes=step_changes(trajectory, sight, step),
    )


def get_step(trajectory: Trajectory, number: int) -> Step:
    """Return the step, or raise Http404."""
    step = Step.objects.filter(trajectory=trajectory, number=number).first()
    if step is None:
        raise Http404(f"This trajectory has no step {number}.")
    return step


def citable_step_text(step: Step, kind: str, index: int = 0) -> str | None:
    """Return what a citation of a thought, tool_call or observation quotes from, if it exists."""
    if kind == "thought":
        return thought_text(step)
    if kind == "tool_call" and 0 <= index < len(step.tool_calls):
        return step_call(step, index).text
    if kind == "observation" and 0 <= index < len(step.observations):
        return output_text(step, index)
    return None


def citable_issue_texts(statement: str) -> tuple[str, str]:
    """Return what a citation of the issue may quote from: its source, and its rendered words."""
    return clean_text(statement), rendered_text(statement)


# --- the issue ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Issue:
    """The problem statement rendered and as source; hints only for who sees gold."""

    trajectory: Trajectory
    html: SafeString
    source: str
    hints_html: SafeString | None
    hints_are_hidden: bool


def issue_context(trajectory: Trajectory, sight: Sight) -> Issue:
    """Show the issue of the revision that the trajectory was loaded with."""
    revision = trajectory.task_revision
    has_hints = bool(revision.hints_text.strip())
    return Issue(
        trajectory=trajectory,
        html=render_markdown(revision.problem_statement),
        source=clean_text(revision.problem_statement),
        hints_html=render_markdown(revision.hints_text) if has_hints and sight.sees_gold else None,
        hints_are_hidden=has_hints and not sight.sees_gold,
    )
