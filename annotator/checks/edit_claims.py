"""What a text claims of the agent's edits: the first, the last, of tests. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from annotator.checks.conduct_grammar import (
    END,
    GOLD,
    NEVER,
    PART_OF_TIME,
    Claim,
    EditAt,
    NoTestsChanged,
    is_supposed,
    plainly,
    who_edits,
)

_CHANGE = r"(?:edits?|edited|changes?|changed|touch(?:es|ed)?|modif(?:y|ies|ied)|writes?|wrote)"
_A_TEST = (
    r"(?:(?:any|a|one|single|the|of the|existing|new|regression|unit)\s+)*tests?(?: files?)?\b"
    r"(?! (?:script|runner|command|run|suite|output|patch|name))"
)
_NO_TESTS_CHANGED = (
    re.compile(rf"\b{NEVER}(?:{_CHANGE}|(?P<adds>adds?|added))\s+{_A_TEST}{END}", re.IGNORECASE),
    re.compile(
        rf"\b(?:{_CHANGE}|(?P<adds>adds?|added))\s+(?:no|none of the)\s+{_A_TEST}{END}",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:no|none of the)\s+(?:existing\s+)?tests?(?: files?)?\s+(?:is|are|was|were)\s+"
        rf"(?:ever\s+)?(?:changed|edited|touched|modified|written|(?P<adds>added)){END}",
        re.IGNORECASE,
    ),
)
_EDIT_AT = re.compile(
    r"\b(?:the|its|agent['’]s)\s+(?:very\s+)?(?P<which>first|last|final)\s+(?:edit|change)\s+"
    r"(?:of (?:the )?(?:code|source)\s+)?(?:is|was|comes|came|happens|happened|stands)\s+"
    rf"(?:made\s+|done\s+)?(?:in|at|with)\s+step (?P<step>\d{{1,5}}){END}",
    re.IGNORECASE,
)
_FIRST_EDITS_IN = re.compile(
    r"\b(?P<which>first|last)\s+(?:edits|edited|changes|changed)\s+(?:any |the |its )?"
    rf"(?:code|source|file|anything|something)\s+(?:in|at)\s+step (?P<step>\d{{1,5}}){END}",
    re.IGNORECASE,
)
_NOTHING_BEFORE = re.compile(
    r"\b(?:(?:makes|made|does|did)\s+no (?:\w+ )?(?:edit|change)s?|"
    r"(?:edits|edited|changes|changed)\s+(?:nothing|no (?:\w+ )?files?))\s+(?:before|until)\s+"
    rf"step (?P<step>\d{{1,5}}){END}",
    re.IGNORECASE,
)
_NOTHING_AFTER = (
    re.compile(
        r"\b(?:after|since)\s+step (?P<step>\d{1,5}),?\s+(?:no (?:\w+ )?(?:file|code|source)s?|"
        r"nothing)\s+(?:is|was|were|are|has been)\s+(?:ever\s+)?(?:changed|edited|touched|modified)"
        rf"(?: any ?more| again)?{END}",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:after|since)\s+step (?P<step>\d{1,5}),?\s+(?:the agent|it)\s+(?:"
        r"(?:edits|edited|changes|changed|touches|touched|modifies|modified)\s+"
        r"(?:nothing|no (?:\w+ )?files?)|"
        r"(?:makes|made|does|did)\s+no (?:more |further |other )?(?:edit|change)s?)"
        rf"(?: any ?more| again)?{END}",
        re.IGNORECASE,
    ),
    re.compile(
        r"\b(?:edits|edited|changes|changed)\s+nothing\s+(?:more\s+|else\s+)?(?:after|since)\s+"
        rf"step (?P<step>\d{{1,5}}){END}",
        re.IGNORECASE,
    ),
)


def no_tests_changed(said: str) -> Iterator[Claim]:
    """Yield that a sentence says no test was changed, or none added."""
    for pattern in _NO_TESTS_CHANGED:
        match = pattern.search(said)
        if match is None or PART_OF_TIME.search(said):
            continue
        who = who_edits(said, match.start())
        if who and not is_supposed(said, match.start()):
            yield NoTestsChanged(said, who, bool(match["adds"]))
            return


def edits_at(said: str) -> Iterator[Claim]:
    """Yield where a sentence says that the first or last edit is, or that there is none."""
    for pattern in (_EDIT_AT, _FIRST_EDITS_IN):
        for match in pattern.finditer(said):
            if not is_supposed(said, match.start()) and not GOLD.search(said):
                which: Literal["first", "last"] = "first" if match["which"] == "first" else "last"
                yield EditAt(said, "agent", which, int(match["step"]))
    for pattern in _NOTHING_AFTER:
        for match in pattern.finditer(said):
            if not is_supposed(said, match.start()):
                yield EditAt(said, "agent", "none after", int(match["step"]))
    for match in _NOTHING_BEFORE.finditer(said):
        if plainly(said, match.start()):
            yield EditAt(said, "agent", "none before", int(match["step"]))
