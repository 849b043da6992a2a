"""OpenHands: rows of an evaluation's `output.jsonl`, and event lists exported from its page.

A row is one attempt; its `history` holds events of V0 (`action`/`observation`, in old rows pairs of
them) or of V1 (`kind`). An action with the observations that name it is one step.
https://github.com/All-Hands-AI/OpenHands/tree/main/evaluation
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trajectories.formats.base import (
    JsonLines,
    ParsedStep,
    ParsedTrajectory,
    UnreadableTrajectory,
)
from trajectories.formats.openhands_v0 import read_v0_events
from trajectories.formats.openhands_v1 import is_v1_event, read_v1_events
from trajectories.formats.values import as_cost, as_object, as_text, is_patch

# Any of these beside `history` makes an object a row of output.jsonl.
_ROW_KEYS = ("instance_id", "test_result", "issue", "metadata", "metrics")
_LOOKED_AT = 5


class OpenHandsReader:
    """Reads one run per row, or the one run of an exported list."""

    def recognises(self, document: Any) -> bool:
        if isinstance(document, JsonLines):
            return any(_is_row(item) or is_v1_event(item) for item in document.objects[:_LOOKED_AT])
        if isinstance(document, list):
            return any(_is_event(item) for item in document[:_LOOKED_AT])
        return _is_row(document)

    def read(self, document: Any) -> Sequence[ParsedTrajectory]:
        if isinstance(document, JsonLines):
            if not any(_is_row(item) for item in document.objects[:_LOOKED_AT]):
                return [_read_row({"history": document.objects}, "", "The file")]
            return _read_rows(document)
        row = document if isinstance(document, dict) else {"history": document}
        return [_read_row(row, "", "The file")]


def _is_row(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("history"), list)
        and "trajectory" not in value
        and any(key in value for key in _ROW_KEYS)
        and all(isinstance(event, dict | list) for event in value["history"][:_LOOKED_AT])
        and not any(_is_chat(event) for event in value["history"][:_LOOKED_AT])
    )


def _is_chat(event: Any) -> bool:
    return isinstance(event, dict) and "role" in event


def _is_event(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    return is_v1_event(value) or (
        ("action" in value or "observation" in value) and ("timestamp" in value or "args" in value)
    )


def _read_rows(document: JsonLines) -> list[ParsedTrajectory]:
    rows: list[ParsedTrajectory] = []
    for number, row in document.numbered:
        if not isinstance(row, dict) or not isinstance(row.get("history"), list):
            raise UnreadableTrajectory(f"Line {number} is not a row of OpenHands with a history.")
        rows.append(_read_row(row, f"line {number}", f"Line {number}"))
        if not rows[-1].instance_id:
            raise UnreadableTrajectory(f"Line {number} names no instance id, and is not alone.")
    return rows


def _read_row(row: dict[str, Any], item_key: str, where: str) -> ParsedTrajectory:
    metadata = as_object(row.get("metadata"))
    events = _flat_events(row["history"], where)
    steps, has_finished = _read_events(events)
    model = as_object(metadata.get("llm_config") or metadata.get("llm")).get("model")
    error = as_text(row.get("error"))
    patch = _patch(row)
    kept = {"error": error, "submission": patch if patch and not is_patch(patch) else ""}
    return ParsedTrajectory(
        format="openhands-v1" if any(map(is_v1_event, events)) else "openhands-v0",
        agent_name=as_text(metadata.get("agent_class")) or "OpenHands",
        model_name=as_text(model) or _model_of_events(events),
        instance_id=_instance_id(row),
        item_key=item_key,
        steps=steps,
        exit_status="finished" if has_finished else error.split("\n", 1)[0],
        model_patch=patch if patch is None or is_patch(patch) else None,
        cost_usd=as_cost(as_object(row.get("metrics")).get("accumulated_cost")),
        extra={key: value for key, value in kept.items() if value},
    )


def _flat_events(history: list[Any], where: str) -> list[dict[str, Any]]:
    """Unfold the [action, observation] pairs of old rows; raise for what is no event."""
    events: list[dict[str, Any]] = []
    for index, item in enumerate(history):
        for event in item if isinstance(item, list) else [item]:
            if not isinstance(event, dict):
                raise UnreadableTrajectory(f"{where}: history[{index}] is not an event.")
            events.append(event)
    return events


def _read_events(events: list[dict[str, Any]]) -> tuple[tuple[ParsedStep, ...], bool]:
    if any(map(is_v1_event, events)):
        return tuple(read_v1_events(events)), any(
            as_object(event.get("action")).get("kind") == "FinishAction" for event in events
        )
    return tuple(read_v0_events(events)), any(event.get("action") == "finish" for event in events)


def _instance_id(row: dict[str, Any]) -> str:
    instance = as_object(row.get("instance"))
    found = row.get("instance_id") or instance.get("instance_id") or row.get("id")
    return as_text(found)


def _patch(row: dict[str, Any]) -> str | None:
    for holder in (as_object(row.get("test_result")), row):
        if holder.get("git_patch") is not None:
            return as_text(holder["git_patch"])
    return None


def _model_of_events(events: list[dict[str, Any]]) -> str:
    for event in events:
        reply = as_object(as_object(event.get("tool_call_metadata")).get("model_response"))
        if name := as_text(reply.get("model")):
            return name
    return ""
