"""What the fragments about steps show: one step, one observation, the issue."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils.safestring import SafeString

from trajectories.access import Sight
from trajectories.calls import CallText, call_text
from trajectories.contexts.outline import glyph_of
from trajectories.contexts.related import StepChanges, step_changes
from trajectories.highlighting import colour_lines, markup
from trajectories.markdown import render_markdown, rendered_text
from trajectories.models import Step, TaskRevision, Trajectory
from trajectories.text import clean_text

# A longer observation shows its head and tail, and a link that opens the rest.
WHOLE_CHARS, WHOLE_LINES = 8_000, 80
HEAD_CHARS, HEAD_LINES = 4_000, 40
TAIL_CHARS, TAIL_LINES = 2_000, 20


# --- one step ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class ShownLine:
    mark: str
    html: SafeString


@dataclass(frozen=True)
class ShownCall:
    """A tool call, readable; its lines together are what a citation quotes."""

    index: int
    function_name: str
    shown: CallText

    @cached_property
    def lines(self) -> tuple[ShownLine, ...]:
        texts = [line.text for line in self.shown.lines]
        coloured = colour_lines(texts, self._colour_as)
        return tuple(
            ShownLine(line.mark, markup(parts))
            for line, parts in zip(self.shown.lines, coloured, strict=True)
        )

    @property
    def _colour_as(self) -> str:
        if self.shown.form == "shell":
            return "command.sh"
        # An edit without a known path is nearly always of Python here.
        name = self.shown.title.split(",", 1)[0]
        return (name if "." in name else "edit.py") if self.shown.form == "edit" else ""


@dataclass(frozen=True)
class ShownObservation:
    """What came back: whole, or head and tail with the number of characters between them."""

    trajectory_id: int
    step: int
    index: int
    head: str
    tail: str
    tail_start: int
    n_chars: int
    n_lines: int
    hidden_lines: int
    exit_code: int | None
    is_whole: bool

    @property
    def url(self) -> str:
        return reverse("trajectories:observation", args=[self.trajectory_id, self.step, self.index])


@dataclass(frozen=True)
class StepDetail:
    trajectory: Trajectory
    step: Step
    glyph: str
    thought: str
    calls: tuple[ShownCall, ...]
    observations: tuple[ShownObservation, ...]
    # What it changed in the code; None where nothing, or where that is not known.
    changes: StepChanges | None = None

    @property
    def previous(self) -> int | None:
        return self.step.number - 1 if self.step.number > 1 else None

    @property
    def next(self) -> int | None:
        return self.step.number + 1 if self.step.number < self.trajectory.n_steps else None


def step_context(trajectory: Trajectory, sight: Sight, number: int) -> StepDetail:
    """Show one step with its bodies and what it changed, or raise Http404."""
    step = get_step(trajectory, number)
    return StepDetail(
        trajectory=trajectory,
        step=step,
        glyph=glyph_of(step),
        thought=_thought_text(step),
        calls=tuple(_shown_call(step, index) for index in range(len(step.tool_calls))),
        observations=tuple(
            _shown_observation(step, index) for index in range(len(step.observations))
        ),
        changes=step_changes(trajectory, sight, step),
    )


def _thought_text(step: Step) -> str:
    return clean_text(step.thought).rstrip()


def get_step(trajectory: Trajectory, number: int) -> Step:
    """Return the step, or raise Http404."""
    step = Step.objects.filter(trajectory=trajectory, number=number).first()
    if step is None:
        raise Http404(f"This trajectory has no step {number}.")
    return step


def _shown_call(step: Step, index: int) -> ShownCall:
    call: dict[str, Any] = step.tool_calls[index]
    shown = call_text(call)
    # SWE-agent's `edit` does not name the file that its editor had open; the step knows it.
    if call.get("function_name") == "edit" and len(step.files) == 1:
        title = ", ".join(part for part in (str(step.files[0]), shown.title) if part)
        shown = replace(shown, title=title)
    return ShownCall(index, clean_text(str(call.get("function_name", ""))), shown)


def observation_context(step: Step, index: int) -> ShownObservation:
    """Show one observation whole, or raise Http404."""
    if index >= len(step.observations):
        raise Http404(f"Step {step.number} has no observation {index}.")
    return _shown_observation(step, index, whole=True)


def _shown_observation(step: Step, index: int, *, whole: bool = False) -> ShownObservation:
    observation = step.observations[index]
    text = clean_text(observation["content"])
    n_lines = text.count("\n") + 1
    fits = whole or (len(text) <= WHOLE_CHARS and n_lines <= WHOLE_LINES)
    head = text if fits else "\n".join(text.split("\n")[:HEAD_LINES])[:HEAD_CHARS]
    tail = "" if fits else "\n".join(text.split("\n")[-TAIL_LINES:])[-TAIL_CHARS:]
    return ShownObservation(
        trajectory_id=step.trajectory_id,
        step=step.number,
        index=index,
        head=head,
        tail=tail,
        tail_start=len(text) - len(tail),
        n_chars=len(text),
        n_lines=n_lines,
        hidden_lines=max(0, n_lines - head.count("\n") - tail.count("\n") - 2),
        exit_code=observation.get("exit_code"),
        is_whole=fits,
    )


def citable_step_text(step: Step, kind: str, index: int = 0) -> str | None:
    """Return what a citation of a thought, tool_call or observation quotes from, if it exists."""
    if kind == "thought":
        return _thought_text(step)
    if kind == "tool_call" and 0 <= index < len(step.tool_calls):
        return call_text(step.tool_calls[index]).text
    if kind == "observation" and 0 <= index < len(step.observations):
        return clean_text(step.observations[index]["content"])
    return None


def citable_issue_texts(revision: TaskRevision) -> tuple[str, str]:
    """Return what a citation of the issue may quote from: its source, and its rendered words."""
    source = revision.problem_statement
    return clean_text(source), rendered_text(source)


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
