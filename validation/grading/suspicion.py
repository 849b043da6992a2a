"""Signs that a log may not describe the run that took place.

They never change a verdict; they stand beside it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# "===== 2 failed, 54 passed, 1 skipped in 1.71s ====="; the bars are missing with -q
_PYTEST_SUMMARY = re.compile(
    r"^=* ?(?P<counts>\d+ (?:passed|failed|error)[^\n]*?) in [\d.]+s(?: \([\d:]+\))? ?=*$", re.M
)
_COUNT = re.compile(r"\b(\d{1,9}) (passed|failed|errors?)\b")
# "Ran 38 tests in 0.012s"
_UNITTEST_SUMMARY = re.compile(r"^Ran (\d{1,9}) tests? in [\d.]+s$", re.M)
_UNITTEST_FAILED = re.compile(r"^FAILED \((?:failures|errors)=", re.M)
# "tests finished: 2 passed, 1 failed, in 0.05 seconds"
_SYMPY_SUMMARY = re.compile(r"tests finished: (\d{1,9}) passed")
# "1..12", and node's "# fail 1"
_TAP_PLAN = re.compile(r"^1\.\.\d+", re.M)
_TAP_FAILED = re.compile(r"^# fail [1-9]", re.M)
_PYTEST_COMMAND = re.compile(r"\b(?:pytest|py\.test)\b")
# Options by which pytest prints none.
_NO_SUMMARY = re.compile(r"--no-summary|-q{2,}|-q -q")

_RUNNER_FILES = re.compile(
    r"(?:^|/)(?:conftest\.py|pytest\.ini|tox\.ini|setup\.cfg|pyproject\.toml|noxfile\.py"
    r"|sitecustomize\.py|usercustomize\.py|runtests\.py|runtests\.sh|package\.json"
    r"|(?:jest|vitest|karma)\.[\w.]+|[^/]+\.pth)$"
)
# Found before the runner itself by an interpreter that starts in the working tree.
_SHADOWS = re.compile(r"(?:pytest|_pytest|pluggy|unittest|coverage)(?:\.py$|/)")


def runner_files(paths: list[str], command: str = "") -> list[str]:
    """Return those paths that configure or are the test runner, or that the test command names.

    `command` is the shell command that runs the tests.
    """
    named = tuple(f"/{word.removeprefix('./')}" for word in command.split())
    return [
        path
        for path in paths
        if _RUNNER_FILES.search(path) or _SHADOWS.match(path) or f"/{path}".endswith(named)
    ]


def disagreements(
    log: str, statuses: Mapping[str, str], *, parser: str = "", command: str = ""
) -> list[str]:
    """Compare the runner's own summary with the lines that name single tests.

    ``parser`` is the name of the log's parser, ``command`` the test command: they tell which
    runner's summary there should be.
    """
    if parser == "parse_log_django":
        return _unittest_disagreement(log, statuses)
    if parser == "parse_log_sympy":
        return _sympy_disagreement(log, statuses)
    if parser == "parse_log_tap":
        return _tap_disagreement(log, statuses)
    return _pytest_disagreement(log, statuses, command)


def _pytest_disagreement(log: str, statuses: Mapping[str, str], command: str) -> list[str]:
    summaries = list(_PYTEST_SUMMARY.finditer(log))
    if not summaries:
        expected = _PYTEST_COMMAND.search(command) and not _NO_SUMMARY.search(command)
        return [_no_summary("pytest")] if expected and statuses else []
    # The last one is that of the outer run: tests of test runners print summaries of their own.
    counts = {word.rstrip("s"): int(n) for n, word in _COUNT.findall(summaries[-1]["counts"])}
    passed = sum(status == "PASSED" for status in statuses.values())
    # Ids are cut at the first blank and may collapse, so fewer named than counted is usual.
    if "::" in "".join(statuses) and passed > counts.get("passed", 0):
        return [f"{passed} tests are named as passed, pytest counted {counts.get('passed', 0)}."]
    failed = counts.get("failed", 0) + counts.get("error", 0)
    if failed and passed and not _names_failure(statuses):
        return [f"pytest counted {failed} tests that failed; no line names one."]
    return []


def _unittest_disagreement(log: str, statuses: Mapping[str, str]) -> list[str]:
    totals = _UNITTEST_SUMMARY.findall(log)
    if not totals:
        return [_no_summary("unittest")] if statuses else []
    if len(totals) > 1:
        return [f"The log has {len(totals)} unittest summaries."]
    passed = sum(status == "PASSED" and " (" in name for name, status in statuses.items())
    if passed > int(totals[0]):
        return [f"{passed} tests are named as passed, unittest ran {totals[0]}."]
    if _UNITTEST_FAILED.search(log) and not _names_failure(statuses):
        return ["unittest counted tests that failed; no line names one."]
    return []


def _sympy_disagreement(log: str, statuses: Mapping[str, str]) -> list[str]:
    totals = _SYMPY_SUMMARY.findall(log)
    if not totals:
        return [_no_summary("SymPy's runner")] if statuses else []
    passed = sum(status == "PASSED" for status in statuses.values())
    counted = sum(map(int, totals))
    if passed > counted:
        return [f"{passed} tests are named as passed, SymPy's runner counted {counted}."]
    return []


def _tap_disagreement(log: str, statuses: Mapping[str, str]) -> list[str]:
    if statuses and not _TAP_PLAN.search(log):
        return ["Tests are named, but the log has no TAP plan: the runner did not come to its end."]
    if _TAP_FAILED.search(log) and not _names_failure(statuses):
        return ["The runner counted tests that failed; no line names one."]
    return []


def _no_summary(runner: str) -> str:
    return f"Tests are named, but {runner} printed no summary: it did not come to its end."


def _names_failure(statuses: Mapping[str, str]) -> bool:
    return any(status in ("FAILED", "ERROR") for status in statuses.values())
