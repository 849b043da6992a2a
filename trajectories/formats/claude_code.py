"""Claude Code: session JSONL, its stream-json (also as other tools record it), and web exports.

One reply of the model is several records with the same `message.id`; the results of its calls are
user records. A sub-agent's records stand among the others where they happened: marked
`isSidechain` in a session, by `parent_tool_use_id` in a stream; newer versions write them to a file
of their own, which the step names. After a compaction the model sees
a summary instead of what came before: that is a step of its own. iFlow CLI writes the same records.
https://docs.claude.com/en/docs/claude-code
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from trajectories.formats.base import JsonLines, Observation, ParsedTrajectory, ToolCall
from trajectories.formats.turns import Turn, condensation
from trajectories.formats.values import (
    as_arguments,
    as_cost,
    as_list,
    as_number,
    as_object,
    as_text,
)

_SUMMARY_START = "This session is being continued from a previous conversation"
_EXIT_CODE = re.compile(r"\A(?:Error: )?Exit code (\d{1,5})\b")
_DELEGATING = {"Task", "Agent"}
# What the program writes in place of a model's name.
_NO_MODEL = "<synthetic>"


class ClaudeCodeReader:
    """Reads one session per file."""

    def recognises(self, document: Any) -> bool:
        if isinstance(document, JsonLines):
            return any(_is_record(item) for item in document.objects)
        return isinstance(document, dict) and (
            isinstance(document.get("loglines"), list) or _is_record(document)
        )

    def read(self, document: Any) -> Sequence[ParsedTrajectory]:
        if isinstance(document, JsonLines) or "loglines" not in document:
            # A session of one record is an object, not lines.
            lines = document.numbered if isinstance(document, JsonLines) else [(1, document)]
            values = [value for _, value in lines]
            name = "claude-code" if any(map(_is_of_session, values)) else "claude-code-stream"
        else:
            values, name = document["loglines"], "claude-code-web"
        records = [value for value in values if isinstance(value, dict)]
        session = _Session()
        for record in records:
            session.take(record)
        n_skipped = len(values) - len(records)
        return [
            ParsedTrajectory(
                format=name,
                agent_name="iFlow CLI" if any(map(_is_iflow, records)) else "Claude Code",
                model_name=_model(records),
                exit_status=as_text(session.result.get("subtype")),
                cost_usd=as_cost(session.result.get("total_cost_usd")),
                duration_seconds=_seconds(session.result.get("duration_ms")),
                steps=tuple(turn.step() for turn in session.turns),
                remark=f"Lines skipped, as they hold no object: {n_skipped}." if n_skipped else "",
            )
        ]


def _is_of_session(value: Any) -> bool:
    return isinstance(value, dict) and "parentUuid" in value and "sessionId" in value


def _is_iflow(record: dict[str, Any]) -> bool:
    """Tell iFlow CLI, which writes the same records, by its ids: Claude Code's are bare UUIDs."""
    return as_text(record.get("sessionId")).startswith("session-")


def _is_record(value: dict[str, Any]) -> bool:
    """Tell a reply or a result; other agents write records of the same `type` without a role."""
    message = value.get("message")
    return (
        value.get("type") in ("assistant", "user")
        and isinstance(message, dict)
        and message.get("role") == value["type"]
    )


