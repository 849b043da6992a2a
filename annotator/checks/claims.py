"""Outcomes of tests that a text claims: who passes or fails, at which tree. Pure functions.

Only plain claims are read: “`test_add` fails at base and passes with the gold patch”. What is
supposed, asked, denied of somebody, or said without naming one tree is no claim.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from annotator.checks.mentions import test_mentions
from annotator.checks.prose import plain, sentences

Verb = Literal["passes", "fails", "errors", "does not pass", "does not fail"]
# Instead of single tests.
Group = Literal["FAIL_TO_PASS", "PASS_TO_PASS", "all"]
Quantity = Literal["all", "none", "some", "any"]


@dataclass(frozen=True)
class OutcomeClaim:
    """That tests, by id or name, or a group of them, fare so at a tree; "" where none is named.

    `quantity`: all of them, none of them, not all of them, or any of them, one at least; `count`
    says how many.
    """

    sentence: str
    tree: str
    verb: Verb
    tests: tuple[str, ...] = ()
    group: Group | None = None
    quantity: Quantity = "all"
    # That so many of the group do, and no more.
    count: int | None = None
    # How many the group is said to have: with another number, other tests are meant.
    size: int | None = None


@dataclass(frozen=True)
class ResolvedClaim:
    """That a patch resolves the task, or does not."""

    sentence: str
    tree: str
    is_resolved: bool


_AGENT = r"(?:agent|model)(?:'s|’s)"
_PATCH = (
    r"(?:patch|fix|changes?|edits?|code|tree|version|submission|attempt|solution|diff|"
    r"implementation)"
)
_OWN = rf"(?:(?:final|own|submitted) )?{_PATCH}"
TREES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "base",
        re.compile(
            r"\b(?:at|on|against|in|from) (?:the )?base\b(?! class)|\bbase (?:commit|tree)\b"
            r"|\bbefore (?:the |any |this |either )?(?:gold(?:en)? )?(?:patch|fix|change)\b"
            r"|\bwithout (?:the |any |either |a )?(?:gold(?:en)? )?(?:patch|fix|change)\b"
            r"|\bunpatched\b",
            re.IGNORECASE,
        ),
    ),
    (
        "gold",
        re.compile(
            rf"(?<!before )(?<!before the )(?<!without )(?<!without the )"
            rf"\bgold(?:en)?(?: {_PATCH})?\b(?! \w+ing\b)|\breference {_PATCH}\b",
            re.IGNORECASE,
        ),
    ),
    (
        "model",
        re.compile(
            rf"\b{_AGENT} {_OWN}\b|\bmodel {_PATCH}\b|\b(?:at|on) (?:the )?model\b(?! \w)"
            rf"|\bmodel_patch\b",
            re.IGNORECASE,
        ),
    ),
)
# What makes a sentence no claim of its author's about a run.
_REPORTED = re.compile(
    r"\b(?:believ\w+|think\w*|thought|assum\w+|claim\w*|says?|said|conclud\w+|expect\w*|suppos\w+|"
    r"predict\w*|hypothes\w+|suspect\w*|hop(?:es?|ed|ing)|if|unless|whether|in step|at step|"
    r"steps? \d+|its own (?:run|tests?|script)|agent (?:runs?|ran|sees|saw|re-?runs?)|as though)\b"
    # Or of code that no run of the task is about.
    r"|\b(?:revert\w*|undone|put back|restor\w+|disabl\w+|commented out|stubb\w+|mutat\w+|by hand|"
    r"locally|temporar\w+|hunks?|not true|untrue|not the case|(?:false|wrong) that)\b"
    r"|^(?:when|once|had|were|after|suppose)\b|\?",
    re.IGNORECASE,
)
_MODAL = re.compile(
    r"\b(?:would|should|could|might|may|must|can(?:not)?|will|ought|shall|to (?:pass|fail))\b"
    r"|n['’]t (?:be|have)\b",
    re.IGNORECASE,
)
# Marks in the place of a test and of a group of them: private characters, taken out of texts.
_TEST, _GROUP = "\ue000", "\ue001"
_GROUPS = re.compile(
    r"(?<!\bof )\b(?P<how>not all|not every|all|every|each|both|none|no|the)(?: of)?"
    r"(?: the| those| these)?"
    r"(?: (?:(?P<size>\d{1,4}|two|three|four|five|six|seven|eight|nine|ten)|whole|full))?"
    r"(?: (?P<failing>failing|failed))?"
    r" (?P<what>FAIL_TO_PASS|PASS_TO_PASS|tests?\b|(?:test )?suite\b)(?: tests?\b)?"
    # Not where a single test follows, or what restricts the group.
    rf"(?! ?(?:tests? ?)?{_TEST}| (?:of|in|that|for|from|on|which|below|above|named|under)\b"
    r"(?! (?:the )?(?:base|gold|model|agent|reference)\b))",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"(?<![\w.])(?P<count>\d{1,4}|one|two|three|four|five|six|seven|eight|nine|ten)"
    r"(?: of (?:the |its |all )?(?:(?:\d+|two|three|four|five|six|seven|eight|nine|ten) )?)? ?"
    r"(?P<what>FAIL_TO_PASS|PASS_TO_PASS)(?: tests?\b)?",
    re.IGNORECASE,
)
# “Two of the tests fail”: of no group that is named.
_SEVERAL = re.compile(
    r"(?<![\w.])(?P<size>(?:at least )?(?:one|two|three|four|five|six|seven|eight|nine|ten|some|"
    r"several|many|most|\d{1,4}))(?: of (?:the |its |these |those )?| (?:more |other )?)"
    rf"(?P<what>tests?)\b(?! ?{_TEST})",
    re.IGNORECASE,
)
_BREAKS = re.compile(
    r"\b(?P<not>(?:does|did|do) (?:not|n['’]t) |never )?(?:breaks?|broke)\s+"
    r"(?P<how>no|any|none of the|a|an|one|two|three|some|several|the|existing|\d{1,4})?\s*"
    r"(?:of the )?(?:(?:existing|other|passing|old)\s+)?(?:PASS_TO_PASS(?: tests?)?|tests?)\b"
    r"(?! \w*(?:file|case))",
    re.IGNORECASE,
)
_NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
_LIST = re.compile(rf"{_TEST}(?:\s*(?:,\s*and\b|,|and\b|&|/)\s*{_TEST})+")
_CUT = re.compile(
    r"\s*[;:—]\s+|,?\s+(?:and|but|while|whereas|yet|because|since|so that|so|which|where|when|"
    r"as)\s+"
    r"|,\s+|\s+–\s+|\s*[()]\s*"
)
_ADJECTIVE = re.compile(
    r"\b(?:failing|passing|failed|passed)\s+(?=tests?\b|ones?\b|cases?\b|assert)|"
    rf"\b(?:failing|passing|failed|passed)\s+(?=[{_TEST}{_GROUP}])",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"(?P<not>\b(?:does|do|did|is|are|was|were|still|never|no longer|has|have|now|"
    r"not)(?:n['’]t| not| no longer| never)? |)"
    r"\b(?P<verb>pass(?:es|ed|ing)?\b|succeed(?:s|ed)?\b|fail(?:s|ed|ing)?\b|errors?(?: out)?\b"
    r"|ERROR\b|green\b|red\b)",
    re.IGNORECASE,
)
_NEGATION = re.compile(r"n['’]t\b|\bnot\b|\bnever\b|\bno longer\b", re.IGNORECASE)
_LITTLE = re.compile(r"\b(?:with|at|on|under|after|by|against|the|in|also)\b", re.IGNORECASE)
# What may stand between the tests and the verb.
_BETWEEN = re.compile(
    r"(?:[\s,–:…`]|\b(?:both|all|each|still|now|then|also|already|again|thus|therefore|even|it|they|"
    r"that|tests?|itself|alone|only|indeed|does|do|did|is|are|was|were|not|never|no longer|always|"
    r"have|has|status|run|runs|keeps?|remains?|stays?)\b)*",
    re.IGNORECASE,
)
_RESOLVES = re.compile(
    r"(?:\b(?P<not>(?:does|do|did|is|has)(?: not|n['’]t)|never|fails? to|cannot|not)\s+|\b)"
    r"(?P<verb>resolv(?:es|e|ed)|unresolved)\b"
    r"(?=\s*(?:$|[.,]|(?:the|this) (?:task|issue|instance|bug|problem)\b|it\b|by\b|with\b|at\b))",
    re.IGNORECASE,
)
_PARTLY = re.compile(r"\b(?:part(?:ly|ially)?|half|only|almost|nearly|most)\b", re.IGNORECASE)
_UNLIKE = re.compile(
    r"\W*(?:unlike|compared|in contrast|as opposed|other than|instead|rather|except|apart|not)\b",
    re.IGNORECASE,
)
# After some patch, whichever it is.
_AFTER = re.compile(
    r"\b(?:after|with) (?:it|that|this|the (?:patch|fix|change))\b|\bafterwards?\b|\bonce\b",
    re.IGNORECASE,
)


def outcome_claims(text: str) -> list[OutcomeClaim]:
    """Return what a text claims of the outcomes of tests."""
    return [claim for sentence in sentences(text) for claim in _of_sentence(sentence)]


def resolved_claims(text: str) -> list[ResolvedClaim]:
    """Return what a text claims of patches that resolve the task, or do not."""
    found = []
    for sentence in sentences(text):
        said = " ".join(plain(sentence).split())
        if _REPORTED.search(said):
            continue
        for clause in _CUT.split(said):
            match = _RESOLVES.search(clause)
            if match is None or _MODAL.search(clause) or _PARTLY.search(clause):
                continue
            trees, verb = trees_in(clause), match["verb"].lower()
            if len(trees) != 1 or (verb == "resolve" and not match["not"]):
                continue
            is_resolved = (verb != "unresolved") != bool(match["not"])
            found.append(ResolvedClaim(said, next(iter(trees)), is_resolved))
    return found


def trees_in(text: str) -> set[str]:
    """Return the trees that a text names."""
    return {tree for tree, pattern in TREES if pattern.search(text)}


_SOME = "some"


@dataclass
class _Clause:
    text: str
    trees: set[str]
    # One more tree of the clause before: “… at base and with the agent's patch”.
    repeats: bool = False


def _of_sentence(sentence: str) -> Iterator[OutcomeClaim]:
    said = " ".join(plain(sentence).replace(_TEST, "").replace(_GROUP, "").split())
    if _REPORTED.search(said):
        return
    yield from _broken(said)
    tests = sorted(test_mentions(sentence), key=lambda name: -len(name))
    marked, order = _marked(said, tests)
    groups = sorted([*_GROUPS.finditer(marked), *_counted(marked)], key=lambda match: match.start())
    for match in reversed(groups):
        marked = marked[: match.start()] + _GROUP + marked[match.end() :]
    marked = _ADJECTIVE.sub("", _LIST.sub(lambda m: _TEST * m[0].count(_TEST), marked))
    clauses = list(_clauses(marked))
    is_of_no_tree = not trees_in(said)
    said_last: set[str] = set()
    last_verb: Verb | None = None
    subject: tuple[tuple[str, ...], re.Match[str] | None] = ((), None)
    seen_tests = seen_groups = 0
    for clause in clauses:
        n_tests, n_groups = clause.text.count(_TEST), clause.text.count(_GROUP)
        own = tuple(order[seen_tests : seen_tests + n_tests])
        group = groups[seen_groups] if n_groups == 1 else None
        seen_tests, seen_groups = seen_tests + n_tests, seen_groups + n_groups
        if own or n_groups:
            subject = ((), group) if n_groups else (own, None)
        trees = clause.trees or ({_SOME} if _AFTER.search(clause.text) else said_last)
        said_last = trees
        verb = last_verb if clause.repeats else _verb(clause.text)
        last_verb = verb
        if verb is None or len(trees) > 1 or _SOME in trees or _MODAL.search(clause.text):
            continue
        if not trees and not is_of_no_tree:
            continue
        yield from _claim(said, next(iter(trees), ""), verb, *subject)


def _broken(said: str) -> Iterator[OutcomeClaim]:
    """Yield that a patch breaks tests which passed, or none."""
    for clause in _CUT.split(said):
        match = _BREAKS.search(clause)
        trees = trees_in(clause) - {"base"}
        if match is None or len(trees) != 1 or _MODAL.search(clause):
            continue
        how = (match["how"] or "").lower()
        is_none = bool(match["not"]) or how.startswith("no")
        if not is_none and how == "any":
            continue
        quantity: Quantity = "none" if is_none else "any"
        yield OutcomeClaim(said, trees.pop(), "fails", (), "PASS_TO_PASS", quantity)


def _marked(said: str, tests: Iterable[str]) -> tuple[str, list[str]]:
    """Put a mark in the place of each test; return the tests in the order of the marks."""
    names = list(tests)
    if not names:
        return said, []
    pattern = re.compile("|".join(re.escape(name) for name in names))
    order = [match[0] for match in pattern.finditer(said)]
    return pattern.sub(_TEST, said), order


def _clauses(marked: str) -> Iterator[_Clause]:
    """Yield the clauses; one that only names a tree (“At base, …”) belongs to the next.

    It belongs to the one before where it ends the sentence, or where the next has its own.
    """
    pending: set[str] = set()
    bare: list[str] = []
    for part in _CUT.split(marked):
        if not part or not part.strip():
            continue
        trees = trees_in(part)
        if trees and not _VERB.search(part) and _TEST not in part and _GROUP not in part:
            pending |= {_SOME} if _UNLIKE.match(part) else trees
            bare.append(part)
            continue
        if trees:
            yield from _repeated(bare)
        yield _Clause(part, trees or pending)
        pending, bare = set(), []
    yield from _repeated(bare)


def _repeated(parts: Iterable[str]) -> Iterator[_Clause]:
    for part in parts:
        rest = part
        for _, pattern in TREES:
            rest = pattern.sub(" ", rest)
        if not _LITTLE.sub(" ", rest).strip(" .,`"):
            yield _Clause(part, trees_in(part), repeats=True)


def _counted(marked: str) -> Iterator[re.Match[str]]:
    """Yield “2 of the FAIL_TO_PASS tests”, unless all of them are meant: “all 7 …”."""
    taken = [match.span() for match in _GROUPS.finditer(marked)]
    for pattern in (_COUNTED, _SEVERAL):
        for match in pattern.finditer(marked):
            if not any(start < match.end() and match.start() < end for start, end in taken):
                taken.append(match.span())
                yield match


def _verb(clause: str) -> Verb | None:
    """Return what a clause says of the tests before its verb, or of those of the clause before."""
    match = _VERB.search(clause)
    if match is None:
        return None
    start = max(clause.rfind(_TEST, 0, match.start()), clause.rfind(_GROUP, 0, match.start())) + 1
    between = clause[start : match.start()]
    for _, pattern in TREES:
        between = pattern.sub(" ", between)
    between = _LITTLE.sub(" ", between)
    if not _BETWEEN.fullmatch(between):
        return None
    is_denied = bool(_NEGATION.search(between) or _NEGATION.search(match["not"]))
    word = match["verb"].lower()
    if word.startswith("error"):
        return None if is_denied else "errors"
    if word.startswith(("pass", "succeed", "green")):
        return "does not pass" if is_denied else "passes"
    return "does not fail" if is_denied else "fails"


def _claim(
    sentence: str, tree: str, verb: Verb, tests: tuple[str, ...], group: re.Match[str] | None
) -> Iterator[OutcomeClaim]:
    if tests:
        yield OutcomeClaim(sentence, tree, verb, tests)
    if group is None:
        return
    what = group["what"]
    if "count" in group.groupdict():
        said_count = group["count"].lower()
        count = int(said_count) if said_count.isdigit() else _NUMBERS.index(said_count)
        kind_counted: Group = "FAIL_TO_PASS" if what.upper()[0] == "F" else "PASS_TO_PASS"
        yield OutcomeClaim(sentence, tree, verb, (), kind_counted, count=count)
        return
    if kind_and_quantity := _meant(tree, verb, group):
        yield OutcomeClaim(sentence, tree, verb, (), *kind_and_quantity, size=_size(group))


def _meant(tree: str, verb: Verb, group: re.Match[str]) -> tuple[Group, Quantity] | None:
    """Return which tests are meant by “all tests”, “none of the failing tests”, and how many."""
    found = group.groupdict()
    how, what = (found.get("how") or "").lower(), found["what"].upper()
    says_failure = verb in ("fails", "errors", "does not pass")
    quantity: Quantity = "all"
    if how in ("none", "no"):
        quantity = "none"
    elif how.startswith("not"):
        quantity = "some"
    if what in ("FAIL_TO_PASS", "PASS_TO_PASS"):
        return ("FAIL_TO_PASS" if what == "FAIL_TO_PASS" else "PASS_TO_PASS"), quantity
    if found.get("failing"):
        return "FAIL_TO_PASS", quantity
    if says_failure and quantity == "all" and tree in ("gold", "model"):
        # Whichever are meant, one of them fails.
        return "all", "any"
    if not how or says_failure:
        # Some tests pass nearly everywhere, and tests that fail at base are those that should.
        return None
    if how in ("the", "both", "each") and "SUITE" not in what:
        # “The tests” may be any; with the right number they are those that fail at base.
        return ("FAIL_TO_PASS", quantity) if found.get("size") else None
    return "all", quantity


def _size(group: re.Match[str]) -> int | None:
    said = (group.groupdict().get("size") or "").lower()
    if said.isdigit():
        return int(said)
    return _NUMBERS.index(said) if said in _NUMBERS else None
