"""What a text claims of the agent's conduct: tests run or not, files edited, single steps. Pure.

Only plain claims are read. What is supposed, asked, quoted or said of somebody else is none, and a
qualification that is not understood makes that no claim is read at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from annotator.checks.prose import plain, sentences

Scope = Literal["all", "after last edit", "before first edit", "step"]
Who = Literal["agent", "gold", ""]
StepVerb = Literal["edits", "creates", "reads", "runs", "tests", "fails", "passes", "submits"]


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


_QUOTED = re.compile(r"“[^”]*”|\"[^\"\n]*\"|(?m:^\s*>.*$)")
_CUT = re.compile(
    r"\s*[;:—]\s+|\s+–\s+|,?\s+(?:but|while|whereas|yet|although|though|because|since|so that|"
    r"and then|then|where|when)\s+|,\s+(?:and|so|or|which|who)\s+|\s*[()]\s*"
)
_SUPPOSED = re.compile(
    r"\b(?:if|would|should|could|might|may|must|can|cannot|ought|unless|whether|suppos\w+|instead|"
    r"rather|better|want\w*|plan\w*|intend\w*|tr(?:y|ies|ied|ying)|attempts? to|attempted to|"
    r"expect\w*|hop(?:e|es|ed|ing)|claim\w*|say|says|said|believ\w+|thought|thinks?|assum\w+|"
    r"ask\w*|suggest\w*|recommend\w*|need\w*|decid\w+|pretend\w*|as though|as if|announc\w+|"
    r"will|to have|had to|likely|probably|perhaps|almost|nearly|hardly|seem\w*|like)\b|\?",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"\b(?:not|never|no|nor|neither|nothing|without|fail(?:s|ed)? to)\b|n['’]t\b", re.IGNORECASE
)
_AGENT = re.compile(
    r"\b(?:the|this|that) (?:agent|model|attempt|trajectory|run)\b|\bagent\b", re.IGNORECASE
)
_OTHERS = re.compile(
    r"\b(?:gold|golden|reference|upstream|maintainers?|authors?|reviewers?|we|i|you|user|users|"
    r"engineer|developers?|reporter|harness|CI|sub-?agent|caller|library|function|method|parser|"
    r"other (?:agent|attempt|model)|annotators?|someone|nobody|anyone|one)\b",
    re.IGNORECASE,
)
_IT = re.compile(r"\b(?:it|they)\b", re.IGNORECASE)
_GOLD = re.compile(r"\b(?:gold|golden|reference) (?:patch|fix|change|diff)\b|\bgold\b", re.I)
_FILE = r"(?:(?:\.{0,2}/)?[\w@+-][\w.@+-]*(?:/[\w.@+-]+)*\.[A-Za-z]\w{0,5})(?![\w/(])"
_PATH = re.compile(rf"(?<![\w/.]){_FILE}")
_LEAD = r"(?:(?:the|its|a|single|one|file|module|files|source|only)\s+)*"
_ADVERBS = (
    r"(?:(?:then|also|only|first|again|now|finally|simply|just|already|even|once|ever|actually|"
    r"correctly|wrongly|successfully|in fact|indeed|at last|never once)\s+)*"
)

# --- tests -----------------------------------------------------------------------------------

_TESTS = (
    r"(?P<det>(?:(?:any|a|an|one|single|the|its|their|of|all|some|no|existing|own|full|whole|"
    r"entire|complete|project['’]s|repository['’]s|project|repository|relevant|related|unit|"
    r"regression|further|more|other)\s+)*)"
    r"(?P<noun>tests?(?:[ -]suite|[ -]cases?)?|pytest|suite)\b(?![ -](?:patch|file|script|runner))"
)
_DENIED_TESTS = (
    re.compile(
        rf"\b(?:never|(?:did|does|do|has|have)(?: not|n['’]t))\s+{_ADVERBS}"
        rf"(?:re-?)?(?:runs?|ran|execut(?:e|es|ed)|invoke[sd]?)\s+{_TESTS}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:runs?|ran|execut(?:e|es|ed))\s+(?=no\s){_TESTS}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b{_TESTS}\s+(?:was|were|is|are)\s+(?:never|not)\s+{_ADVERBS}(?:run|executed)\b",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?=no\s){_TESTS}\s+(?:was|were|is|are|has been|have been)\s+{_ADVERBS}"
        r"(?:run|executed)\b",
        re.IGNORECASE,
    ),
)
_WITHOUT_TESTS = re.compile(
    rf"\b(?:submit\w*|finish\w*|hand\w* (?:it |the patch )?in|ends?|ended|stop\w*)\b[^,;]{{0,30}}\s"
    rf"without\s+(?:ever\s+|even\s+|once\s+)?(?:running|executing)\s+{_TESTS}",
    re.IGNORECASE,
)
_RAN_TESTS = re.compile(rf"\b(?:re-?)?(?:runs|ran|executes|executed)\s+{_TESTS}", re.IGNORECASE)
_END = r"\s*(?:$|[.,;:!)]|(?:and|but|so|although|though|because|which)\b)"
_TAILS: tuple[tuple[Scope, re.Pattern[str]], ...] = (
    ("all", re.compile(rf"{_END}", re.IGNORECASE)),
    (
        "all",
        re.compile(
            rf"\s+(?:at all|at any point|even once|ever|itself|in the trajectory|by the agent|"
            rf"before (?:submitting|it submit\w*|submission|handing in|finishing)){_END}",
            re.IGNORECASE,
        ),
    ),
    (
        "after last edit",
        re.compile(
            r"\s+(?:again\s+)?(?:after|since) (?:the|its|this|that)?\s*(?:last|final) "
            rf"(?:edit|change|fix)s?{_END}",
            re.IGNORECASE,
        ),
    ),
    (
        "before first edit",
        re.compile(
            r"\s+before (?:(?:editing|changing)(?: (?:the|any) (?:code|source|file)s?)?|"
            rf"(?:the|its|any) (?:first )?(?:edit|change)s?|making (?:any|the|its) changes?){_END}",
            re.IGNORECASE,
        ),
    ),
    ("step", re.compile(rf"\s+(?:in|at) step (?P<step>\d{{1,5}}){_END}", re.IGNORECASE)),
)

# --- files -----------------------------------------------------------------------------------

_EDIT_VERB = r"(?:edits?|edited|changes?|changed|touch(?:es|ed)?|modif(?:y|ies|ied))"
_ONLY = (
    re.compile(rf"\b(?:only|solely|exclusively)\s+{_EDIT_VERB}\s+{_LEAD}(?P<rest>{_FILE}.*)", re.I),
    re.compile(
        rf"\b{_EDIT_VERB}\s+(?:only|solely|exclusively|nothing (?:but|except|other than)|"
        rf"no (?:other )?files? (?:but|except|other than|besides))\s+{_LEAD}(?P<rest>{_FILE}.*)",
        re.IGNORECASE,
    ),
)
_ONLY_FILE = re.compile(
    rf"(?P<rest>{_FILE})\s+(?:is|was)\s+the\s+only\s+(?:source\s+)?file\s+(?:that\s+)?"
    rf"(?P<subject>(?:the|its)\s+\w+(?:\s+patch)?|it)\s+{_EDIT_VERB}",
    re.IGNORECASE,
)
_PART_OF_TIME = re.compile(
    r"\b(?:at first|first|initially|so far|until|by then|at this point|up to|later|before|after|"
    r"for now|again|between|since|steps \d+|half|both|in (?:its|the) first)\b",
    re.IGNORECASE,
)
_NEVER = r"(?:never|(?:did|does|do|has|have)(?: not|n['’]t))\s+" + _ADVERBS
_NEVER_EDITS = re.compile(
    rf"\b{_NEVER}(?:edit(?:s|ed)?|change[sd]?|touch(?:es|ed)?|modif(?:y|ies|ied))\s+{_LEAD}"
    rf"(?P<path>{_FILE})(?P<tail>.*)",
    re.IGNORECASE,
)
_NEVER_READS = re.compile(
    rf"\b{_NEVER}(?:opens?|opened|reads?|looks? (?:at|into)|looked (?:at|into)|views?|viewed|"
    rf"inspect(?:s|ed)?)\s+{_LEAD}(?P<path>{_FILE})(?P<tail>.*)",
    re.IGNORECASE,
)
_LEAVES = re.compile(
    rf"\b(?:leaves|left)\s+{_LEAD}(?P<path>{_FILE})\s+(?:untouched|unchanged|as it (?:is|was))"
    r"(?P<tail>.*)",
    re.IGNORECASE,
)

# --- steps -----------------------------------------------------------------------------------

_VERBS: tuple[tuple[StepVerb, str], ...] = (
    ("edits", r"edits?|edited|changes|changed|modif(?:ies|ied)|rewrites|rewrote"),
    ("creates", r"creates|created"),
    ("reads", r"opens|opened|reads?|views|viewed|looks (?:at|into)|looked (?:at|into)"),
    (
        "tests",
        r"(?:re-?)?(?:runs|ran|executes|executed)(?=\s+(?:(?:all|the|its|existing|whole|full|unit|"
        r"entire|own)\s+)*(?:tests?\b(?![ -](?:script|file))|test[ -]suite|pytest|suite))",
    ),
    ("runs", r"(?:re-?)?(?:runs|ran|executes|executed)|reproduces|reproduced"),
    ("submits", r"submits|submitted|hands in|handed in"),
    ("fails", r"fails|failed|crashes|crashed|errors(?: out)?"),
    ("passes", r"passes|passed|succeeds|succeeded"),
)  # fmt: skip
_VERB = "|".join(f"(?P<{name}>{words})" for name, words in _VERBS)
_STEP_DOES = re.compile(
    rf"(?<!than )\b[Ss]tep (?P<step>\d{{1,5}})\s+{_ADVERBS}(?:{_VERB})\b(?P<rest>.*)"
)
_IN_STEP_DOES = re.compile(
    rf"\b(?:[Ii]n|[Aa]t) step (?P<step>\d{{1,5}}),?\s+(?:the agent|the model|it)\s+"
    rf"{_ADVERBS}(?:{_VERB})\b(?P<rest>.*)"
)
_DOES_IN_STEP = re.compile(
    rf"\b(?:[Tt]he agent|[Tt]he model|[Ii]t)\s+{_ADVERBS}(?:{_VERB})\b"
    r"(?P<rest>(?:(?!\bsteps?\b).)*?)\s+(?:in|at) step (?P<step>\d{1,5})\b"
)
_TESTS_IN_STEP = re.compile(
    r"\b(?P<all>(?:[Aa]ll|[Tt]he)(?: the| its| of the)? tests)\s+(?:all\s+)?"
    r"(?:(?P<passes>pass(?:es|ed)?)|(?P<fails>fail(?:s|ed)?))\s+(?:in|at) step (?P<step>\d{1,5})\b"
)
# “Step 12 fails to see that” speaks of what it misses, “passes it on” of an argument.
_STANDS_ALONE = re.compile(r"\s*(?:$|[.,;:)]|(?:with|because|again|and|since|as)\b)")
_STEPS = re.compile(
    r"(?P<before>\b\w+\s+)?\b[Ss]teps?\s+(?P<first>\d{1,5})"
    r"(?:\s*(?:[-–—]|to|through|and)\s*(?P<last>\d{1,5}))?\b"
    r"(?!\s*(?:of|in) (?:the )?(?:issue|instructions|report|recipe))"
)
_PLAIN_BEFORE = {"in", "at", "from", "until", "after", "before", "since", "see", "the", "and", ""}
_TOOK = re.compile(
    r"\b(?:submit\w*|finish\w*|ends?|ended|stop\w*|done|solves?|solved|complet\w+)\s+"
    r"(?:(?:the task|it|the issue|the bug)\s+)?(?:in|after|within)\s+(?:only\s+|just\s+)?"
    r"(?P<n>\d{1,5}) steps\b",
    re.IGNORECASE,
)
_HAS = re.compile(
    r"\b(?:trajectory|attempt)\s+(?:has|had|takes|took|consists of|of|with)\s+"
    r"(?:only\s+|just\s+)?(?P<n>\d{1,5}) steps\b",
    re.IGNORECASE,
)
_STATUS = re.compile(
    r"\bexit[ _]status\s+(?:is|was|of|:|reads?|says?)?\s*[`'“\"]?(?P<status>[A-Za-z]\w+)"
    r"(?:[`'”\"]|\b)",
    re.IGNORECASE,
)
_NEVER_SUBMITS = re.compile(
    rf"\b{_NEVER}(?:submit(?:s|ted)?|hand(?:s|ed)? in)\b(?=\s*(?:$|[.,;:)]|(?:a|any|the|its) "
    r"(?:patch|change|solution)|anything|at all))",
    re.IGNORECASE,
)
_OUT_OF = re.compile(
    r"\b(?:runs?|ran) out of (?:budget|steps|time|context|tokens|money|cost)\b|"
    r"\b(?:stopped|ended|cut off) (?:by|at|on) (?:the|its) (?:cost|step|context|time|budget)\s*"
    r"limit",
    re.IGNORECASE,
)


def conduct_claims(text: str) -> list[Claim]:
    """Return what a text claims of what the agent did."""
    return [claim for sentence in sentences(text) for claim in _of_sentence(sentence)]


def steps_named(text: str) -> list[StepNamed]:
    """Return the trajectory's steps that a text names, supposed ones too."""
    found = []
    for sentence in sentences(text):
        said = " ".join(_QUOTED.sub(" ", plain(sentence)).split())
        for match in _STEPS.finditer(said):
            is_plain = (match["before"] or "").strip().lower() in _PLAIN_BEFORE
            for number in (match["first"], match["last"]):
                if number:
                    found.append(StepNamed(said, "agent", int(number), is_plain))
    return found