class _Session:
    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.result: dict[str, Any] = {}
        self._by_reply: dict[str, Turn] = {}
        self._by_call: dict[str, Turn] = {}
        # The sub-agent that a record or a delegating call belongs to or starts.
        self._by_record: dict[str, dict[str, Any]] = {}
        self._by_task: dict[str, dict[str, Any]] = {}
        self._by_prompt: dict[str, dict[str, Any]] = {}
        self._compaction: Turn | None = None

    def take(self, record: dict[str, Any]) -> None:
        kind, message = as_text(record.get("type")), as_object(record.get("message"))
        if kind in {"system", "result"}:
            self._note(kind, message or record)
            return
        if kind not in {"assistant", "user"}:
            return
        agent = self._agent_of(record, message)
        if kind == "assistant":
            self._reply(record, message, agent)
        else:
            self._answer(record, message)

    def _note(self, kind: str, noted: dict[str, Any]) -> None:
        if kind == "result":
            self.result = noted
        elif noted.get("subtype") == "compact_boundary":
            self._compaction = self._condense("")

    def _agent_of(self, record: dict[str, Any], message: dict[str, Any]) -> dict[str, Any] | None:
        """Return the sub-agent that wrote the record: by its call, its parent, or its prompt."""
        agent = self._by_task.get(as_text(record.get("parent_tool_use_id")))
        if agent is None and record.get("isSidechain") is True:
            agent = self._by_record.get(as_text(record.get("parentUuid")))
            agent = agent or self._by_prompt.get(as_text(message.get("content")))
            agent = agent or {"name": "sidechain", "depth": 1}
        if agent and record.get("uuid"):
            self._by_record[as_text(record["uuid"])] = agent
        return agent

    def _reply(
        self, record: dict[str, Any], message: dict[str, Any], agent: dict[str, Any] | None
    ) -> None:
        self._compaction = None
        reply_id = as_text(message.get("id"))
        turn = self._by_reply.get(reply_id) if reply_id else None
        if turn is None:
            turn = Turn(timestamp=as_text(record.get("timestamp")))
            turn.extra = {"agent": agent} if agent else {}
            self.turns.append(turn)
            self._by_reply[reply_id] = turn
        turn.cost_usd = as_cost(record.get("costUSD")) or turn.cost_usd
        for block in _blocks(message.get("content")):
            if as_object(block).get("type") == "tool_use":
                self._call(turn, block, agent)
            else:
                turn.thoughts.append(_said(block))

    def _call(self, turn: Turn, block: dict[str, Any], agent: dict[str, Any] | None) -> None:
        call_id, name = as_text(block.get("id")), as_text(block.get("name")) or "tool"
        arguments = as_arguments(block.get("input"))
        if call_id and any(call.tool_call_id == call_id for call in turn.calls):
            return
        turn.calls.append(ToolCall(name, arguments, call_id))
        if call_id:
            self._by_call[call_id] = turn
        if name in _DELEGATING and isinstance(arguments, dict):
            depth = 1 + (agent["depth"] if agent else 0)
            started = {"name": as_text(arguments.get("subagent_type")) or name, "depth": depth}
            self._by_task[call_id] = started
            self._by_prompt[as_text(arguments.get("prompt"))] = started

    def _answer(self, record: dict[str, Any], message: dict[str, Any]) -> None:
        """Take results, a summary, or what the user says after the first reply."""
        said = []
        for block in _blocks(message.get("content")):
            if as_object(block).get("type") == "tool_result":
                self._result(record, block)
            else:
                said.append(_said(block))
        text = "\n".join(filter(None, said))
        if not text or record.get("isMeta") is True:
            return
        is_summary = record.get("isCompactSummary") is True or text.startswith(_SUMMARY_START)
        if is_summary or self._compaction:
            turn = self._compaction or self._condense(as_text(record.get("timestamp")))
            turn.thoughts = [text]
            turn.extra["condensation"]["summary_chars"] = len(text)
            turn.timestamp = as_text(record.get("timestamp"))
            self._compaction = None
        elif record.get("isSidechain") is not True and not record.get("parent_tool_use_id"):
            own = [turn for turn in self.turns if "agent" not in turn.extra]
            if own:
                own[-1].observations.append(Observation(text))

    def _result(self, record: dict[str, Any], block: dict[str, Any]) -> None:
        call_id = as_text(block.get("tool_use_id"))
        turn = self._by_call.get(call_id) or (self.turns[-1] if self.turns else None)
        if turn is None:
            turn = Turn(timestamp=as_text(record.get("timestamp")))
            self.turns.append(turn)
        content = as_text(block.get("content"))
        if block.get("is_error") is True:
            turn.extra["is_error"] = True
        coded = _EXIT_CODE.match(content)
        observation = Observation(content, call_id, int(coded[1]) if coded else None)
        turn.answer(observation, as_text(record.get("timestamp")))
        delegate = self._by_task.get(call_id)
        agent_id = as_text(as_object(record.get("toolUseResult")).get("agentId"))
        if delegate and agent_id and not self._has_steps_of(delegate):
            # Where Claude Code keeps a sub-agent's records since its version 2.
            turn.extra.setdefault("elsewhere", []).append(f"agent-{agent_id}.jsonl")

    def _has_steps_of(self, agent: dict[str, Any]) -> bool:
        return any(turn.extra.get("agent") is agent for turn in self.turns)

    def _condense(self, timestamp: str) -> Turn:
        """Begin a step for the summary that replaces the main agent's steps since the last one."""
        n_steps = 0
        for turn in reversed(self.turns):
            if "condensation" in turn.extra:
                break
            n_steps += "agent" not in turn.extra
        turn = Turn(timestamp=timestamp, extra=condensation("", n_steps))
        self.turns.append(turn)
        return turn


def _blocks(content: Any) -> Iterator[Any]:
    yield from as_list(content) if isinstance(content, list) else [content]


def _said(block: Any) -> str:
    """Return what a block says: text, thinking, or anything else as it would be quoted."""
    kind = block.get("type") if isinstance(block, dict) else ""
    if kind == "thinking":
        return as_text(block.get("thinking"))
    if kind == "redacted_thinking":
        return "[thinking that the model's maker has hidden]"
    return as_text([block]) if isinstance(block, dict) else as_text(block)


def _model(records: list[dict[str, Any]]) -> str:
    named = (as_text(as_object(record.get("message")).get("model")) for record in records)
    return next((name for name in named if name and name != _NO_MODEL), "")


def _seconds(milliseconds: Any) -> float | None:
    number = as_number(milliseconds)
    return number / 1000 if number is not None and number >= 0 else None
