"""A claim in words, the same on every page, in citations and in tables."""

from __future__ import annotations

from collections.abc import Sequence

from validation.probes.expectation import (
    ExitStatus,
    Expectation,
    Fails,
    OutputContains,
    OutputMatches,
    TestsFail,
    TestsPass,
)


def where_words(tree: str, *, with_test_patch: bool, has_own_patch: bool) -> str:
    """Name the code: base with test_patch and an own patch."""
    added = {"test_patch": with_test_patch, "own patch": has_own_patch}
    parts = [name for name, is_there in added.items() if is_there]
    return f"{tree} with {' and '.join(parts)}" if parts else tree


def expected_words(expectation: Expectation, *, is_plural: bool = False) -> str:
    """Say what is expected, as what follows after the name of a test or a command."""
    match expectation:
        case TestsFail():
            return "fail" if is_plural else "fails"
        case TestsPass():
            return "pass" if is_plural else "passes"
        case ExitStatus(equals):
            return f"ends with status {equals}"
        case Fails():
            return "ends with a status that is not 0"
        case OutputContains(text):
            return f"prints “{text}”"
        case OutputMatches(pattern):
            return f"prints what matches /{pattern}/"


def sentence(
    expectation: Expectation,
    *,
    tree: str,
    with_test_patch: bool,
    has_own_patch: bool,
    command: str,
    test_ids: Sequence[str],
) -> str:
    """Say the whole claim."""
    where = where_words(tree, with_test_patch=with_test_patch, has_own_patch=has_own_patch)
    what = command or ", ".join(test_ids)
    return f"on {where}: {what} {expected_words(expectation, is_plural=len(test_ids) > 1)}"