def _of_sentence(sentence: str) -> Iterator[Claim]:
    said = " ".join(_QUOTED.sub(" … ", plain(sentence)).split())
    if said.endswith("?"):
        return
    yield from _tests(said)
    yield from _files(said)
    yield from _steps(said)
    yield from _ends(said)


def _before(said: str, start: int) -> str:
    """Return the words of the clause that stand before a place."""
    return _CUT.split(said[:start])[-1] or ""


def _who(said: str, start: int) -> Who | None:
    """Tell who a clause is about by what stands before its verb; None: not the agent."""
    before = _before(said, start)
    if _OTHERS.search(before):
        return None
    if _AGENT.search(before):
        return "agent"
    whole = said[:start]
    if _OTHERS.search(whole):
        return None
    return "agent" if _AGENT.search(whole) and not _IT.search(before) else ""


def _is_supposed(said: str, start: int) -> bool:
    return bool(_SUPPOSED.search(_before(said, start)))


# --- tests -----------------------------------------------------------------------------------


def _tests(said: str) -> Iterator[Claim]:
    denied = [match for pattern in _DENIED_TESTS for match in pattern.finditer(said)]
    for match in denied:
        yield from _denied_tests(said, match)
    without = _WITHOUT_TESTS.search(said)
    if without and (who := _plainly(said, without.start())) is not None:
        yield TestsRun(said, who, True, _what(without), "after last edit")
    if denied:
        return
    for match in _RAN_TESTS.finditer(said):
        who = _who(said, match.start())
        before = _before(said, match.start())
        if who is None or _SUPPOSED.search(before) or _NOT.search(before):
            continue
        if not who and not _IT.search(before):
            continue
        if not re.search(r"\bsteps?\b", said, re.IGNORECASE) and _what(match) != "whole":
            yield TestsRun(said, who, False, _what(match))


