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
    """Name a citation by what it points at: core.py:3–4 (gold patch), step 5 observation …"""
    target = citation["target"]
    match citation["kind"]:
        case "file":
            return f"{_lines(target)} ({target['tree']})"
        case "patch":
            return f"{_lines(target)} ({target['which']} patch)"
        case "issue":
            return f"issue “{shorten(citation['quote'], 30)}”"
        case "test":
            return f"test {target['test_id']}"
        case "probe":
            return f"check: {shorten(citation['quote'], 80)}"
        case kind:
            return f"step {target['step']} {kind.replace('_', ' ')}"


def cited_title(content: Content, step_uid: UUID | str | None, uid: UUID | str) -> str:
    """Name a citation of a reasoning step, also where it was removed since."""
    step = find_step(content, step_uid)
    citation = find_citation(step, uid) if step else None
    return citation_title(citation) if citation else "a citation that was removed"


def anchor_title(
    content: Content, step_uid: UUID | str | None, citation_uid: UUID | str | None
) -> str:
    """Say in words what a thread is about."""
    if step_uid is None:
        return "the whole submission"
    title = step_title(content, step_uid)
    return f"{title}, {cited_title(content, step_uid, citation_uid)}" if citation_uid else title


def _lines(target: dict[str, Any]) -> str:
    """Write a line range: pkg/core.py:3 or pkg/core.py:3–5."""
    start, end = target["start_line"], target["end_line"]
    return f"{target['path']}:{start}" if start == end else f"{target['path']}:{start}–{end}"
