"""The edit log in words."""

from __future__ import annotations

from annotator.models import Edit
from annotator.services.whole import JUDGEMENT, WAIVER
from annotator.step_fields import LABELS
from trajectories.text import shorten

_WORDS = {
    "create": "a new step",
    "load": "loading it from a file",
    "delete": "removing a step",
    "restore": "bringing a step back",
    "move": "moving a step",
    "cite": "a citation",
    "uncite": "removing a citation",
    "check": "a check",
    "uncheck": "removing a check",
    "hand over": "handing evidence to another step",
    "anchor": "placing a citation anew",
    "diagnosis": "the first diagnosis",
    "diagnosis committed": "committing the first diagnosis",
}


def what_was_done(edit: Edit) -> str:
    """Say in a few words what an edit did, and to which step."""
    if edit.action == "whole":
        return _whole(list(edit.changes))
    if edit.action != "update":
        return _WORDS.get(edit.action, edit.action) + _about(edit)
    fields = ", ".join(LABELS[name].lower() for name in edit.changes if name in LABELS)
    return f"a change of {fields}{_about(edit)}"


def _about(edit: Edit) -> str:
    claim = edit.reasoning_step.claim if edit.reasoning_step else ""
    return f" (“{shorten(claim, 40)}”)" if claim else ""


def _whole(names: list[str]) -> str:
    if all(name.startswith(JUDGEMENT) for name in names):
        steps = sorted(int(name.removeprefix(JUDGEMENT)) for name in names)
        return f"the judgement of step{'s' if len(steps) > 1 else ''} {', '.join(map(str, steps))}"
    if any(name.startswith(WAIVER) for name in names):
        return "a waiver"
    return "a change of the overview"