def _denied_tests(said: str, match: re.Match[str]) -> Iterator[Claim]:
    who = _who(said, match.start())
    before = _before(said, match.start())
    if who is None or _SUPPOSED.search(before):
        return
    if named := re.search(r"\b[Ss]teps? (\d{1,5})\b(?! *[-–,]| and)", before):
        yield TestsRun(said, "agent", True, _what(match), "step", int(named[1]))
        return
    if re.search(r"\b(?:after|before|until|since|between|steps?)\b", before, re.IGNORECASE):
        return
    tail = said[match.end() :]
    for scope, pattern in _TAILS:
        if found := pattern.match(tail):
            step = int(found["step"]) if scope == "step" else 0
            yield TestsRun(said, who, True, _what(match), scope, step)
            return


def _what(match: re.Match[str]) -> Literal["any", "the", "whole"]:
    words = set(match["det"].lower().split())
    if words & {"full", "whole", "entire", "complete", "all"}:
        return "whole"
    if words & {"existing", "own", "relevant", "related", "other", "further", "more", "regression"}:
        return "whole"
    if words & {"any", "a", "no", "single", "one"} or (not words and match["noun"] != "pytest"):
        return "any"
    return "the"


# --- files -----------------------------------------------------------------------------------


def _files(said: str) -> Iterator[Claim]:
    for pattern in _ONLY:
        if match := pattern.search(said):
            yield from _only(said, match, _who_edits(said, match.start()))
    if match := _ONLY_FILE.search(said):
        subject = match["subject"].lower()
        who: Who | None = "gold" if "gold" in subject else "agent" if "agent" in subject else None
        yield from _only(said, match, who)
    for pattern, is_reading in (
        (_NEVER_EDITS, False),
        (_LEAVES, False),
        (_NEVER_READS, True),
    ):
        for match in pattern.finditer(said):
            yield from _never(said, match, is_reading)


