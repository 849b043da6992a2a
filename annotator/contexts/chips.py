"""A citation as a chip: what it is called, and where its place opens."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse

from annotator.citations.anchors import Anchor, AnchorState
from annotator.citations.targets import (
    CallTarget,
    FileTarget,
    IssueTarget,
    ObservationTarget,
    PatchTarget,
    ProbeTarget,
    Target,
    TestTarget,
    ThoughtTarget,
    as_json,
    read_target,
)
from annotator.models import (
    Citation,
)
from trajectories.models import Trajectory


@dataclass(frozen=True)
class Chip:
    """A citation as a chip: what it is called, and where its place opens."""

    uid: UUID
    label: str
    quote: str
    kind: str
    pane: str
    query: dict[str, object]
    url: str
    # Trajectory step it cites, for the marks in the outline.
    step: int | None
    # What it points into, for the marks in the evidence.
    target: dict[str, object]
    # Where it stands on a page of its own rather than in a pane.
    page: str = ""
    # What has become of it; empty where nobody looked.
    state: str = ""
    # Why it is not exact any more.
    trouble: str = ""

    @property
    def is_exact(self) -> bool:
        return self.state in ("", AnchorState.EXACT)

    @property
    def is_moved(self) -> bool:
        return self.state == AnchorState.MOVED

    @property
    def target_json(self) -> str:
        return json.dumps(self.target)

    @property
    def href(self) -> str:
        return self.page or "?" + urlencode(self.query)


def chip(citation: Citation, trajectory: Trajectory, anchor: Anchor | None = None) -> Chip:
    """Show a citation; `anchor` is what has become of it, where that was looked at."""
    target = read_target(citation.kind, citation.target)
    pane, query, url = _place(target, citation, trajectory.pk)
    return Chip(
        uid=citation.uid,
        label=_label(target, citation),
        quote=citation.quote,
        kind=citation.kind,
        pane=pane,
        query=query,
        url=url,
        step=getattr(target, "step", None),
        target=as_json(target),
        page=url if isinstance(target, ProbeTarget) else "",
        state=anchor.state if anchor else "",
        trouble=anchor.reason if anchor else "",
    )


def _label(target: Target, citation: Citation) -> str:
    match target:
        case FileTarget() | PatchTarget():
            lines = _lines(target).replace("-", "–")
            name = target.path.rpartition("/")[2]
            where = target.tree if isinstance(target, FileTarget) else target.which
            return f"{name}:{lines} ({where})"
        case IssueTarget():
            return f"issue “{_short(citation.quote, 24)}”"
        case TestTarget():
            return f"{citation.quote.partition(' ')[0]} {_short_test(target.test_id)}"
        case ProbeTarget():
            return f"check: {_short(citation.quote, 40)}"
        case _:
            part = {"thought": "thought", "tool_call": "call"}.get(citation.kind, "output")
            return f"step {target.step} {part}"


def _place(target: Target, citation: Citation, pk: int) -> tuple[str, dict[str, object], str]:
    """Return the pane, the page's query parameters and the fragment that show the target."""
    query: dict[str, object]
    match target:
        case FileTarget():
            query = {"path": target.path, "line": _lines(target)}
            url = reverse("trajectories:files", args=[pk, target.tree])
            return "left", {"left": "files", "tree": target.tree, **query}, _with(url, query)
        case PatchTarget():
            query = {"file": target.path, "at": f"{target.side[0]}{target.start_line}"}
            url = reverse("trajectories:diff", args=[pk, target.which])
            return "right", {"right": target.which, **query}, _with(url, query)
        case IssueTarget():
            return "left", {"left": "issue"}, reverse("trajectories:issue", args=[pk])
        case TestTarget():
            query = {"test": target.test_id}
            url = reverse("validation:tests", args=[pk])
            return "right", {"right": "tests", **query}, _with(url, query)
        case ProbeTarget():
            return "", {}, reverse("validation:probe", args=[target.probe])
        case _:
            query = {"part": f"{_part(target)}@{citation.start}-{citation.end}"}
            url = reverse("trajectories:step", args=[pk, target.step])
            return "left", {"left": "step", "step": target.step, **query}, _with(url, query)


def _lines(target: FileTarget | PatchTarget) -> str:
    first, last = target.start_line, target.end_line
    return f"{first}" if first == last else f"{first}-{last}"


def _part(target: ThoughtTarget | CallTarget | ObservationTarget) -> str:
    """Return what addresses call the part of a step."""
    match target:
        case CallTarget():
            return f"call-{target.index}"
        case ObservationTarget():
            return f"output-{target.index}"
        case _:
            return "thought"


def _with(url: str, query: dict[str, object]) -> str:
    return f"{url}?{urlencode(query)}"


def _short(text: str, chars: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= chars else f"{text[: chars - 1]}…"


def _short_test(test_id: str) -> str:
    return _short(test_id.rpartition("/")[2], 40)
