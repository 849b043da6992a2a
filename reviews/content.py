"""Read the frozen content of a submission: its reasoning steps, and what an anchor names.

Contents are of any version of the schema; the root cause, which the first two have not, is read
like a step of the kind `root_cause`.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from annotator.contexts.reading import as_step
from trajectories.text import shorten

Content = dict[str, Any]
StepContent = dict[str, Any]
CitationContent = dict[str, Any]

TITLE_CHARS = 60


def reasoning_steps(content: Content) -> list[StepContent]:
    """Return the chain, in order."""
    steps: list[StepContent] = content["reasoning_steps"]
    return steps


def root_cause_of(content: Content) -> StepContent | None:
    root_cause = content.get("root_cause")
    return as_step(root_cause) if root_cause else None


def all_steps(content: Content) -> list[StepContent]:
    """Return all that has evidence: the root cause, where there is one, then the chain."""
    root_cause = root_cause_of(content)
    return [*([root_cause] if root_cause else []), *reasoning_steps(content)]


def find_step(content: Content, uid: UUID | str | None) -> StepContent | None:
    return next((step for step in all_steps(content) if step["uid"] == str(uid)), None)


def find_citation(step: StepContent, uid: UUID | str | None) -> CitationContent | None:
    return next((cited for cited in step["citations"] if cited["uid"] == str(uid)), None)


def step_title(content: Content, uid: UUID | str) -> str:
    """Name a reasoning step by its place and claim: R3 “Printable lacks slots”."""
    root_cause = root_cause_of(content)
    if root_cause and root_cause["uid"] == str(uid):
        return "the root cause"
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