def _who_edits(said: str, start: int) -> Who | None:
    before = _before(said, start)
    if _GOLD.search(before) and not _AGENT.search(before):
        return "gold"
    return _who(said, start)


def _only(said: str, match: re.Match[str], who: Who | None) -> Iterator[Claim]:
    if who is None or _is_supposed(said, match.start()):
        return
    if _NOT.search(_before(said, match.start())):
        return
    rest = match["rest"]
    clause = _CUT.split(rest)[0]
    numbers = re.findall(r"\bstep (\d{1,5})\b", said)
    if len(set(numbers)) > 1 or _PART_OF_TIME.search(f"{_before(said, match.start())} {clause}"):
        return
    paths = tuple(dict.fromkeys(path.group() for path in _PATH.finditer(rest)))
    # Files that stand in another clause may be said to be edited as well.
    if len(paths) != len({path.group() for path in _PATH.finditer(clause)}):
        return
    yield OnlyEdited(said, who, paths, int(numbers[0]) if numbers else 0)


def _never(said: str, match: re.Match[str], is_reading: bool) -> Iterator[Claim]:
    who = _who_edits(said, match.start())
    if who is None or _is_supposed(said, match.start()):
        return
    scope = f"{_before(said, match.start())} {_CUT.split(match['tail'])[0]}"
    if _PART_OF_TIME.search(scope) or re.search(r"\bsteps?\b|\bonly\b", scope, re.IGNORECASE):
        return
    paths = [match["path"]]
    if more := re.match(rf"\s*(?:,|or|nor|and)\s+{_LEAD}({_FILE})", match["tail"]):
        paths.append(more[1])
    for path in paths:
        yield NeverTouched(said, who, path, is_reading)


