"""What a text claims of the patches: how many files, which, which names go or come. Pure.

Only plain claims are read whose subject is one patch: “the gold patch touches three files”.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from annotator.checks.conduct_grammar import FILE, PATH, QUOTED, clause_before, is_supposed
from annotator.checks.prose import sentences, without_fences

Which = Literal["gold", "model"]


@dataclass(frozen=True)
class PatchClaim:
    """A claim about a patch, and the sentence that makes it."""

    sentence: str
    which: Which


@dataclass(frozen=True)
class FilesCounted(PatchClaim):
    """That it changes so many files; `kind` is the word before, such as Python or test."""

    n_files: int
    kind: str = ""


@dataclass(frozen=True)
class HunksCounted(PatchClaim):
    n_hunks: int


@dataclass(frozen=True)
class FilesChanged(PatchClaim):
    """That it changes files."""

    paths: tuple[str, ...]


@dataclass(frozen=True)
class TestsAdded(PatchClaim):
    """That it holds tests, or (`is_denied`) none; `is_plain`: nothing else can be meant."""

    is_denied: bool
    is_plain: bool

    __test__ = False


@dataclass(frozen=True)
class NamePresent(PatchClaim):
    """That a name of the code is there after the patch, or is not, or (`is_new`) comes with it."""

    name: str
    is_there: bool
    is_new: bool = False


@dataclass(frozen=True)
class SameFiles(PatchClaim):
    """That both patches change the same files."""


_WHO = (
    r"(?:(?P<gold>(?:gold(?:en)?|reference) (?:patch|fix|change|diff))|"
    r"(?P<model>(?:agent|model)['’]s (?:own |final |submitted )?(?:patch|fix|change|diff)|"
    r"model (?:patch|diff)))"
)
_ADVERBS = r"(?:(?:also|itself|in fact|then|just|only|alone|still|even)\s+)*"
_CHANGES = r"(?:touches|changes|edits|modifies|touched|changed|edited|modified)"
_SUBJECT = rf"\b{_WHO}\s+{_ADVERBS}"
_N = r"(?P<n>\d{1,4}|an?|one|a single|two|three|four|five|six|seven|eight|nine|ten)"
_NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
_ONLY = r"(?:(?:only|just|exactly|a total of|no more than|all of)\s+)?"
_FILES = re.compile(
    rf"{_SUBJECT}{_CHANGES}\s+{_ONLY}{_N}\s+(?:different\s+|other\s+)?(?:(?P<kind>\w+)\s+)?files?\b"
    r"(?!\s*(?:more|of|that|which|in|:|,\s))",
    re.IGNORECASE,
)
_HUNKS = re.compile(
    rf"{_SUBJECT}(?:has|had|consists of|is made of|contains|comes in|holds)\s+{_ONLY}{_N}"
    r"\s+hunks?\b"
    r"(?!\s*(?:more|of|that|which|in|for))",
    re.IGNORECASE,
)
_LEAD = r"(?:(?:both|the|its|files?|module|modules)\s+){0,3}"
_CHANGED = re.compile(
    rf"{_SUBJECT}{_CHANGES}\s+{_LEAD}(?P<paths>`?{FILE}`?(?:(?:\s*,\s*and|\s*,|\s+and)\s+`?{FILE}`?)*)"
    r"(?!\s*(?:['’]s\b|tests?\b))",
    re.IGNORECASE,
)
# “… adds `copy` to agenda.py”
_CHANGED_BY = re.compile(
    rf"{_SUBJECT}(?:adds|added|removes|removed|deletes|deleted|drops|dropped|moves|moved|takes|took)\s+"
    rf"[^.,;:]{{0,100}}?\s(?:to|from|into|out of|in)\s+{_LEAD}(?P<paths>`?{FILE}`?)"
    r"(?!\s*(?:['’]s\b|tests?\b))",
    re.IGNORECASE,
)
_TESTS = re.compile(
    rf"{_SUBJECT}(?:adds|added|brings|contains|includes|comes with|holds|extends)\s+"
    r"(?P<how>(?:no|an?|one|two|three|some|several|the|its|\d{1,3})\s+)?"
    r"(?P<plain>(?:(?:new|regression|unit|own|further)\s+)*)tests?(?P<many>s)?\b"
    r"(?!\s*(?:for|of|that|whether|on|data|_|patch|to|in))",
    re.IGNORECASE,
)
_NAME = r"`(?P<name>[A-Za-z_][\w.]*)(?:\([^`]*\))?`"
_A = r"(?:(?:the|a|an|its|new|old|whole)\s+)*(?:(?:method|function|class|helper|name|constant)\s+)?"
_GOES = re.compile(
    rf"{_SUBJECT}(?:removes|deletes|drops|gets rid of|takes out|removed|deleted|dropped)\s+{_A}"
    rf"{_NAME}(?=\s*(?:$|[.,;:)]|and\b|from\b|altogether\b|entirely\b))",
    re.IGNORECASE,
)
_COMES = re.compile(
    rf"{_SUBJECT}(?:introduces|introduced|defines)\s+{_A}{_NAME}(?=\s*(?:$|[.,;:)]|and\b))",
    re.IGNORECASE,
)
_STAYS = re.compile(
    rf"{_SUBJECT}(?:leaves|left|keeps|kept|retains)\s+{_A}{_NAME}"
    r"(?=\s*(?:$|[.;]|in place|as (?:it|they) (?:is|was|are)|there|untouched|unchanged|alone))",
    re.IGNORECASE,
)
_AFTER = rf"(?:(?:at|in|with|after|under)\s+(?:the\s+)?(?:{_WHO}|(?P<tree>gold|model)\b(?! patch)))"
_IS = r"(?:is|are|was)\s+(?:(?:still|already|also|even)\s+)*"
_THERE = re.compile(
    rf"{_NAME}\s+(?:(?:still\s+|already\s+)?(?:exists|existed|stays|remains)|{_IS}"
    rf"(?:there|present|defined|in place))(?:\s+still)?\s+{_AFTER}",
    re.IGNORECASE,
)
_GONE = re.compile(
    rf"{_NAME}\s+(?:{_IS}(?:gone|removed|not there|no longer there|missing)|no longer exists|"
    rf"does not exist)\s+(?:any ?more\s+)?{_AFTER}",
    re.IGNORECASE,
)
_BOTH = re.compile(
    r"\b(?:touch|change|edit|modify|changed|touched|edited)\s+(?:exactly\s+)?the (?:very )?"
    r"same files\b",
    re.IGNORECASE,
)
_GOLD, _MODEL = (
    re.compile(r"\bgold", re.IGNORECASE),
    re.compile(r"\b(?:agent|model)", re.IGNORECASE),
)
_DENIED = re.compile(
    r"\b(?:not|never|no|neither|nor|nobody|hardly)\b|n['’]t\b|^\s*(?:had|were|suppose)\b",
    re.IGNORECASE,
)
_MOST_CHARS = 2_000

_Reader = Callable[[str, "re.Match[str]"], Iterator[PatchClaim]]


@lru_cache(maxsize=2_000)
def patch_claims(text: str) -> tuple[PatchClaim, ...]:
    """Return what a text claims of the gold and the agent's patch."""
    return tuple(claim for sentence in sentences(text) for claim in _of_sentence(sentence))


