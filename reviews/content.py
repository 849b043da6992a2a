"""Read the frozen content of a submission: its reasoning steps, and what an anchor names."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from trajectories.text import shorten

Content = dict[str, Any]
StepContent = dict[str, Any]
CitationContent = dict[str, Any]

TITLE_CHARS = 60


def reasoning_steps(content: Content) -> list[StepContent]:
    steps: list[StepContent] = content["reasoning_steps"]
    return steps


def find_step(content: Content, uid: UUID | str | None) -> StepContent | None:
    return next((step for step in reasoning_steps(content) if step["uid"] == str(uid)), None)


def find_citation(step: StepContent, uid: UUID | str | None) -> CitationContent | None:
    return next((cited for cited in step["citations"] if cited["uid"] == str(uid)), None)


def step_title(content: Content, uid: UUID | str) -> str:
    """Name a reasoning step by its place and claim: R3 “Printable lacks slots”."""
    for number, step in enumerate(reasoning_steps(content), start=1):
        if step["uid"] == str(uid):
            claim = shorten(step["claim"], TITLE_CHARS)
            return f"R{number} “{claim}”" if claim else f"R{number}"
    return "a reasoning step that was removed"


def citation_title(citation: CitationContent) -> str:
    """Name a citation by what it points at: pkg/core.py:3–4, step 5 output, gold patch …"""
    target = citation["target"]
    match citation["kind"]:
        case "file" | "patch":
            lines = _line_range(target.get("start_line"), target.get("end_line"))
            return f"{target.get('path', '')}{lines}"
        case "thought" | "tool_call" | "observation" as kind:
            return f"step {target.get('step')} {kind.replace('_', ' ')}"
        case "test":
            return str(target.get("test_id", "test"))
        case kind:
            return f"{kind} “{shorten(citation['quote'], 30)}”"


def anchor_title(
    content: Content, step_uid: UUID | str | None, citation_uid: UUID | str | None
) -> str:
    """Say in words what a thread is about."""
    if step_uid is None:
        return "the whole submission"
    title = step_title(content, step_uid)
    if citation_uid is None:
        return title
    step = find_step(content, step_uid)
    citation = find_citation(step, citation_uid) if step else None
    cited = citation_title(citation) if citation else "a citation that was removed"
    return f"{title}, {cited}"


def _line_range(start: int | None, end: int | None) -> str:
    if start is None:
        return ""
    return f":{start}" if end in (None, start) else f":{start}–{end}"