# --- steps -----------------------------------------------------------------------------------


def _steps(said: str) -> Iterator[Claim]:
    seen: set[tuple[int, str]] = set()
    for pattern in (_STEP_DOES, _IN_STEP_DOES, _DOES_IN_STEP):
        for match in pattern.finditer(said):
            verb = next(name for name, _ in _VERBS if match[name])
            if (int(match["step"]), verb) in seen or _is_supposed(said, match.start()):
                continue
            if verb in {"fails", "passes"} and (
                pattern is not _STEP_DOES or not _STANDS_ALONE.match(match["rest"])
            ):
                continue
            if verb == "submits" and not _STANDS_ALONE.match(match["rest"]):
                continue
            seen.add((int(match["step"]), verb))
            path = _PATH.search(_CUT.split(match["rest"])[0] or "")
            yield InStep(said, "agent", int(match["step"]), verb, path.group() if path else "")
    for match in _TESTS_IN_STEP.finditer(said):
        if not _is_supposed(said, match.start()) and not _NOT.search(_before(said, match.start())):
            yield InStep(
                said, "agent", int(match["step"]), "passes" if match["passes"] else "fails"
            )


def _ends(said: str) -> Iterator[Claim]:
    for pattern, is_total in ((_TOOK, False), (_HAS, True)):
        for match in pattern.finditer(said):
            who = _who(said, match.start())
            if (who == "agent" or is_total) and not _is_supposed(said, match.start()):
                yield Length(said, "agent", int(match["n"]), is_total)
    status = _STATUS.search(said)
    if status and not _is_supposed(said, status.start()) and not _NOT.search(said):
        yield Ended(said, "agent", "status", status["status"])
    submits = _NEVER_SUBMITS.search(said)
    if submits and (who := _plainly(said, submits.start())) is not None:
        yield Ended(said, who, "never submitted")
    for match in _OUT_OF.finditer(said):
        who = _plainly(said, match.start())
        if who is not None and not _NOT.search(_before(said, match.start())):
            yield Ended(said, who, "out of budget")


def _plainly(said: str, start: int) -> Who | None:
    """Return who a clause is about, None where it is supposed or about somebody else."""
    return None if _is_supposed(said, start) else _who(said, start)
