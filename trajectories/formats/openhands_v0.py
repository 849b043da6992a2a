"""Events of OpenHands V0: actions, and observations whose `cause` is the id of an action."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trajectories.formats.base import Observation, ParsedStep, ToolCall
from trajectories.formats.images import screenshot_as_text
from trajectories.formats.turns import Turn, condensation
from trajectories.formats.values import (
    as_arguments,
    as_cost,
    as_list,
    as_number,
    as_object,
    as_text,
)

# What the program notes for itself is no turn of the agent.
_HIDDEN = frozenset(
    {
        "",
        "agent_state_changed",
        "change_agent_state",
        "condensation_request",
        "null",
        "recall",
        "system",
    }
)
# Fields of an event that are not arguments, in rows that flatten the arguments into the event.
_ENVELOPE = frozenset(
    {
        "id",
        "timestamp",
        "source",
        "message",
        "action",
        "args",
        "tool_call_metadata",
        "llm_metrics",
        "timeout",
        "cause",
    }
)


def read_v0_events(events: list[dict[str, Any]]) -> Iterator[ParsedStep]:
    """Yield the turns of the agent and of those it delegated to, and condensations."""
    run = _Run()
    for event in events:
        if "observation" in event:
            run.observe(event)
        elif "action" in event:
            run.act(event)
    return (turn.step() for turn in run.turns)


class _Run:
    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self._by_id: dict[str, Turn] = {}
        # The agents at work below the main one, each with the turn that delegated to it.
        self._delegates: list[tuple[str, Turn]] = []
        self._spent = 0.0

    def act(self, event: dict[str, Any]) -> None:
        kind, args = as_text(event.get("action")), _args(event)
        if kind in _HIDDEN:
            return
        if event.get("source") == "user":
            self._hear(event, as_text(args.get("content")) or as_text(event.get("message")))
            return
        turn = self._begin(event)
        if kind == "condensation":
            summary = as_text(args.get("summary"))
            turn.thoughts = [summary]
            turn.extra |= condensation(summary, self._n_forgotten(args))
            return
        turn.thoughts = _thoughts(event, args, kind)
        if kind != "message":
            turn.calls.append(_call(event, args, kind))
        if kind == "delegate":
            self._delegates.append((as_text(args.get("agent")) or "delegate", turn))

    def observe(self, event: dict[str, Any]) -> None:
        kind = as_text(event.get("observation"))
        if kind in _HIDDEN:
            return
        turn = self._by_id.get(as_text(event.get("cause")))
        if kind == "delegate" and self._delegates:
            _, delegating = self._delegates.pop()
            turn = turn or delegating
        if turn is None and (kind == "error" or not self.turns):
            # The reply held no call that could be run: a turn all the same.
            turn = self._begin(event)
        turn = turn or self.turns[-1]
        call_id = turn.calls[-1].tool_call_id if turn.calls else ""
        turn.answer(
            Observation(_content(event), call_id, _exit_code(event)),
            as_text(event.get("timestamp")),
        )

    def _begin(self, event: dict[str, Any]) -> Turn:
        turn = Turn(timestamp=as_text(event.get("timestamp")), cost_usd=self._cost(event))
        if self._delegates:
            turn.extra["agent"] = {"name": self._delegates[-1][0], "depth": len(self._delegates)}
        self.turns.append(turn)
        if event.get("id") is not None:
            self._by_id[as_text(event["id"])] = turn
        return turn

    def _hear(self, event: dict[str, Any], said: str) -> None:
        """Keep what the user says after the first turn; before it, it is the task."""
        if self.turns and said:
            self.turns[-1].observations.append(Observation(said))

    def _cost(self, event: dict[str, Any]) -> float | None:
        """Return what was spent since the last event that says what was spent in all."""
        spent = as_number(as_object(event.get("llm_metrics")).get("accumulated_cost"))
        if spent is None:
            return None
        before, self._spent = self._spent, spent
        return as_cost(spent - before)

    def _n_forgotten(self, args: dict[str, Any]) -> int | None:
        """Count the turns among the forgotten events, named one by one or as a range."""
        if isinstance(named := args.get("forgotten_event_ids"), list):
            return len({as_text(item) for item in named} & set(self._by_id))
        first = as_number(args.get("forgotten_events_start_id"))
        last = as_number(args.get("forgotten_events_end_id"))
        if first is None or last is None:
            return None
        numbers = (int(key) for key in self._by_id if key.isdecimal() and len(key) < 12)
        return sum(first <= number <= last for number in numbers)


def _args(event: dict[str, Any]) -> dict[str, Any]:
    if "args" in event:
        return as_object(event["args"])
    return {key: value for key, value in event.items() if key not in _ENVELOPE}


def _reply(event: dict[str, Any]) -> dict[str, Any]:
    """Return the model's own message, which the event keeps a copy of."""
    response = as_object(as_object(event.get("tool_call_metadata")).get("model_response"))
    choice = as_object((as_list(response.get("choices")) or [None])[0])
    return as_object(choice.get("message"))


def _thoughts(event: dict[str, Any], args: dict[str, Any], kind: str) -> list[str]:
    said = as_text(args.get("thought"))
    if kind == "message":
        said = as_text(args.get("content")) or as_text(event.get("message"))
    elif kind == "finish" and not said:
        said = as_text(args.get("final_thought"))
    return [as_text(_reply(event).get("reasoning_content")), said]


def _call(event: dict[str, Any], args: dict[str, Any], kind: str) -> ToolCall:
    """Return the call as the model wrote it, else the action's name and its arguments."""
    named = as_object(event.get("tool_call_metadata"))
    call_id = as_text(named.get("tool_call_id"))
    name = as_text(named.get("function_name")) or kind
    for call in as_list(_reply(event).get("tool_calls")):
        function = as_object(as_object(call).get("function"))
        if call_id and as_object(call).get("id") == call_id and "arguments" in function:
            return ToolCall(name, as_arguments(function["arguments"]), call_id)
    skipped = set() if kind == "think" else {"thought"}
    arguments = {key: value for key, value in args.items() if key not in skipped}
    return ToolCall(name, {k: v for k, v in arguments.items() if v is not None}, call_id)


def _content(event: dict[str, Any]) -> str:
    extras = as_object(event.get("extras"))
    content = event.get("content")
    if not content and event.get("observation") == "delegate":
        content = extras.get("outputs")
    return "\n".join(filter(None, [as_text(content), screenshot_as_text(extras.get("screenshot"))]))


def _exit_code(event: dict[str, Any]) -> int | None:
    extras = as_object(event.get("extras"))
    code = as_number(as_object(extras.get("metadata")).get("exit_code"))
    code = as_number(extras.get("exit_code")) if code is None else code
    return None if code is None else int(code)
