"""What a text claims of the agent's conduct: tests run or not, files edited, how it ended. Pure.

Only plain claims are read. What is supposed, asked, quoted or said of somebody else is none, and a
qualification that is not understood makes that no claim is read at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from annotator.checks.conduct_grammar import (
    ADVERBS,
    AGENT,
    CUT,
    END,
    FILE,
    IT,
    LEAD,
    NEVER,
    NOT,
    PART_OF_TIME,
    PATH,
    QUOTED,
    SUPPOSED,
    Claim,
    Ended,
    FirstTests,
    Length,
    NeverTouched,
    OnlyEdited,
    Scope,
    TestsCounted,
    TestsRun,
    Who,
    clause_before,
    is_supposed,
    plainly,
    who_does,
    who_edits,
)
from annotator.checks.edit_claims import edits_at, no_tests_changed
from annotator.checks.prose import plain, sentences
from annotator.checks.step_claims import print_claims, step_claims

# --- tests -----------------------------------------------------------------------------------

_TESTS = (
    r"(?P<det>(?:(?:any|a|an|one|single|the|its|their|of|all|some|no|existing|own|full|whole|"
    r"entire|complete|project['’]s|repository['’]s|project|repository|relevant|related|unit|"
    r"regression|further|more|other)\s+){0,6})"
    r"(?P<noun>tests?(?:[ -]suite|[ -]cases?)?|pytest|suite)\b(?![ -](?:patch|file|script|runner))"
)
_DENIED_TESTS = (
    re.compile(
        rf"\b(?:never|(?:did|does|do|has|have)(?: not|n['’]t))\s+{ADVERBS}"
        rf"(?:re-?)?(?:runs?|ran|execut(?:e|es|ed)|invoke[sd]?)\s+{_TESTS}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b[Aa]t no (?:point|time|step) (?:did|does|has|had) (?:the agent|the model|it) "
        rf"{ADVERBS}(?:run|execute)\s+{_TESTS}",
        re.IGNORECASE,
    ),
    re.compile(rf"\b(?:skips|skipped)\s+(?:running\s+)?{_TESTS}", re.IGNORECASE),
    re.compile(
        rf"\bnot (?=a single|one){_TESTS}\s+(?:was|is)\s+(?:ever\s+)?(?:run|executed)\b",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:runs?|ran|execut(?:e|es|ed))\s+(?=no\s){_TESTS}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b{_TESTS}\s+(?:was|were|is|are)\s+(?:never|not)\s+{ADVERBS}(?:run|executed)\b",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?=no\s){_TESTS}\s+(?:was|were|is|are|has been|have been)\s+{ADVERBS}"
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
_TAILS: tuple[tuple[Scope, re.Pattern[str]], ...] = (
    ("all", re.compile(rf"{END}", re.IGNORECASE)),
    (
        "all",
        re.compile(
            rf"\s+(?:at all|at any point|even once|ever|itself|in the trajectory|by the agent|"
            rf"before (?:submitting|it submit\w*|(?:the |its )?submission|handing in|finishing))"
            rf"{END}",
            re.IGNORECASE,
        ),
    ),
    (
        "after last edit",
        re.compile(
            r"\s+(?:again\s+)?(?:after|since) (?:the|its|this|that)?\s*(?:last|final) "
            rf"(?:edit|change|fix)s?{END}",
            re.IGNORECASE,
        ),
    ),
    (
        "before first edit",
        re.compile(
            r"\s+before (?:(?:editing|changing)(?: (?:the|any) (?:code|source|file)s?)?|"
            rf"(?:the|its|any) (?:first )?(?:edit|change)s?|making (?:any|the|its) changes?){END}",
            re.IGNORECASE,
        ),
    ),
    ("step", re.compile(rf"\s+(?:in|at) step (?P<step>\d{{1,5}}){END}", re.IGNORECASE)),
)

# --- files -----------------------------------------------------------------------------------

_EDIT_VERB = r"(?:edits?|edited|changes?|changed|touch(?:es|ed)?|modif(?:y|ies|ied))"
_ONLY: tuple[re.Pattern[str], ...] = (
    re.compile(rf"\b(?:only|solely|exclusively)\s+{_EDIT_VERB}\s+{LEAD}(?P<rest>{FILE}.*)", re.I),
    re.compile(
        rf"\b{_EDIT_VERB}\s+(?:only|solely|exclusively|nothing (?:but|except|other than)|"
        rf"no (?:other )?files? (?:but|except|other than|besides))\s+{LEAD}(?P<rest>{FILE}.*)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b{_EDIT_VERB}\s+(?:a single|exactly one|just one|only one|one) file\s*[,:]?\s*"
        rf"(?:namely\s+)?(?P<rest>{FILE}.*)",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b{_EDIT_VERB}\s+{LEAD}(?P<rest>{FILE})\s+(?:alone\b|and (?:nothing else|no other "
        r"files?)\b)",
        re.IGNORECASE,
    ),
)
_ONLY_FILE = re.compile(
    rf"(?P<rest>{FILE})\s+(?:is|was)\s+the\s+only\s+(?:source\s+)?file\s+(?:that\s+)?"
    rf"(?P<subject>(?:the|its)\s+\w+(?:\s+patch)?|it)\s+{_EDIT_VERB}",
    re.IGNORECASE,
)
_NEVER_EDITS = re.compile(
    rf"\b{NEVER}(?:edit(?:s|ed)?|change[sd]?|touch(?:es|ed)?|modif(?:y|ies|ied))\s+{LEAD}"
    rf"(?P<path>{FILE})(?P<tail>.*)",
    re.IGNORECASE,
)
_NEVER_READS = re.compile(
    rf"\b{NEVER}(?:opens?|opened|reads?|looks? (?:at|into)|looked (?:at|into)|views?|viewed|"
    rf"inspect(?:s|ed)?)\s+{LEAD}(?P<path>{FILE})(?P<tail>.*)",
    re.IGNORECASE,
)
# “only core.py and a test”: what follows may be a file that is not named.
_AND_MORE = re.compile(
    r"\s*,?\s*(?:and|plus|as well as|along with|together with|besides|apart from|except|beside)\b"
    r"(?!\s+(?:nothing|no other|never|then|it|the agent|so|submit\w*|ran|runs|did|does)\b)",
    re.IGNORECASE,
)
_NEVER_DONE = re.compile(
    rf"(?P<path>{FILE})\s+(?:is|was|were|has been)\s+(?:never|not)\s+{ADVERBS}(?:(?P<edits>edited|"
    r"changed|touched|modified)|opened|read|looked at|viewed)\b(?P<tail>.*)",
    re.IGNORECASE,
)
_TIMES = re.compile(
    rf"\b(?:ran|runs|re-?ran)\s+{_TESTS}\s+(?:only |just |exactly )?(?P<times>once|twice|three "
    rf"times|four times|five times|\d{{1,4}} times)(?P<tail>.*)",
    re.IGNORECASE,
)
_NUMBERS = {"once": 1, "twice": 2, "three": 3, "four": 4, "five": 5}
_FIRST_TESTS = (
    re.compile(
        rf"\b(?:runs|ran|executes|executed)\s+{_TESTS}\s+(?:for the first time|first|only)"
        rf"\s+(?:in|at)\s+step (?P<step>\d{{1,5}}){END}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:first|only)\s+(?:runs|ran|executes|executed)\s+{_TESTS}\s+(?:in|at)"
        rf"\s+step (?P<step>\d{{1,5}}){END}",
        re.IGNORECASE,
    ),
)
_LEAVES = re.compile(
    rf"\b(?:leaves|left)\s+{LEAD}(?P<path>{FILE})\s+(?:untouched|unchanged|as it (?:is|was))"
    r"(?P<tail>.*)",
    re.IGNORECASE,
)

_TOOK = re.compile(
    r"\b(?:(?:submit\w*|finish\w*|ends?|ended|stop\w*|done|solves?|solved|complet\w+)\s+"
    r"(?:(?:the task|it|the issue|the bug)\s+)?(?:in|after|within)|needs|needed|takes|took|"
    r"uses|used|spends|spent)\s+(?:only\s+|just\s+)?"
    r"(?P<n>\d{1,5}) steps\b(?:$|[.,;:)]|\s+(?:and|in all|in total)\b)",
    re.IGNORECASE,
)
_HAS = re.compile(
    r"\b(?:trajectory|attempt)\s+(?:has|had|takes|took|consists of|of|with)\s+"
    r"(?:only\s+|just\s+)?(?P<n>\d{1,5}) steps\b(?:$|[.,;:)]|\s+(?:and|in all|in total)\b)",
    re.IGNORECASE,
)
# “exit status 1” is a command's.
_STATUS = re.compile(
    r"\bexit[ _]status\s*(?:is|was|:|reads?|says?)?\s*"
    r"(?P<status>submitted|finished|exit_[a-z_]+|[A-Z]\w+(?:Exceeded|Error))\b",
    re.IGNORECASE,
)
_NEVER_SUBMITS = re.compile(
    rf"\b{NEVER}(?:submit(?:s|ted)?|hand(?:s|ed)? in)\b(?=\s*(?:$|[.,;:)]|(?:a|any|the|its) "
    r"(?:patch|change|solution)|anything|at all))",
    re.IGNORECASE,
)
_WITHOUT_SUBMITTING = re.compile(
    r"\b(?:gave|gives) up without (?:ever )?(?:submitting|handing in)|"
    r"\b(?:stops|stopped|ends|ended) without (?:ever )?(?:submitting|handing in)",
    re.IGNORECASE,
)
_OUT_OF = re.compile(
    r"\b(?:runs?|ran) out of (?:budget|steps|time|context|tokens|money|cost)\b|"
    r"\b(?:stopped|ended|cut off) (?:by|at|on) (?:the|its) (?:cost|step|context|time|budget)\s*"
    r"limit",
    re.IGNORECASE,
)


# Longer ones are no sentences; what is looked up around each match takes time.
_MOST_CHARS = 2_000


# Most texts are as they were when they were checked last.
@lru_cache(maxsize=2_000)
def conduct_claims(text: str) -> tuple[Claim, ...]:
    """Return what a text claims of what the agent did."""
    return tuple(claim for sentence in sentences(text) for claim in _of_sentence(sentence))


def _of_sentence(sentence: str) -> Iterator[Claim]:
    said = " ".join(QUOTED.sub(" … ", plain(sentence)).split())[:_MOST_CHARS]
    if said.endswith("?"):
        return
    lower = said.lower()
    # Most sentences have none of these words, and many patterns follow.
    if "test" in lower or "suite" in lower:  # pytest has it too
        yield from _tests(said)
    if "." in lower:
        yield from _files(said)
    if "step" in lower:
        yield from step_claims(said)
        yield from edits_at(said)
        yield from print_claims(" ".join(sentence.split())[:_MOST_CHARS])
    yield from _ends(said)


# --- tests -----------------------------------------------------------------------------------


def _tests(said: str) -> Iterator[Claim]:
    yield from no_tests_changed(said)
    denied = [match for pattern in _DENIED_TESTS for match in pattern.finditer(said)]
    for match in denied:
        yield from _denied_tests(said, match)
    without = _WITHOUT_TESTS.search(said)
    if without and (who := plainly(said, without.start())) is not None:
        yield TestsRun(said, who, True, _what(without), "after last edit")
    if denied:
        return
    for pattern in _FIRST_TESTS:
        if (first := pattern.search(said)) and plainly(said, first.start()):
            yield FirstTests(said, "agent", int(first["step"]))
    times = _TIMES.search(said)
    if times and (who := plainly(said, times.start())) is not None:
        word = times["times"].lower().split()[0]
        scope = next((scope for scope, tail in _TAILS if tail.match(times["tail"])), None)
        if scope and scope != "step":
            yield TestsCounted(said, who, _NUMBERS.get(word) or int(word), scope)
    for match in _RAN_TESTS.finditer(said):
        who = who_does(said, match.start())
        before = clause_before(said, match.start())
        if who is None or SUPPOSED.search(before) or NOT.search(before):
            continue
        if not who and not IT.search(before):
            continue
        if not re.search(r"\bsteps?\b", said, re.IGNORECASE) and _what(match) != "whole":
            yield TestsRun(said, who, False, _what(match))


def _denied_tests(said: str, match: re.Match[str]) -> Iterator[Claim]:
    # “At no point did the agent run …” has its subject within.
    who = "agent" if AGENT.search(match.group()) else who_does(said, match.start())
    before = clause_before(said, match.start())
    if who is None or SUPPOSED.search(before):
        return
    if named := re.search(r"(?:^\s*|\b[Ii]n |\b[Aa]t )[Ss]tep (\d{1,5})\b", before):
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
            yield from _only(said, match, who_edits(said, match.start()))
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
            yield from _never(said, match, is_reading, who_edits(said, match.start()))
    for match in _NEVER_DONE.finditer(said):
        by = re.match(r"\s+by the (agent|model)\b", match["tail"], re.IGNORECASE)
        is_other = re.match(r"\s+by\b", match["tail"], re.IGNORECASE) and not by
        if not is_other:
            yield from _never(said, match, not match["edits"], "agent" if by else "")


def _only(said: str, match: re.Match[str], who: Who | None) -> Iterator[Claim]:
    if who is None or is_supposed(said, match.start()):
        return
    if NOT.search(clause_before(said, match.start())):
        return
    rest = match["rest"]
    clause = CUT.split(rest)[0]
    numbers = re.findall(r"\bstep (\d{1,5})\b", said)
    if len(set(numbers)) > 1 or PART_OF_TIME.search(
        f"{clause_before(said, match.start())} {clause}"
    ):
        return
    named = list(PATH.finditer(rest))
    if named and _AND_MORE.match(rest[named[-1].end() :]):
        return
    paths = tuple(dict.fromkeys(path.group() for path in named))
    # Files that stand in another clause may be said to be edited as well.
    if len(paths) != len({path.group() for path in PATH.finditer(clause)}):
        return
    yield OnlyEdited(said, who, paths, int(numbers[0]) if numbers else 0)


def _never(said: str, match: re.Match[str], is_reading: bool, who: Who | None) -> Iterator[Claim]:
    if who is None or is_supposed(said, match.start()):
        return
    scope = f"{clause_before(said, match.start())} {CUT.split(match['tail'])[0]}"
    if PART_OF_TIME.search(scope) or re.search(r"\bsteps?\b|\bonly\b", scope, re.IGNORECASE):
        return
    paths = [match["path"]]
    if more := re.match(rf"\s*(?:,|or|nor|and)\s+{LEAD}({FILE})", match["tail"]):
        paths.append(more[1])
    for path in paths:
        yield NeverTouched(said, who, path, is_reading)


def _ends(said: str) -> Iterator[Claim]:
    for pattern, is_total in ((_TOOK, False), (_HAS, True)):
        for match in pattern.finditer(said):
            who = who_does(said, match.start())
            if (who == "agent" or is_total) and not is_supposed(said, match.start()):
                yield Length(said, "agent", int(match["n"]), is_total)
    status = _STATUS.search(said)
    if status and not is_supposed(said, status.start()) and not NOT.search(said):
        yield Ended(said, "agent", "status", status["status"])
    submits = _NEVER_SUBMITS.search(said) or _WITHOUT_SUBMITTING.search(said)
    if submits and (who := plainly(said, submits.start())) is not None:
        yield Ended(said, who, "never submitted")
    for match in _OUT_OF.finditer(said):
        who = plainly(said, match.start())
        if who is not None and not NOT.search(clause_before(said, match.start())):
            yield Ended(said, who, "out of budget")
