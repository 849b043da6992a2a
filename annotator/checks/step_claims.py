"""What a text claims of single steps of the trajectory: “step 12 reproduces the bug”. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from annotator.checks.conduct_grammar import (
    ADVERBS,
    CUT,
    FILE,
    NOT,
    PATH,
    QUOTED,
    Claim,
    CountInStep,
    InStep,
    Prints,
    StepNamed,
    StepVerb,
    clause_before,
    is_supposed,
)
from annotator.checks.prose import plain, sentences

# --- steps -----------------------------------------------------------------------------------

_VERBS: tuple[tuple[StepVerb, str], ...] = (
    ("edits", r"edits?|edited|changes|changed|modif(?:ies|ied)|rewrites|rewrote|removes|removed|"
     r"deletes|deleted|adds to|added to|patches|patched"),
    ("creates", r"creates|created|writes|wrote"),
    ("reads", r"opens|opened|reads?|views|viewed|looks (?:at|into)|looked (?:at|into)"),
    (
        "tests",
        r"(?:re-?)?(?:runs|ran|executes|executed)(?=\s+(?:(?:all|the|its|existing|whole|full|unit|"
        r"entire|own)\s+)*(?:tests?\b(?![ -](?:script|file))|test[ -]suite|pytest|suite))",
    ),
    ("reproduces", r"reproduces|reproduced"),
    ("runs", r"(?:re-?)?(?:runs|ran|executes|executed)"),
    ("submits", r"submits|submitted|hands in|handed in"),
    ("fails", r"fails|failed|crashes|crashed|errors(?: out)?"),
    ("passes", r"passes|passed|succeeds|succeeded"),
)  # fmt: skip
_VERB = "|".join(f"(?P<{name}>{words})" for name, words in _VERBS)
_AGENT = r"(?:[Tt]he agent|[Tt]he model|[Ii]t)"
_AT = r"(?:\s+(?:in|at)|\s*\((?:in|at)?)\s*step (?P<step>\d{1,5})\b"
_STEP_DOES = re.compile(
    rf"(?<!than )\b[Ss]tep (?P<step>\d{{1,5}})\s+{ADVERBS}(?:{_VERB})\b(?P<rest>.*)"
)
_IN_STEP_DOES = re.compile(
    rf"\b(?:[Ii]n|[Aa]t) step (?P<step>\d{{1,5}}),?\s+{_AGENT}\s+"
    rf"{ADVERBS}(?:{_VERB})\b(?P<rest>.*)"
)
_DOES_IN_STEP = re.compile(
    rf"\b{_AGENT}\s+{ADVERBS}(?:{_VERB})\b(?P<rest>(?:(?!\bsteps?\b).)*?){_AT}"
)
# “core.py is edited in step 3”, “the bug was reproduced in step 3”, “the edit of core.py in step 3”
_DONE_IN_STEP = re.compile(
    rf"(?P<path>{FILE})\s+(?:is|was|gets|got)\s+{ADVERBS}(?:(?P<edits>edited|changed|modified|"
    rf"patched|rewritten|removed)|(?P<creates>created|written)|(?P<reads>opened|read|viewed)|"
    rf"(?P<runs>run|executed)){_AT}"
)
_MADE_IN_STEP = re.compile(
    r"\b(?:[Tt]he (?:bug|issue|failure|problem|error|crash) (?:is|was) (?P<reproduces>reproduced)|"
    r"(?:[Tt]he |[Ii]ts )?(?:whole |full )?(?:tests|test suite) (?:is|are|was|were) (?P<tests>run|"
    rf"executed)|(?:[Tt]he |[Ii]ts )(?P<ran>test run))(?:{_AT})"
)
_EDIT_IN_STEP = re.compile(
    rf"\b(?:[Tt]he|[Ii]ts) (?:edit|change|fix)s? (?:of|to|in) (?P<path>{FILE}){_AT}"
)
_TESTS_IN_STEP = re.compile(
    r"\b(?P<all>(?:[Aa]ll|[Tt]he)(?: the| its| of the)? tests)\s+(?:all\s+)?"
    rf"(?:(?P<passes>pass(?:es|ed)?)|(?P<fails>fail(?:s|ed)?)){_AT}"
)
_IN_STEP_TESTS = re.compile(
    r"\b[Ii]n step (?P<step>\d{1,5}),? (?:all|the)(?: the| its| of the)? tests\s+(?:all\s+)?"
    r"(?:(?P<passes>pass(?:es|ed)?)|(?P<fails>fail(?:s|ed)?))\b(?!\s+(?:as|because|only|for)\b)"
)
# 84 passed, 2 of the 19 tests fail
_COUNT = re.compile(
    r"(?<![Ss]tep )(?<![Ss]teps )\b(?P<n>\d{1,6})(?: of (?:the )?\d{1,6})?(?: tests?)? "
    r"(?:(?P<passes>pass(?:es|ed)?)|(?P<fails>fail(?:s|ed)?|failures?))\b"
)
_NUMBERED = re.compile(r"\b[Ss]teps?\s+(\d{1,5})")
# “Step 12 fails to see that” speaks of what it misses, “passes it on” of an argument.
_STANDS_ALONE = re.compile(
    r"\s*(?:$|[.,;:)]|(?:with|because|again|and|since|as)\b|"
    r"(?:all|every|the|its)\b(?: (?:of )?(?:the|its))?(?: \w+)? tests?\b)"
)
# step 5 prints `2024-03-31`, the output of step 5 is `2024-03-31`
_PRINTS = re.compile(
    r"\b[Ss]tep (?P<step>\d{1,5})(?:['’]s (?:output|script)| \w{0,3} ?the agent)? "
    r"(?:(?P<sure>prints|printed|outputs|output)|shows|showed|says|reports|reported|returns|returned)"
    r" (?:that |the )?`(?P<text>[^`\n]{2,80})`"
)
_OUTPUT_IS = re.compile(
    r"\b(?P<sure>[Oo]utput) (?:of|in) step (?P<step>\d{1,5}) "
    r"(?:is|was|says|reads|shows|contains|has) "
    r"`(?P<text>[^`\n]{2,80})`"
)
# “Step 4 runs into an error”, “step 12 runs no tests”, “step 7 changes nothing”
_NOTHING = re.compile(
    r"\s*(?:nothing|no|none|neither|into|out of|the risk|counter|against|ahead|only if|on)\b", re.I
)
_REPRODUCED = re.compile(
    r"\s*(?:$|[.,;:)]|(?:(?:the|this|that|a|its|it|reported|same|original|in)\b\s*)*"
    r"(?:bug|issue|failure|problem|error|crash|report|symptom|fault|it|$)\b)",
    re.IGNORECASE,
)
# What is edited or created, where no file is named, has to be a piece of code.
_PIECE = re.compile(
    r"\s*(?:(?:a|an|the|its|new|own|first|small|whole)\s+)*(?:file|function|method|class|module|"
    r"script|reproduction|test|tests|line|lines|condition|branch|loop|import|imports|code|source)\b"
    r"(?! of (?:thought|action|attack))",
    re.IGNORECASE,
)
_STEPS = re.compile(
    r"(?P<before>\b\w+\s+)?\b[Ss]teps?\s+(?P<first>\d{1,5})"
    r"(?:\s*(?:[-–—]|to|through|and)\s*(?P<last>\d{1,5}))?\b"
    r"(?!\s*(?:of|in) (?:the )?(?:issue|instructions|report|recipe))"
)
_PLAIN_BEFORE = {"in", "at", "from", "until", "after", "before", "since", "see", "the", "and", ""}


@lru_cache(maxsize=2_000)
def steps_named(text: str) -> tuple[StepNamed, ...]:
    """Return the trajectory's steps that a text names, supposed ones too."""
    found = []
    for sentence in sentences(text):
        said = " ".join(QUOTED.sub(" ", plain(sentence)).split())
        for match in _STEPS.finditer(said):
            is_plain = (match["before"] or "").strip().lower() in _PLAIN_BEFORE
            for number in (match["first"], match["last"]):
                if number:
                    found.append(StepNamed(said, "agent", int(number), is_plain))
    return tuple(found)


