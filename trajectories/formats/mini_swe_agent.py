"""mini-swe-agent `.traj.json` files: a bare message list, and formats -1 and -1.1.

A step is an assistant message; what follows it until the next one is its observation. The last
message may have the invented role `exit`, which is no turn.
https://mini-swe-agent.com/latest/usage/output_files/
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
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
    as_iso_time,
    as_list,
    as_number,
    as_object,
    as_text,
    is_patch,
)

FORMAT_PREFIX = "mini-swe-agent-"
_FENCE = re.compile(r"```(?:bash|sh|mswea_bash_command)[ \t]*\r?\n(.*?)\r?\n?```", re.DOTALL)
_THOUGHT_LABEL = re.compile(r"\A\s*THOUGHT:\s*")
# <returncode>0</returncode>\n<output>\n…</output>, the whole message
_RENDERED = re.compile(
    r"\s*<returncode>(-?\d+)</returncode>\s*<output>\n?(.*)</output>\s*", re.DOTALL
)
_RETURN_CODE = re.compile(r"\s*<returncode>(-?\d+)</returncode>")
_FINAL_COMMANDS = ("COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT", "MINI_SWE_AGENT_FINAL_OUTPUT")
_KEPT_INFO = ("mini_version", "model_stats", "exception_str")
_ROLES = {"system", "user", "assistant", "tool", "exit"}


class MiniSweAgentReader:
    """Reads one run per file."""

    def recognises(self, document: Any) -> bool:
        if isinstance(document, dict):
            return as_text(document.get("trajectory_format")).startswith(FORMAT_PREFIX)
        return _is_bare_list(document)

    def read(self, document: Any) -> Sequence[ParsedTrajectory]:
        if isinstance(document, list):
            return [_read_bare_list(document)]
        messages = document.get("messages")
        if not isinstance(messages, list):
            raise UnreadableTrajectory("This mini-swe-agent file has no list of messages.")
        return [_read_run(document, _only_objects(messages))]


def _is_bare_list(document: Any) -> bool:
    """Tell the oldest form from other chats: replies hold a command in a fenced block."""
    if not isinstance(document, list) or not document:
        return False
    if not all(isinstance(m, dict) and as_text(m.get("role")) in _ROLES for m in document):
        return False
    replies = [as_text(m.get("content")) for m in document if m.get("role") == "assistant"]
    return bool(replies) and any(_FENCE.search(reply) for reply in replies)


def _only_objects(messages: list[Any]) -> list[dict[str, Any]]:
    for index, message in enumerate(messages):
        if not isinstance(message, dict):
            raise UnreadableTrajectory(
                f"messages[{index}] of this mini-swe-agent file is not an object."
            )
    return messages


def _read_bare_list(messages: list[dict[str, Any]]) -> ParsedTrajectory:
    steps = _read_steps(messages)
    return ParsedTrajectory(
        format="mini-swe-agent",
        agent_name="mini-swe-agent",
        steps=steps,
        model_patch=_patch_of_last_step(steps),
    )


def _patch_of_last_step(steps: tuple[ParsedStep, ...]) -> str | None:
    """Return the output of the final command: the oldest form keeps the patch nowhere else."""
    if not steps or not steps[-1].tool_calls or not steps[-1].observations:
        return None
    command = as_text(as_object(steps[-1].tool_calls[-1].arguments).get("command"))
    output = steps[-1].observations[-1].content
    is_final = any(marker in command for marker in _FINAL_COMMANDS)
    return output if is_final and output.strip() and is_patch(output) else None


def _read_run(document: dict[str, Any], messages: list[dict[str, Any]]) -> ParsedTrajectory:
    info = as_object(document.get("info"))
    last = messages[-1] if messages and messages[-1].get("role") == "exit" else {}
    end = as_object(last.get("extra"))
    submission = info.get("submission", end.get("submission"))
    patch = None if submission is None else as_text(submission)
    extra: dict[str, Any] = {key: info[key] for key in _KEPT_INFO if key in info}
    if patch is not None and not is_patch(patch):
        extra["submission"] = patch
        patch = None
    # A repaired patch may differ from the one the run ended with: both are evidence.
    if end.get("submission") not in (None, submission):
        extra["submission_at_exit"] = as_text(end["submission"])
    if last and as_text(last.get("content")) != as_text(end.get("submission")):
        extra["exit_message"] = as_text(last.get("content"))
    steps = _read_steps(messages)
    return ParsedTrajectory(
        format=as_text(document["trajectory_format"]),
        agent_name="mini-swe-agent",
        instance_id=as_text(document.get("instance_id")),
        model_name=_model_name(info),
        exit_status=as_text(info.get("exit_status") or end.get("exit_status")),
        model_patch=patch,
        cost_usd=as_cost(as_object(info.get("model_stats")).get("instance_cost")),
        duration_seconds=_span(messages),
        steps=steps,
        extra=extra,
    )


def _model_name(info: dict[str, Any]) -> str:
    return as_text(as_object(as_object(info.get("config")).get("model")).get("model_name"))


def _span(messages: list[dict[str, Any]]) -> float | None:
    times = [time for message in messages if (time := _time(message)) is not None]
    return max(times) - min(times) if len(times) > 1 else None


def _time(message: dict[str, Any]) -> float | None:
    return as_number(as_object(message.get("extra")).get("timestamp"))


@dataclass
class _Turn:
    """An assistant message and the messages that answer it."""

    reply: dict[str, Any]
    answers: list[dict[str, Any]] = field(default_factory=list)


def _read_steps(messages: list[dict[str, Any]]) -> tuple[ParsedStep, ...]:
    """Return one step per assistant message; what comes before the first is the prompt."""
    turns: list[_Turn] = []
    for message in messages:
        role = message.get("role")
        if role == "assistant":
            turns.append(_Turn(message))
        elif role in ("user", "tool") and turns:
            turns[-1].answers.append(message)
    return tuple(_read_turn(turn) for turn in turns)


def _read_turn(turn: _Turn) -> ParsedStep:
    thought, calls = _thought_and_calls(turn.reply)
    extra = as_object(turn.reply.get("extra"))
    only_call = calls[0].tool_call_id if len(calls) == 1 else ""
    return ParsedStep(
        thought=thought,
        tool_calls=calls,
        observations=tuple(_read_answer(answer, only_call) for answer in turn.answers),
        duration_seconds=_answer_time(turn),
        cost_usd=as_cost(extra.get("cost")),
        timestamp=as_iso_time(extra.get("timestamp")),
    )


def _answer_time(turn: _Turn) -> float | None:
    """Return the seconds from the reply to its last answer."""
    start = _time(turn.reply)
    ends = [time for answer in turn.answers if (time := _time(answer)) is not None]
    return max(0.0, max(ends) - start) if ends and start is not None else None


def _thought_and_calls(reply: dict[str, Any]) -> tuple[str, tuple[ToolCall, ...]]:
    """Take the calls from where this generation keeps them: tool_calls, extra.actions, the text."""
    content = as_text(reply.get("content"))
    calls = tuple(_structured_calls(reply))
    if not calls:
        fences = _FENCE.findall(content)
        # The agent runs a reply only if it holds exactly one block.
        if len(fences) == 1:
            calls = (ToolCall("bash", {"command": fences[0]}),)
            content = _FENCE.sub("", content).rstrip()
    content = _THOUGHT_LABEL.sub("", content)
    reasoning = _reasoning(reply)
    return "\n\n".join(part for part in (reasoning, content) if part.strip()), calls


def _structured_calls(reply: dict[str, Any]) -> list[ToolCall]:
    calls = []
    for call in as_list(reply.get("tool_calls")):
        function = as_object(as_object(call).get("function"))
        if name := as_text(function.get("name")):
            arguments = as_arguments(function.get("arguments"))
            calls.append(ToolCall(name, arguments, as_text(as_object(call).get("id"))))
    if calls:
        return calls
    actions = as_list(as_object(reply.get("extra")).get("actions"))
    return [
        ToolCall(
            "bash", {"command": as_text(action["command"])}, as_text(action.get("tool_call_id"))
        )
        for action in actions
        if isinstance(action, dict) and action.get("tool_call_id") and action.get("command")
    ]


def _reasoning(reply: dict[str, Any]) -> str:
    """Return the model's reasoning, which some providers keep beside an empty content."""
    reasoning = as_text(reply.get("reasoning_content"))
    if reasoning or as_text(reply.get("content")):
        return reasoning
    response = as_object(as_object(reply.get("extra")).get("response"))
    choice = as_object((as_list(response.get("choices")) or [None])[0])
    return as_text(as_object(choice.get("message")).get("reasoning_content"))


def _read_answer(message: dict[str, Any], only_call: str) -> Observation:
    """Take the output out of its frame; a shortened one keeps the frame, as the agent saw it."""
    extra = as_object(message.get("extra"))
    content = as_text(message.get("content")) or as_text(extra.get("raw_output"))
    rendered = _RENDERED.fullmatch(content)
    coded = _RETURN_CODE.match(content)
    code = as_number(extra.get("returncode"))
    if code is None and coded is not None:
        code = as_number(int(coded.group(1)[:12]))
    return Observation(
        content=rendered.group(2) if rendered else content,
        tool_call_id=as_text(message.get("tool_call_id")) or only_call,
        exit_code=None if code is None else int(code),
    )