def _of_sentence(sentence: str) -> Iterator[PatchClaim]:
    said = " ".join(QUOTED.sub(" … ", without_fences(sentence)).split())[:_MOST_CHARS]
    if said.endswith("?"):
        return
    for pattern, read in _READERS:
        for match in pattern.finditer(said):
            before = clause_before(said, match.start())
            if is_supposed(said, match.start()) or _DENIED.search(before):
                continue
            yield from read(said, match)
    both = _BOTH.search(said)
    names = both and _GOLD.search(said) and _MODEL.search(said)
    if both and names and not _DENIED.search(said) and not is_supposed(said, both.start()):
        yield SameFiles(said, "gold")


def _which(match: re.Match[str]) -> Which:
    found = match.groupdict()
    is_gold = found.get("gold") or (found.get("tree") or "").lower() == "gold"
    return "gold" if is_gold else "model"


def _number(match: re.Match[str]) -> int:
    said = match["n"].lower()
    if said in ("a", "an", "a single"):
        return 1
    return int(said) if said.isdigit() else _NUMBERS.index(said)


def _files(said: str, match: re.Match[str]) -> Iterator[PatchClaim]:
    yield FilesCounted(said, _which(match), _number(match), (match["kind"] or "").lower())


def _hunks(said: str, match: re.Match[str]) -> Iterator[PatchClaim]:
    if not PATH.search(said):
        yield HunksCounted(said, _which(match), _number(match))


def _changed(said: str, match: re.Match[str]) -> Iterator[PatchClaim]:
    paths = tuple(path.group().strip("`") for path in PATH.finditer(match["paths"]))
    yield FilesChanged(said, _which(match), paths)


def _tests(said: str, match: re.Match[str]) -> Iterator[PatchClaim]:
    how = (match["how"] or "").strip().lower()
    is_plain = bool(match["plain"].strip() or match[0].lower().endswith("s"))
    yield TestsAdded(said, _which(match), how == "no", is_plain)


def _name(is_there: bool, is_new: bool = False) -> _Reader:
    def read(said: str, match: re.Match[str]) -> Iterator[PatchClaim]:
        yield NamePresent(said, _which(match), match["name"].rpartition(".")[2], is_there, is_new)

    return read


_READERS: tuple[tuple[re.Pattern[str], _Reader], ...] = (
    (_FILES, _files),
    (_HUNKS, _hunks),
    (_CHANGED, _changed),
    (_CHANGED_BY, _changed),
    (_TESTS, _tests),
    (_GOES, _name(is_there=False)),
    (_COMES, _name(is_there=True, is_new=True)),
    (_STAYS, _name(is_there=True)),
    (_THERE, _name(is_there=True)),
    (_GONE, _name(is_there=False)),
)
