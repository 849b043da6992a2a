"""The claims that are read of the agent's conduct, and the words around them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Scope = Literal["all", "after last edit", "before first edit", "step"]
Who = Literal["agent", "gold", ""]
StepVerb = Literal[
    "edits", "creates", "reads", "reproduces", "runs", "tests", "fails", "passes", "submits"
]


@dataclass(frozen=True)
class Claim:
    """A claim, the sentence that makes it, and who it is about; "" where that is only guessed."""

    sentence: str
    who: Who


@dataclass(frozen=True)
class TestsRun(Claim):
    """That tests were run, or never. `what`: any of them, "the" tests, or the whole suite."""

    is_denied: bool
    what: Literal["any", "the", "whole"]
    scope: Scope = "all"
    step: int = 0

    __test__ = False


@dataclass(frozen=True)
class OnlyEdited(Claim):
    paths: tuple[str, ...]
    step: int = 0


@dataclass(frozen=True)
class EditAt(Claim):
    """That the first or last edit is in a step, or that none comes before or after it."""

    which: Literal["first", "last", "none before", "none after"]
    step: int


@dataclass(frozen=True)
class FirstTests(Claim):
    """That tests were run for the first time in a step."""

    step: int

    __test__ = False


@dataclass(frozen=True)
class NoTestsChanged(Claim):
    """That no test was changed, or (`is_adding`) that none was added."""

    is_adding: bool


@dataclass(frozen=True)
class NeverTouched(Claim):
    """That a file was never edited, or (`is_reading`) never opened."""

    path: str
    is_reading: bool


@dataclass(frozen=True)
class InStep(Claim):
    """That a step does something; `path` is the file that it is done to, where one is named."""

    step: int
    verb: StepVerb
    path: str = ""


@dataclass(frozen=True)
class CountInStep(Claim):
    """That in a step so many tests pass, or fail."""

    step: int
    n_tests: int
    is_passing: bool


@dataclass(frozen=True)
class Prints(Claim):
    """That a text stands in what a step put out; `is_sure`: it is said to be printed."""

    step: int
    text: str
    is_sure: bool


@dataclass(frozen=True)
class TestsCounted(Claim):
    """That tests were run so many times."""

    n_times: int
    scope: Scope = "all"

    __test__ = False


@dataclass(frozen=True)
class StepNamed(Claim):
    """That there is a step of that number; `is_plain`: nothing else can be meant."""

    step: int
    is_plain: bool


@dataclass(frozen=True)
class Length(Claim):
    """That the agent took so many steps; `is_total`: the trajectory is said to have them."""

    n_steps: int
    is_total: bool


@dataclass(frozen=True)
class Ended(Claim):
    """How the agent is said to have ended: an exit status, or a sentence about it."""

    how: Literal["status", "never submitted", "out of budget"]
    status: str = ""


QUOTED = re.compile(r"“[^”]*”|\"[^\"\n]*\"|(?m:^\s*>.*$)")
CUT = re.compile(
    r"\s*[;:—]\s+|\s+–\s+|,?\s+(?:but|while|whereas|yet|although|though|because|since|so that|"
    r"and then|then|where|when)\s+|,\s+(?:and|so|or|which|who)\s+|\s*[()]\s*"
)
SUPPOSED = re.compile(
    r"\b(?:if|would|should|could|might|may|must|can|cannot|ought|unless|whether|suppos\w+|instead|"
    r"rather|better|want\w*|plan\w*|intend\w*|tr(?:y|ies|ied|ying)|attempts? to|attempted to|"
    r"expect\w*|hop(?:e|es|ed|ing)|claim\w*|say|says|said|believ\w+|thought|thinks?|assum\w+|"
    r"ask\w*|suggest\w*|recommend\w*|need\w*|decid\w+|pretend\w*|as though|as if|announc\w+|"
    r"will|to have|had to|likely|probably|perhaps|almost|nearly|hardly|seem\w*|like)\b|\?",
    re.IGNORECASE,
)
NOT = re.compile(
    r"\b(?:not|never|no|nor|neither|nothing|without|fail(?:s|ed)? to)\b|n['’]t\b", re.IGNORECASE
)
AGENT = re.compile(
    r"\b(?:the|this|that) (?:agent|model|attempt|trajectory|run)\b|\bagent\b", re.IGNORECASE
)
OTHERS = re.compile(
    r"\b(?:gold|golden|reference|upstream|maintainers?|authors?|reviewers?|we|i|you|user|users|"
    r"engineer|developers?|reporter|harness|CI|sub-?agent|caller|library|function|method|parser|"
    r"other (?:agent|attempt|model)|annotators?|someone|nobody|anyone|one)\b",
    re.IGNORECASE,
)
IT = re.compile(r"\b(?:it|they)\b", re.IGNORECASE)
GOLD = re.compile(r"\b(?:gold|golden|reference) (?:patch|fix|change|diff)\b|\bgold\b", re.I)
_EXTENSIONS = (
    r"py|pyi|pyx|pxd|js|jsx|mjs|cjs|ts|tsx|json|toml|cfg|ini|md|rst|txt|ya?ml|html?|css|scss|c|h|"
    r"cc|cpp|cxx|hpp|go|rs|java|kt|rb|php|sh|sql|po|xml|csv|lock|ipynb|pony|swift|scala|vue"
)
# `Recurrence.between` is none.
FILE = (
    r"(?<![\w/.@+-])(?:\.{0,2}/)?[\w@+-][\w.@+-]*(?:/[\w.@+-]+)*"
    rf"\.(?:{_EXTENSIONS})(?![\w/(]|\.\w)"
)
PATH = re.compile(FILE)
LEAD = r"(?:(?:the|its|a|single|one|file|module|files|source|only)\s+){0,6}"
ADVERBS = (
    r"(?:(?:then|also|only|first|again|now|finally|simply|just|already|even|once|ever|actually|"
    r"correctly|wrongly|successfully|in fact|indeed|at last|never once)\s+){0,4}"
)

END = r"\s*(?:$|[.,;:!)]|(?:and|but|so|although|though|because|which)\b)"
NEVER = r"(?:never|(?:did|does|do|has|have)(?: not|n['’]t))\s+" + ADVERBS
PART_OF_TIME = re.compile(
    r"\b(?:outside|apart from|besides|except|aside|beside|"
    r"at first|first|initially|so far|until|by then|at this point|up to|later|before|after|"
    r"for now|again|between|since|steps \d+|half|both|in (?:its|the) first)\b",
    re.IGNORECASE,
)


def clause_before(said: str, start: int) -> str:
    """Return the words of the clause that stand before a place."""
    return CUT.split(said[:start])[-1] or ""


def who_does(said: str, start: int) -> Who | None:
    """Tell who a clause is about by what stands before its verb; None: not the agent."""
    before = clause_before(said, start)
    if OTHERS.search(before):
        return None
    if AGENT.search(before):
        return "agent"
    whole = said[:start]
    if OTHERS.search(whole):
        return None
    return "agent" if AGENT.search(whole) and not IT.search(before) else ""


def is_supposed(said: str, start: int) -> bool:
    return bool(SUPPOSED.search(clause_before(said, start)))


def plainly(said: str, start: int) -> Who | None:
    """Return who a clause is about, None where it is supposed or about somebody else."""
    return None if is_supposed(said, start) else who_does(said, start)


def who_edits(said: str, start: int) -> Who | None:
    before = clause_before(said, start)
    if GOLD.search(before) and not AGENT.search(before):
        return "gold"
    return who_does(said, start)
