"""Readers of trajectory files. To add a format, add a module and its reader to READERS."""

from __future__ import annotations

from collections.abc import Sequence

from trajectories.formats.atif import AtifReader
from trajectories.formats.base import (
    JsonLines,
    Observation,
    ParsedStep,
    ParsedTrajectory,
    Reader,
    ToolCall,
    UnreadableTrajectory,
)
from trajectories.formats.claude_code import ClaudeCodeReader
from trajectories.formats.content import Content, parse_content, parse_lines
from trajectories.formats.lookalikes import name_lookalike
from trajectories.formats.mini_swe_agent import MiniSweAgentReader
from trajectories.formats.openhands import OpenHandsReader
from trajectories.formats.swe_agent import SweAgentReader

__all__ = [
    "READERS",
    "Content",
    "Observation",
    "ParsedStep",
    "ParsedTrajectory",
    "Reader",
    "ToolCall",
    "UnreadableTrajectory",
    "parse_content",
    "read_trajectories",
    "sniff",
]

# Asked in this order; the content decides, never the file's name.
READERS: tuple[Reader, ...] = (
    SweAgentReader(),
    MiniSweAgentReader(),
    AtifReader(),
    OpenHandsReader(),
    ClaudeCodeReader(),
)


def sniff(content: Content) -> Reader:
    """Return the content's reader, or raise UnreadableTrajectory naming what it looks like."""
    document = content.value
    if content.shape == "lines":
        document = JsonLines(tuple(enumerate(content.value, start=1)))
    if content.shape in {"object", "array", "lines"}:
        for reader in READERS:
            if reader.recognises(document):
                return reader
    if name := name_lookalike(content):
        raise UnreadableTrajectory(f"This looks like {name}; it is not read as a trajectory yet.")
    raise UnreadableTrajectory("This is no trajectory format that Retrace knows.")


def read_trajectories(content: bytes) -> Sequence[ParsedTrajectory]:
    """Read every attempt in a file's bytes, or raise UnreadableTrajectory."""
    parsed = parse_content(content)
    try:
        reader = sniff(parsed)
        is_lines = parsed.shape == "lines"
        return reader.read(parse_lines(parsed.text) if is_lines else parsed.value)
    except RecursionError:
        raise UnreadableTrajectory("The JSON in this file is nested too deeply.") from None
