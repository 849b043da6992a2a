"""The texts of a step as they are shown, cited and searched."""

from __future__ import annotations

from typing import Any

from trajectories.calls import CallText, call_text
from trajectories.models import Step
from trajectories.text import clean_text


def thought_text(step: Step) -> str:
    return clean_text(step.thought).rstrip()


def step_call(step: Step, index: int) -> CallText:
    """Return a call as it is shown; SWE-agent's `edit` leaves it to the step to know the file."""
    call: dict[str, Any] = step.tool_calls[index]
    open_file = str(step.files[0]) if len(step.files) == 1 else ""
    return call_text(call, open_file)


def output_text(step: Step, index: int) -> str:
    return clean_text(step.observations[index]["content"])
