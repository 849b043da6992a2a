"""What every reader of a trajectory format produces: ATIF's terms, as frozen dataclasses.

ATIF (Agent Trajectory Interchange Format, https://github.com/laude-institute/harbor) calls them
step, tool_calls (tool_call_id, function_name, arguments) and observation; `thought` is its
reasoning and message together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

Json = Any


class UnreadableTrajectory(Exception):
    """A file that no reader can take; the message says what it looks like and why not."""


@dataclass(frozen=True)
class ToolCall:
    """One call; `arguments` is text where the file had no object, or a broken one."""

    function_name: str
    arguments: Mapping[str, Json] | str
    tool_call_id: str = ""


@dataclass(frozen=True)
class Observation:
    """What came back; `tool_call_id` is empty where the file names no call it answers."""

    content: str
    tool_call_id: str = ""
    exit_code: int | None = None


@dataclass(frozen=True)
class ParsedStep:
    """One turn of the agent."""

    thought: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    observations: tuple[Observation, ...] = ()
    duration_seconds: float | None = None
    cost_usd: float | None = None
    timestamp: str = ""
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class ParsedTrajectory:
    """One attempt; `instance_id` is empty where the file does not name it.

    `model_patch` is None where the run left none, and "" where it left an empty one. `remark` is
    what the person who loads the file should know, such as lines that were skipped.
    """

    format: str
    agent_name: str
    steps: tuple[ParsedStep, ...]
    instance_id: str = ""
    item_key: str = ""
    model_name: str = ""
    exit_status: str = ""
    model_patch: str | None = None
    cost_usd: float | None = None
    duration_seconds: float | None = None
    extra: Mapping[str, Json] = field(default_factory=dict)
    remark: str = ""

    @property
    def has_patch(self) -> bool:
        return bool(self.model_patch and self.model_patch.strip())


@dataclass(frozen=True)
class JsonLines:
    """A JSON Lines file: the value of each line that is not blank, with the line's number."""

    numbered: tuple[tuple[int, Json], ...]

    @property
    def objects(self) -> list[dict[str, Json]]:
        """Its objects; a line may hold another value, which a reader skips or refuses."""
        return [value for _, value in self.numbered if isinstance(value, dict)]


class Reader(Protocol):
    """Reads one family of files. A new format is a module with one of these in the registry."""

    def recognises(self, document: Json) -> bool:
        """Tell from the parsed content whether the file is this reader's."""
        ...

    def read(self, document: Json) -> Sequence[ParsedTrajectory]:
        """Return the attempts in the file, in order, or raise UnreadableTrajectory."""
        ...
