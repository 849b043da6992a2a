"""Whether a run shows what was claimed of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from validation.probes.expectation import (
    ExitStatus,
    Expectation,
    Fails,
    OutputContains,
    OutputMatches,
    TestsFail,
    TestsPass,
)
from validation.probes.matching import PatternNotSearched, find_pattern

FAILING = frozenset({"FAILED", "ERROR"})
PASSING = frozenset({"PASSED", "XFAIL"})
_TESTS_NAMED = 3


class Verdict(StrEnum):
    AS_CLAIMED = "as_claimed"
    NOT_AS_CLAIMED = "not_as_claimed"
    COULD_NOT_RUN = "could_not_run"


@dataclass(frozen=True)
class Facts:
    """What is known of a finished run.

    `trouble` says why it has nothing to judge by; `statuses` has every test that was asked for,
    MISSING where the log does not name it.
    """

    trouble: str = ""
    exit_code: int | None = None
    output: str = ""
    output_is_cut: bool = False
    statuses: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Judgement:
    verdict: Verdict
    reason: str


def judge(
    expectation: Expectation, facts: Facts, find: Callable[[str, str], bool] = find_pattern
) -> Judgement:
    """Compare what was expected with what happened; `find` looks for a regular expression."""
    if facts.trouble:
        return Judgement(Verdict.COULD_NOT_RUN, facts.trouble)
    match expectation:
        case TestsFail():
            return _judge_tests(facts, FAILING, "fail")
        case TestsPass():
            return _judge_tests(facts, PASSING, "pass")
        case ExitStatus(equals):
            return _judge_status(facts, lambda status: status == equals)
        case Fails():
            return _judge_status(facts, lambda status: status != 0)
        case OutputContains(text):
            return _judge_output(facts, text in facts.output, "the text")
        case OutputMatches(pattern):
            try:
                found = find(pattern, facts.output)
            except PatternNotSearched as error:
                return Judgement(Verdict.COULD_NOT_RUN, str(error))
            return _judge_output(facts, found, "a match")


def _judge_tests(facts: Facts, wanted: frozenset[str], verb: str) -> Judgement:
    missing = [name for name, status in facts.statuses.items() if status == "MISSING"]
    if missing or not facts.statuses:
        named = _named(missing) or "any of the tests"
        return Judgement(Verdict.COULD_NOT_RUN, f"The log has no result of {named}.")
    others = [
        f"{name} ({status})" for name, status in facts.statuses.items() if status not in wanted
    ]
    total = len(facts.statuses)
    if others:
        count = "The test does" if total == 1 else f"{len(others)} of {total} tests do"
        return Judgement(Verdict.NOT_AS_CLAIMED, f"{count} not {verb}: {_named(others)}.")
    said = f"The test {verb}{'es' if verb == 'pass' else 's'}."
    return Judgement(Verdict.AS_CLAIMED, said if total == 1 else f"All {total} tests {verb}.")


def _judge_status(facts: Facts, fits: Callable[[int], bool]) -> Judgement:
    if facts.exit_code is None:
        return Judgement(Verdict.COULD_NOT_RUN, "The command left no exit status.")
    verdict = Verdict.AS_CLAIMED if fits(facts.exit_code) else Verdict.NOT_AS_CLAIMED
    return Judgement(verdict, f"The exit status is {facts.exit_code}.")


def _judge_output(facts: Facts, found: bool, what: str) -> Judgement:
    if found:
        return Judgement(Verdict.AS_CLAIMED, f"The output has {what}.")
    if facts.output_is_cut:
        reason = f"The output is too long to be kept whole; what is kept does not have {what}."
        return Judgement(Verdict.COULD_NOT_RUN, reason)
    return Judgement(Verdict.NOT_AS_CLAIMED, f"The output does not have {what}.")


def _named(names: list[str]) -> str:
    shown = ", ".join(names[:_TESTS_NAMED])
    more = len(names) - _TESTS_NAMED
    return f"{shown} and {more} more" if more > 0 else shown
