"""Events of OpenHands V1 (its software agent SDK), told apart by `kind`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trajectories.formats.base import Observation, ParsedStep, ToolCall
from trajectories.formats.images import screenshot_as_text
from trajectories.formats.turns import Turn, condensation
from trajectories.formats.values import as_arguments, as_list, as_number, as_object, as_text

_HIDDEN = frozenset(
    {
        "SystemPromptEvent",
        "PauseEvent",
        "CondensationRequest",
        "ConversationStateUpdateEvent",
        "LLMCompletionLogEvent",
    }
)
_ANSWERS = frozenset({"ObservationEvent", "AgentErrorEvent", "UserRejectObservation"})
# Where an observation says what came back; the first that has text is it.
_TEXT_KEYS = ("content", "output", "message", "error", "detail", "rejection_reason")


def is_v1_event(value: Any) -> bool:
    kind = value.get("kind") if isinstance(value, dict) else None
    return isinstance(kind, str) and (
        kind.endswith("Event") or kind in {"Condensation", "UserRejectObservation"}
    )


def read_v1_events(events: list[dict[str, Any]]) -> Iterator[ParsedStep]:
    """Yield the turns of the agent, an action with its observation each, and condensations."""
    turns: list[Turn] = []
    by_id: dict[str, Turn] = {}
    for event in events:
        kind = as_text(event.get("kind"))
        if kind in _HIDDEN:
            continue
        if (turn := _begin(event, kind, by_id)) is not None:
            turns.append(turn)
            # An observation names the event it answers, an error only the call.
            for key in (event.get("tool_call_id"), event.get("id")):
                if key:
                    by_id[as_text(key)] = turn
        elif not (kind == "MessageEvent" and not turns):
            _answer(event, kind, turns, by_id)
    return (turn.step() for turn in turns)


def _begin(event: dict[str, Any], kind: str, known: dict[str, Turn]) -> Turn | None:
    """Return the turn that the event begins, None for what answers one."""
    turn = Turn(timestamp=as_text(event.get("timestamp")))
    if kind == "ActionEvent":
        turn.thoughts = [_reasoning(event), as_text(event.get("thought"))]
        turn.calls.append(_call(event))
        return turn
    if kind == "MessageEvent" and event.get("source") == "agent":
        message = as_object(event.get("llm_message"))
        turn.thoughts = [_reasoning(message), as_text(message.get("content"))]
        return turn
    if kind == "Condensation":
        summary = as_text(event.get("summary"))
        forgotten = {as_text(item) for item in as_list(event.get("forgotten_event_ids"))}
        turn.thoughts = [summary]
        turn.extra = condensation(summary, len(forgotten & set(known)))
        return turn
    return None


def _answer(event: dict[str, Any], kind: str, turns: list[Turn], by_id: dict[str, Turn]) -> None:
    call_id = as_text(event.get("tool_call_id"))
    turn = by_id.get(as_text(event.get("action_id"))) or by_id.get(call_id)
    if turn is None:
        if not turns:
            turns.append(Turn(timestamp=as_text(event.get("timestamp"))))
        turn = turns[-1]
    if kind == "MessageEvent":
        said = as_text(as_object(event.get("llm_message")).get("content"))
        turn.observations.append(Observation(said))
        return
    found = as_object(event.get("observation")) or event
    text = next(filter(None, (_text(found, key) for key in _TEXT_KEYS)), "")
    if not text and kind not in _ANSWERS:
        # An event of a kind that is not known is shown as it is.
        text = as_text(event)
    text = "\n".join(filter(None, [text, screenshot_as_text(found.get("screenshot_data"))]))
    turn.answer(Observation(text, call_id, _exit_code(found)), as_text(event.get("timestamp")))


def _text(found: dict[str, Any], key: str) -> str:
    value = found.get(key)
    return as_text(value) if isinstance(value, str | list) else ""


def _reasoning(holder: dict[str, Any]) -> str:
    if text := as_text(holder.get("reasoning_content")):
        return text
    blocks = (as_object(block) for block in as_list(holder.get("thinking_blocks")))
    return "\n\n".join(filter(None, (as_text(block.get("thinking")) for block in blocks)))


def _call(event: dict[str, Any]) -> ToolCall:
    action, call = as_object(event.get("action")), as_object(event.get("tool_call"))
    written = call.get("arguments") or as_object(call.get("function")).get("arguments")
    if written is None:
        written = {k: v for k, v in action.items() if k != "kind" and v is not None}
    name = as_text(event.get("tool_name")) or as_text(action.get("kind")) or "action"
    return ToolCall(name, as_arguments(written), as_text(event.get("tool_call_id")))


def _exit_code(found: dict[str, Any]) -> int | None:
    code = as_number(found.get("exit_code"))
    if code is None:
        code = as_number(as_object(found.get("metadata")).get("exit_code"))
    return None if code is None else int(code)