# --- steps -----------------------------------------------------------------------------------


def step_claims(said: str) -> Iterator[Claim]:
    """Yield what a sentence says of single steps."""
    seen: set[tuple[int, str]] = set()
    for pattern in (_STEP_DOES, _IN_STEP_DOES, _DOES_IN_STEP):
        for match in pattern.finditer(said):
            claim = _done(said, match, is_of_step=pattern is _STEP_DOES)
            if claim and (claim.step, claim.verb) not in seen:
                seen.add((claim.step, claim.verb))
                yield claim
    for pattern in (_DONE_IN_STEP, _MADE_IN_STEP, _EDIT_IN_STEP):
        for match in pattern.finditer(said):
            if not _is_open(said, match.start()):
                found = match.groupdict()
                verb = next((name for name, _ in _VERBS if found.get(name)), None)
                verb = verb or ("tests" if found.get("ran") else "edits")
                yield InStep(said, "agent", int(match["step"]), verb, found.get("path") or "")
    for match in (*_TESTS_IN_STEP.finditer(said), *_IN_STEP_TESTS.finditer(said)):
        if not _is_open(said, match.start()):
            outcome: StepVerb = "passes" if match["passes"] else "fails"
            yield InStep(said, "agent", int(match["step"]), outcome)
    yield from _counts(said)


def print_claims(sentence: str) -> Iterator[Claim]:
    """Yield what a sentence, with its backticks, says that steps printed."""
    for pattern in (_PRINTS, _OUTPUT_IS):
        for match in pattern.finditer(sentence):
            if not _is_open(sentence, match.start()):
                number, is_sure = int(match["step"]), bool(match["sure"])
                yield Prints(sentence, "agent", number, match["text"], is_sure)


def _is_open(said: str, start: int) -> bool:
    """Tell whether something is supposed, or denied, before a place of a sentence."""
    return is_supposed(said, start) or bool(NOT.search(clause_before(said, start)))


def _done(said: str, match: re.Match[str], *, is_of_step: bool) -> InStep | None:
    verb = next(name for name, _ in _VERBS if match[name])
    rest = match["rest"]
    if is_supposed(said, match.start()) or _NOTHING.match(rest):
        return None
    if verb in {"fails", "passes"} and not (is_of_step and _STANDS_ALONE.match(rest)):
        return None
    if verb == "submits" and not _STANDS_ALONE.match(rest):
        return None
    if verb == "reproduces" and not _REPRODUCED.match(rest):
        return None
    path = PATH.search(CUT.split(rest)[0] or "")
    if verb in {"edits", "creates"} and path is None and not _PIECE.match(rest):
        return None
    return InStep(said, "agent", int(match["step"]), verb, path.group() if path else "")


def _counts(said: str) -> Iterator[Claim]:
    """Yield how many tests are said to pass or fail in the one step that a sentence names."""
    numbers = set(_NUMBERED.findall(said))
    if len(numbers) != 1 or re.search(r"\bsteps\b", said):
        return
    for match in _COUNT.finditer(said):
        if not _is_open(said, match.start()):
            yield CountInStep(
                said, "agent", int(numbers.copy().pop()), int(match["n"]), bool(match["passes"])
            )
