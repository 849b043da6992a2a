"""How a test run ended, as far as its output tells: summary lines of the usual runners. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

TestOutcome = Literal["passed", "failed", "unknown"]
# The summary stands at the end; of a long output only that is looked at.
_END_CHARS = 6_000

# 84 passed in 0.07s; ===== 1 failed, 3 passed, 2 warnings in 0.12s =====; 2 errors in 1.2s
_PYTEST = re.compile(
    r"^(?:=+ )?(?P<counts>(?:no tests ran|\d+ [a-z]+)(?:, \d+ [a-z]+)*) in [\d.]+ ?s(?:econds)?\b",
    re.MULTILINE,
)
# Ran 12 tests in 0.1s, then OK or FAILED (failures=1, errors=2): unittest's and Django's
_UNITTEST = re.compile(
    r"^Ran (?P<n>\d+) tests? in [\d.]+s\s+(?:(?P<ok>OK)\b|FAILED \((?P<counts>[^)\n]*)\))",
    re.MULTILINE,
)
# tests finished: 3 passed, 1 failed, in 1.0 seconds (SymPy)
_SYMPY = re.compile(r"^=* ?tests finished: (?P<counts>.+?),? in ", re.MULTILINE)
# node --test ends with `# pass 5` and `# fail 0`
_NODE = re.compile(r"^(?:#|\u2139) pass (?P<passed>\d+)\n(?:#|\u2139) fail (?P<failed>\d+)", re.M)
# Tests:       1 failed, 5 passed, 6 total
_JEST = re.compile(r"^Tests:?\s+(?P<counts>\d+ \w+(?:(?:, | \| )\d+ \w+)*)", re.MULTILINE)
# 5 passing (3s), 1 failing
_MOCHA_PASSING = re.compile(r"^\s*(?P<passed>\d+) passing\b", re.MULTILINE)
_MOCHA_FAILING = re.compile(r"^\s*(?P<failed>\d+) failing\b", re.MULTILINE)
# test result: ok. 5 passed; 0 failed; 0 ignored
_CARGO = re.compile(r"^test result: \w+\. (?P<counts>.+)$", re.MULTILINE)
# 5 examples, 1 failure
_RSPEC = re.compile(r"^(?P<n>\d+) examples?, (?P<failed>\d+) failures?", re.MULTILINE)
_GO_OK = re.compile(r"^ok\s+\S+\s+(?:[\d.]+s|\(cached\))", re.MULTILINE)
_GO_FAIL = re.compile(r"^(?:--- FAIL: |FAIL\t\S+|FAIL$)", re.MULTILINE)
_COUNT = re.compile(r"(\d+)[ =]([a-z]+)")
_COUNT_AFTER = re.compile(r"([a-z]+)=(\d+)")
_BAD = {"failed", "failures", "failure", "error", "errors", "exceptions"}
_GOOD = {"passed", "pass"}


@dataclass(frozen=True)
class TestResult:
    """What the output of a test run says; `passed` and `failed` (errors too) are tests."""

    outcome: TestOutcome
    passed: int = 0
    failed: int = 0

    __test__ = False


UNKNOWN = TestResult("unknown")


def read_result(output: str, exit_code: int | None = None) -> TestResult:
    """Return how the tests of an output ended.

    Without a summary the exit code decides nothing: it may be that of a filter behind the runner.
    """
    end = output[-_END_CHARS:]
    results = [result for read in _READERS for result in read(end)]
    passed, failed = sum(each[0] for each in results), sum(each[1] for each in results)
    if failed:
        return TestResult("failed", passed, failed)
    if passed:
        # More may have failed than a summary tells: a collection that stopped, coverage too low.
        return TestResult("passed", passed) if not exit_code else TestResult("unknown", passed)
    return UNKNOWN


def _pytest(text: str) -> list[tuple[int, int]]:
    return [_counted(match["counts"]) for match in _PYTEST.finditer(text)]


def _unittest(text: str) -> list[tuple[int, int]]:
    found = []
    for match in _UNITTEST.finditer(text):
        counts = {word: int(number) for word, number in _COUNT_AFTER.findall(match["counts"] or "")}
        bad = sum(number for word, number in counts.items() if word in _BAD)
        # FAILED (unexpected successes=1) failed as well.
        failed = bad or (0 if match["ok"] else 1)
        found.append((max(0, int(match["n"]) - failed), failed))
    return found


def _by_words(text: str) -> list[tuple[int, int]]:
    return [
        _counted(match["counts"])
        for pattern in (_SYMPY, _JEST, _CARGO)
        for match in pattern.finditer(text)
    ]


def _node(text: str) -> list[tuple[int, int]]:
    return [(int(match["passed"]), int(match["failed"])) for match in _NODE.finditer(text)]


def _rspec(text: str) -> list[tuple[int, int]]:
    return [
        (int(match["n"]) - int(match["failed"]), int(match["failed"]))
        for match in _RSPEC.finditer(text)
    ]


def _mocha(text: str) -> list[tuple[int, int]]:
    failing = _MOCHA_FAILING.search(text)
    passing = _MOCHA_PASSING.search(text)
    if not passing and not failing:
        return []
    return [(int(passing["passed"]) if passing else 0, int(failing["failed"]) if failing else 0)]


def _go(text: str) -> list[tuple[int, int]]:
    passed, failed = len(_GO_OK.findall(text)), len(_GO_FAIL.findall(text))
    return [(passed, failed)] if passed or failed else []


def _counted(counts: str) -> tuple[int, int]:
    numbers = [(int(number), word) for number, word in _COUNT.findall(counts)]
    passed = sum(number for number, word in numbers if word in _GOOD)
    return passed, sum(number for number, word in numbers if word in _BAD)


_READERS = (_pytest, _unittest, _by_words, _node, _rspec, _mocha, _go)
