"""What is claimed of a run: one small dataclass per kind, read from JSON and written to it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from trajectories.text import storable

MOST_CHARS = 1000


class BadExpectation(ValueError):
    """What is expected cannot be read; the message is a sentence for the person."""


@dataclass(frozen=True)
class TestsFail:
    """Each of the chosen tests fails, by an assertion or an error."""

    __test__ = False


@dataclass(frozen=True)
class TestsPass:
    """Each of the chosen tests passes."""

    __test__ = False


@dataclass(frozen=True)
class ExitStatus:
    """The command ends with this status."""

    equals: int


@dataclass(frozen=True)
class Fails:
    """The command ends with a status that is not 0."""


@dataclass(frozen=True)
class OutputContains:
    """The text stands in the output as it is."""

    text: str


@dataclass(frozen=True)
class OutputMatches:
    """The regular expression (Python's, `^` and `$` at each line) is found in the output."""

    pattern: str


Expectation = TestsFail | TestsPass | ExitStatus | Fails | OutputContains | OutputMatches
EXPECTATIONS: dict[str, type[Expectation]] = {
    "tests_fail": TestsFail,
    "tests_pass": TestsPass,
    "exit_status": ExitStatus,
    "fails": Fails,
    "output_contains": OutputContains,
    "output_matches": OutputMatches,
}
_KINDS = {value: name for name, value in EXPECTATIONS.items()}


def needs_tests(expectation: Expectation) -> bool:
    """Tell whether the expectation is about tests, which a command alone does not have."""
    return isinstance(expectation, TestsFail | TestsPass)


def as_json(expectation: Expectation) -> dict[str, Any]:
    """Return what `read_expectation` reads."""
    return {"kind": _KINDS[type(expectation)], **asdict(expectation)}


def read_expectation(raw: Mapping[str, Any]) -> Expectation:
    """Return the expectation, or raise BadExpectation for what does not fit any kind."""
    match raw:
        case {"kind": "tests_fail"}:
            return TestsFail()
        case {"kind": "tests_pass"}:
            return TestsPass()
        case {"kind": "fails"}:
            return Fails()
        case {"kind": "exit_status", "equals": int(status)} if not isinstance(status, bool):
            return ExitStatus(_status(status))
        case {"kind": "output_contains", "text": str(text)}:
            return OutputContains(_text(text))
        case {"kind": "output_matches", "pattern": str(pattern)}:
            return OutputMatches(_pattern(pattern))
    raise BadExpectation("Say what is expected of the run.")


def _status(status: int) -> int:
    if not 0 <= status <= 255:
        raise BadExpectation("An exit status is a number from 0 to 255.")
    return status


def _text(text: str) -> str:
    if not text.strip():
        raise BadExpectation("Say what the output is expected to contain.")
    if len(text) > MOST_CHARS or storable(text) != text:
        raise BadExpectation(f"The expected text is plain text of at most {MOST_CHARS} characters.")
    return text


def _pattern(pattern: str) -> str:
    _text(pattern)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern, re.MULTILINE)
    except (re.error, OverflowError, RecursionError) as error:
        raise BadExpectation(f"This is no regular expression of Python's: {error}.") from error
    return pattern
