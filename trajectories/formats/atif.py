"""ATIF, the Agent Trajectory Interchange Format of Harbor, versions 1.x.

A turn of the agent with its observation is one step here; what the user and the system said is not.
A sub-agent's steps, embedded by `subagent_trajectories` since 1.7, stand after the step that
refers to them; a reference to another file is said in the observation. A step of the system that
hands the work to summarising agents, and earlier context is replaced by their words, becomes a step
of its own, marked as a condensation.
https://github.com/harbor-framework/harbor/blob/main/rfcs/0001-trajectory-format.md
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from trajectories.formats.base import (
    Observation,
    ParsedStep,
    ParsedTrajectory,
    ToolCall,
    UnreadableTrajectory,
)
from trajectories.formats.values import as_arguments, as_cost, as_list, as_object, as_text

# Sub-agents of sub-agents end here: a file that embeds itself must not be followed for ever.
_MAX_DEPTH = 5
_KEPT = ("session_id", "trajectory_id", "notes", "continued_trajectory_ref", "final_metrics")
_SUMMARISING = ("summariz", "summaris", "condens", "compact")


class AtifReader:
    """Reads one run per file."""

    def recognises(self, document: Any) -> bool:
        return (
            isinstance(document, dict)
            and as_text(document.get("schema_version")).startswith("ATIF-v1")
            and isinstance(document.get("steps"), list)
        )

    def read(self, document: Any) -> Sequence[ParsedTrajectory]:
        agent = as_object(document.get("agent"))
        steps = tuple(_read_steps(document, depth=0))
        metrics = as_object(document.get("final_metrics"))
        return [
            ParsedTrajectory(
                format=as_text(document["schema_version"]).lower(),
                agent_name=as_text(agent.get("name")),
                model_name=as_text(agent.get("model_name")) or _model_of_steps(document),
                cost_usd=as_cost(metrics.get("total_cost_usd")),
                steps=steps,
                extra={key: document[key] for key in _KEPT if document.get(key)},
            )
        ]


def _model_of_steps(document: dict[str, Any]) -> str:
    names = (as_text(as_object(step).get("model_name")) for step in document["steps"])
    return next(filter(None, names), "")


def _read_steps(document: dict[str, Any], depth: int) -> Iterator[ParsedStep]:
    agent = {"name": as_text(as_object(document.get("agent")).get("name")), "depth": depth}
    embedded = {
        as_text(as_object(child).get("trajectory_id")): as_object(child)
        for child in as_list(document.get("subagent_trajectories"))
    }
    for index, item in enumerate(document["steps"]):
        if not isinstance(item, dict):
            raise UnreadableTrajectory(f"steps[{index}] of this ATIF file is not an object.")
        refs = list(_references(item))
        extra = {"agent": _agent_of(item, agent)} if depth or _is_sidechain(item) else {}
        if item.get("source") == "agent":
            yield _step(item, extra)
        elif refs and _is_condensation(item):
            yield _step(item, extra | {"condensation": _condensation(item)})
        for ref in refs:
            child = embedded.get(as_text(ref.get("trajectory_id")))
            if child and isinstance(child.get("steps"), list) and depth < _MAX_DEPTH:
                yield from _read_steps(child, depth + 1)


def _is_sidechain(item: dict[str, Any]) -> bool:
    """Conversions of Claude Code's sessions mark a sub-agent's steps so, in the main list."""
    return as_object(item.get("extra")).get("is_sidechain") is True


def _agent_of(item: dict[str, Any], agent: dict[str, Any]) -> dict[str, Any]:
    if _is_sidechain(item) and not agent["depth"]:
        return {"name": "sidechain", "depth": 1}
    return agent


def _references(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the sub-agents that a step's results refer to; a lone reference needs no list."""
    for result in as_list(as_object(item.get("observation")).get("results")):
        refs = as_object(result).get("subagent_trajectory_ref")
        yield from (as_object(ref) for ref in (refs if isinstance(refs, list) else [refs]) if ref)


def _is_condensation(item: dict[str, Any]) -> bool:
    said = as_text(item.get("message")).casefold()
    return item.get("source") == "system" and any(word in said for word in _SUMMARISING)


def _condensation(item: dict[str, Any]) -> dict[str, Any]:
    texts = [as_text(as_object(result).get("content")) for result in _results(item)]
    return {"n_steps": None, "summary_chars": sum(map(len, texts))}


def _results(item: dict[str, Any]) -> list[Any]:
    return as_list(as_object(item.get("observation")).get("results"))


def _step(item: dict[str, Any], extra: dict[str, Any]) -> ParsedStep:
    copied = {"is_copied_context": True} if item.get("is_copied_context") is True else {}
    paths = [as_text(ref.get("trajectory_path")) for ref in _references(item)]
    elsewhere = {"elsewhere": named} if (named := list(filter(None, paths))) else {}
    return ParsedStep(
        thought=_thought(item),
        tool_calls=tuple(_calls(item)),
        observations=tuple(_observations(item)),
        cost_usd=as_cost(as_object(item.get("metrics")).get("cost_usd")),
        timestamp=as_text(item.get("timestamp")),
        extra={**extra, **copied, **elsewhere},
    )


def _thought(item: dict[str, Any]) -> str:
    parts = (as_text(item.get("reasoning_content")), as_text(item.get("message")))
    return "\n\n".join(filter(None, parts))


def _calls(item: dict[str, Any]) -> Iterator[ToolCall]:
    for call in as_list(item.get("tool_calls")):
        name = as_text(as_object(call).get("function_name"))
        if name:
            yield ToolCall(
                name, as_arguments(call.get("arguments")), as_text(call.get("tool_call_id"))
            )


def _observations(item: dict[str, Any]) -> Iterator[Observation]:
    for result in _results(item):
        found = as_object(result)
        lines = [as_text(found.get("content"))] if found.get("content") is not None else []
        refs = found.get("subagent_trajectory_ref")
        for ref in refs if isinstance(refs, list) else [refs] if refs else []:
            if path := as_text(as_object(ref).get("trajectory_path")):
                lines.append(f"[a sub-agent's steps are in another file: {path}]")
        if lines:
            yield Observation("\n".join(lines), as_text(found.get("source_call_id")))
