"""Steps of trajectory files, read without a database, and what the agent did in them."""

from __future__ import annotations

from pathlib import Path

from annotator.facts.conduct import Conduct, patched_files, read_steps
from trajectories.classify import classify_step
from trajectories.formats import read_trajectories
from trajectories.formats.base import ParsedTrajectory
from trajectories.models import Step


def steps_of(parsed: ParsedTrajectory) -> list[Step]:
    """Return unsaved rows as loading makes them."""
    rows = []
    for number, step in enumerate(parsed.steps, start=1):
        described = classify_step(step)
        rows.append(
            Step(
                number=number,
                kind=described.kind,
                summary=described.summary,
                files=list(described.files),
                is_error=described.is_error,
                thought=step.thought,
                tool_calls=[
                    {
                        "tool_call_id": call.tool_call_id,
                        "function_name": call.function_name,
                        "arguments": call.arguments,
                    }
                    for call in step.tool_calls
                ],
                observations=[
                    {
                        "tool_call_id": seen.tool_call_id,
                        "content": seen.content,
                        "exit_code": seen.exit_code,
                    }
                    for seen in step.observations
                ],
            )
        )
    return rows


def parsed_in(file: Path) -> ParsedTrajectory:
    """Return the first attempt of a file."""
    return read_trajectories(file.read_bytes())[0]


def read_conduct(parsed: ParsedTrajectory) -> Conduct:
    """Return what the agent did."""
    patched = patched_files(parsed.model_patch or "")
    return Conduct(tuple(read_steps(steps_of(parsed))), parsed.exit_status, patched)
