"""Kinds of misstep: a versioned list that a batch fixes.

The kinds follow the failure modes of MAST (Cemri et al. 2025) and the error categories of TRAIL
(Deshpande et al. 2025), in the words of people who review coding agents. A list is never changed
once a batch has used it; a better one is a new version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class Misstep:
    """A kind of misstep; `group` is what people look under."""

    id: str
    group: str
    label: str
    meaning: str


_READING, _REASONING, _ACTING, _CHECKING = (
    "Understanding the task",
    "Reasoning",
    "Acting",
    "Verifying and ending",
)
_VERSION_1 = (
    Misstep("issue-misread", _READING, "Issue misread", "Takes the issue to ask something else."),
    Misstep(
        "requirement-missed", _READING, "Requirement missed", "Leaves out a part that is asked."
    ),
    Misstep("context-lost", _READING, "Context lost", "Forgets what an earlier step established."),
    Misstep("wrong-place", _READING, "Wrong place", "Looks for the cause where it is not."),
    Misstep(
        "unsupported-claim",
        _REASONING,
        "Claim without support",
        "States what nothing shown bears out.",
    ),
    Misstep(
        "output-misread", _REASONING, "Output misread", "Draws from an output what it does not say."
    ),
    Misstep(
        "wrong-cause", _REASONING, "Wrong cause", "Settles on a cause that the evidence refutes."
    ),
    Misstep(
        "says-not-does", _REASONING, "Acts against its words", "Does something else than it says."
    ),
    Misstep(
        "symptom-patched", _ACTING, "Symptom patched", "Changes where it shows, not where it is."
    ),
    Misstep(
        "edge-case-missed",
        _ACTING,
        "Edge case missed",
        "The change is wrong for inputs it must take.",
    ),
    Misstep("breaks-other", _ACTING, "Breaks something else", "The change harms what worked."),
    Misstep("overreach", _ACTING, "Overreach", "Changes what nobody asked to change."),
    Misstep(
        "tool-misused", _ACTING, "Tool misused", "A wrong tool, wrong arguments, or a broken edit."
    ),
    Misstep("repetition", _ACTING, "Repetition", "Does again what was done, to no end."),
    Misstep(
        "not-reproduced",
        _CHECKING,
        "Not reproduced",
        "Never sees the failure before changing code.",
    ),
    Misstep(
        "not-verified", _CHECKING, "Not verified", "Takes the change for right without running it."
    ),
    Misstep("weak-test", _CHECKING, "Test that cannot tell", "Checks what would pass either way."),
    Misstep("test-bent", _CHECKING, "Test bent", "Changes or skips a test to make it pass."),
    Misstep("ended-early", _CHECKING, "Ended early", "Stops before the task is done."),
    Misstep(
        "ended-late", _CHECKING, "Did not end", "Goes on when all is done, or without progress."
    ),
)
MISSTEP_LISTS: Final[Mapping[int, tuple[Misstep, ...]]] = MappingProxyType({1: _VERSION_1})


def missteps_of(version: int) -> dict[str, Misstep]:
    """Return the kinds of a list by id; none for a version that is not known."""
    return {kind.id: kind for kind in MISSTEP_LISTS.get(version, ())}


def grouped_missteps(version: int) -> list[tuple[str, list[Misstep]]]:
    """Return the kinds of a list under their groups."""
    kinds = MISSTEP_LISTS.get(version, ())
    return [(group, list(members)) for group, members in groupby(kinds, lambda kind: kind.group)]
