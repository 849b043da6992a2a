"""SWE-agent `.traj` files, 0.x and 1.x.

The generations mix in one file (a 1.x replay can hold 0.x steps), so each field is read for
what it is. Steps are the items of `trajectory`: `history` also holds demonstrations, and
`messages`/`query` inside a step are copies of the whole prompt; neither is read as a step.
https://github.com/SWE-agent/SWE-agent/blob/main/docs/usage/trajectories.md
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from trajectories.formats.base import (
    Observation,
    ParsedStep,
    ParsedTrajectory,
    ToolCall,
    UnreadableTrajectory,
)
from trajectories.formats.values import (
    as_arguments,
    as_cost,
    as_duration,
    as_list,
    as_object,
    as_text,
    is_patch,
)

# SWE-agent's own commands; any other first word is a line for the shell.
COMMANDS = frozenset(
    {
        "close",
        "create",
        "edit",
        "exit_forfeit",
        "find_file",
        "goto",
        "insert",
        "open",
        "scroll_down",
        "scroll_up",
        "search_dir",
        "search_file",
        "str_replace_editor",
        "submit",
        "undo_edit",
        "view_image",
    }
)
# Where the budget or the context ran out, the last item is the program's note, not a turn's action.
_EXIT_NOTE = re.compile(r"exit_\w+")
# How many replies in a row may have been rejected before one became a step.
_RETRIES_SKIPPED = 20
_KEPT_INFO = ("swe_agent_version", "swe_agent_hash", "swe_rex_version", "model_stats")


class SweAgentReader:
    """Reads one run per file."""

    def recognises(self, document: Any) -> bool:
        return (
            isinstance(document, dict)
            and isinstance(document.get("trajectory"), list)
            and ("history" in document or "info" in document)
        )

    def read(self, document: Any) -> Sequence[ParsedTrajectory]:
        items = document["trajectory"]
        for index, item in enumerate(items):
            if not isinstance(item, dict):
                raise UnreadableTrajectory(
                    f"trajectory[{index}] of this SWE-agent file is not an object."
                )
        info = as_object(document.get("info"))
        submission = info.get("submission")
        patch = None if submission is None else as_text(submission)
        not_a_patch = {} if patch is None or is_patch(patch) else {"submission": patch}
        return [
            ParsedTrajectory(
                format=_generation(document, items, info),
                agent_name="SWE-agent",
                instance_id=_instance_id(document),
                model_name=_model_name(document, info),
                exit_status=as_text(info.get("exit_status")),
                model_patch=None if not_a_patch else patch,
                # total_cost runs on over a whole batch of runs.
                cost_usd=as_cost(as_object(info.get("model_stats")).get("instance_cost")),
                duration_seconds=_total_duration(items),
                steps=tuple(_read_steps(items, as_list(document.get("history")))),
                extra={key: info[key] for key in _KEPT_INFO if key in info} | not_a_patch,
            )
        ]


def _generation(document: dict[str, Any], items: list[dict[str, Any]], info: dict[str, Any]) -> str:
    """Name the generation for people; nothing is decided by it."""
    is_newer = "swe_agent_version" in info or any(
        "execution_time" in item or isinstance(item.get("state"), dict) for item in items
    )
    return "swe-agent-1x" if is_newer else "swe-agent-0x"


def _instance_id(document: dict[str, Any]) -> str:
    """Return the environment's name where it is an instance's; `main` or `swe_main` is not."""
    environment = document.get("environment")
    name = environment.strip() if isinstance(environment, str) else ""
    return name if "__" in name else ""


def _model_name(document: dict[str, Any], info: dict[str, Any]) -> str:
    """Return the model of the replay configuration (an object, or one held as text)."""
    agent = as_object(as_object(document.get("replay_config")).get("agent"))
    name = as_text(as_object(agent.get("model")).get("name"))
    return "" if name in {"replay", "human", "instant_empty_submit"} else name


def _total_duration(items: list[dict[str, Any]]) -> float | None:
    """Add the times of the tools; what the model took is not in the file."""
    times = [as_duration(item.get("execution_time")) for item in items]
    known = [seconds for seconds in times if seconds is not None]
    return sum(known) if known else None


def _read_steps(items: list[dict[str, Any]], history: list[Any]) -> list[ParsedStep]:
    structured = _structured_calls(items, history)
    return [_read_step(item, structured.get(index, ())) for index, item in enumerate(items)]


def _structured_calls(
    items: list[dict[str, Any]], history: list[Any]
) -> dict[int, tuple[ToolCall, ...]]:
    """Return the calls by step index where `history` has them as objects (function calling).

    The n-th own assistant message belongs to step n as long as both name the same action; a
    retried reply appears in one place only, so each side may run ahead of the other.
    """
    replies = [
        message
        for message in history
        if isinstance(message, dict)
        and message.get("role") == "assistant"
        and not message.get("is_demo")
    ]
    calls: dict[int, tuple[ToolCall, ...]] = {}
    position = 0
    for index, item in enumerate(items):
        for candidate in range(position, min(position + _RETRIES_SKIPPED, len(replies))):
            if replies[candidate].get("action") == item.get("action"):
                position = candidate + 1
                if found := _calls_of(replies[candidate]):
                    calls[index] = found
                break
    return calls


def _calls_of(reply: dict[str, Any]) -> tuple[ToolCall, ...]:
    calls = []
    for call in as_list(reply.get("tool_calls")):
        function = as_object(as_object(call).get("function"))
        name = as_text(function.get("name"))
        if name:
            arguments = as_arguments(function.get("arguments"))
            calls.append(ToolCall(name, arguments, as_text(as_object(call).get("id"))))
    return tuple(calls)


def _read_step(item: dict[str, Any], structured: tuple[ToolCall, ...]) -> ParsedStep:
    action = as_text(item.get("action"))
    is_note = _EXIT_NOTE.fullmatch(action.strip()) is not None and not structured
    calls = () if is_note else structured or _call_of_text(action)
    content = item.get("observation")
    call_id = calls[0].tool_call_id if len(calls) == 1 else ""
    observations = () if content is None else (Observation(as_text(content), call_id),)
    extra: dict[str, Any] = {"state": item["state"]} if item.get("state") else {}
    if is_note:
        extra["exit_note"] = action.strip()
    return ParsedStep(
        thought=_thought(item),
        tool_calls=calls,
        observations=observations,
        duration_seconds=as_duration(item.get("execution_time")),
        extra=extra,
    )


def _thought(item: dict[str, Any]) -> str:
    """Return the thought; where it is missing altogether, the raw reply of the model."""
    value = item.get("thought")
    return as_text(item.get("response")) if value is None else as_text(value)


def _call_of_text(action: str) -> tuple[ToolCall, ...]:
    """Make a call of an action that is only text: its first word is the command."""
    words = action.split(maxsplit=1)
    if not words:
        return ()
    name = words[0] if words[0] in COMMANDS else "bash"
    return (ToolCall(name, {"command": action}),)
