"""What a claim that was executed is expected to show, and whether it did; without a database."""

from __future__ import annotations

from validation.probes.expectation import (
    EXPECTATIONS,
    BadExpectation,
    ExitStatus,
    Expectation,
    Fails,
    OutputContains,
    OutputMatches,
    TestsFail,
    TestsPass,
    as_json,
    needs_tests,
    read_expectation,
)
from validation.probes.judging import Facts, Judgement, Verdict, judge
from validation.probes.matching import PatternNotSearched, find_pattern
from validation.probes.words import expected_words, sentence, where_words

__all__ = [
    "EXPECTATIONS",
    "BadExpectation",
    "ExitStatus",
    "Expectation",
    "Facts",
    "Fails",
    "Judgement",
    "OutputContains",
    "OutputMatches",
    "PatternNotSearched",
    "TestsFail",
    "TestsPass",
    "Verdict",
    "as_json",
    "expected_words",
    "find_pattern",
    "judge",
    "needs_tests",
    "read_expectation",
    "sentence",
    "where_words",
]
