"""What a text claims of where code stands: “`add_months` is defined in dates.py”. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from annotator.checks.conduct_grammar import FILE, QUOTED, clause_before, is_supposed
from annotator.checks.prose import plain, sentences, without_fences


@dataclass(frozen=True)
class CodeClaim:
    sentence: str


@dataclass(frozen=True)
class DefinedIn(CodeClaim):
    """That a name is defined in a file."""

    name: str
    path: str


@dataclass(frozen=True)
class NameAtBase(CodeClaim):
    """That a name is there at base, or is not."""

    name: str
    is_there: bool


@dataclass(frozen=True)
class LinesOfFile(CodeClaim):
    """That a file has so many lines."""

    path: str
    n_lines: int


_NAME = r"`(?P<name>[A-Za-z_][\w.]*)(?:\([^`]*\))?`"
_DEFINED = (
    re.compile(
        rf"{_NAME}\s+(?:is|was|are)\s+(?:\w+ly\s+|itself\s+)?(?:defined|implemented|declared)\s+in\s+"
        rf"(?:the\s+)?(?:file\s+|module\s+)?`?(?P<path>{FILE})`?",
        re.IGNORECASE,
    ),
    re.compile(
        rf"`?(?P<path>{FILE})`?\s+(?:defines|implements|declares)\s+(?:the\s+)?(?:\w+\s+)?{_NAME}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"{_NAME}\s+(?:lives|sits|stands)\s+in\s+(?:the\s+)?(?:file\s+|module\s+)?`?(?P<path>{FILE})`?",
        re.IGNORECASE,
    ),
)
_AT_BASE = r"(?:(?:already|still)\s+)?(?:at|on|in)\s+(?:the\s+)?base\b(?! class)"
_IS = r"(?:is|are|was)\s+(?:already\s+)?"
_THERE = re.compile(
    rf"{_NAME}\s+(?:(?:already\s+)?(?:exists|existed)|{_IS}(?:there|present|defined))\s+{_AT_BASE}",
    re.IGNORECASE,
)
_MISSING = re.compile(
    rf"{_NAME}\s+(?:does not (?:yet )?exist|{_IS}(?:not (?:there|present|defined)|missing|absent))"
    rf"(?:\s+yet)?\s+{_AT_BASE}",
    re.IGNORECASE,
)
_LINES = re.compile(
    rf"(?P<path>{FILE})\s+(?:has|had|is|counts)\s+(?:only\s+|just\s+|exactly\s+)?(?P<n>\d{{1,6}})\s+lines\b"
    r"(?!\s*(?:of|more|less|further|away|below|above|apart))",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:not|never|no|neither|nor|about|some|nearly)\b|n['’]t\b", re.IGNORECASE)
_MOST_CHARS = 2_000


@lru_cache(maxsize=2_000)
def code_claims(text: str) -> tuple[CodeClaim, ...]:
    """Return what a text claims of where code stands."""
    return tuple(claim for sentence in sentences(text) for claim in _of_sentence(sentence))


def _of_sentence(sentence: str) -> Iterator[CodeClaim]:
    said = " ".join(QUOTED.sub(" … ", without_fences(sentence)).split())[:_MOST_CHARS]
    if said.endswith("?"):
        return
    for pattern in _DEFINED:
        for match in pattern.finditer(said):
            if _is_plain(said, match):
                yield DefinedIn(said, _last(match["name"]), match["path"])
    for pattern, is_there in ((_THERE, True), (_MISSING, False)):
        for match in pattern.finditer(said):
            if _is_plain(said, match):
                yield NameAtBase(said, _last(match["name"]), is_there)
    without_ticks = " ".join(plain(said).split())
    for match in _LINES.finditer(without_ticks):
        if _is_plain(without_ticks, match):
            yield LinesOfFile(said, match["path"], int(match["n"]))


def _is_plain(said: str, match: re.Match[str]) -> bool:
    before = clause_before(said, match.start())
    return not is_supposed(said, match.start()) and not _DENIED.search(before)


def _last(name: str) -> str:
    return name.rpartition(".")[2]
