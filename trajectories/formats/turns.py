"""Collect a turn from several records of a file: what was said and called, then what came back."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from trajectories.formats.base import Observation, ParsedStep, ToolCall


@dataclass
class Turn:
    """A step that is being collected; `answered` is when its last observation came."""

    thoughts: list[str] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    observations: list[Observation] = field(default_factory=list)
    timestamp: str = ""
    answered: str = ""
    cost_usd: float | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def answer(self, observation: Observation, timestamp: str = "") -> None:
        self.observations.append(observation)
        self.answered = timestamp or self.answered

    def step(self) -> ParsedStep:
        return ParsedStep(
            thought="\n\n".join(filter(None, self.thoughts)),
            tool_calls=tuple(self.calls),
            observations=tuple(self.observations),
            duration_seconds=_seconds_between(self.timestamp, self.answered),
            cost_usd=self.cost_usd,
            timestamp=self.timestamp,
            extra=self.extra,
        )


def condensation(summary: str, n_steps: int | None) -> dict[str, Any]:
    """Return what marks a step at which a summary took the place of earlier steps."""
    return {"condensation": {"n_steps": n_steps, "summary_chars": len(summary)}}


def _seconds_between(start: str, end: str) -> float | None:
    try:
        seconds = (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
    except (TypeError, ValueError, OverflowError):
        # One is missing, or only one of them has a time zone.
        return None
    return seconds if seconds >= 0 else None
