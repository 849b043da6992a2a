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
_UNITTEST_SUMMARY = re.compile(r"^Ran (\d+) tests? in [\d.]+s$", re.M)

_RUNNER_FILES = re.compile(
    r"(?:^|/)(?:conftest\.py|pytest\.ini|tox\.ini|setup\.cfg|pyproject\.toml|noxfile\.py"
    r"|sitecustomize\.py|usercustomize\.py|runtests\.py|runtests\.sh|package\.json"
    r"|(?:jest|vitest|karma)\.[\w.]+|[^/]+\.pth)$"
)


def runner_files(paths: list[str]) -> list[str]:
    """Return those paths that configure or are the test runner."""
    return [path for path in paths if _RUNNER_FILES.search(path)]


def disagreements(log: str, statuses: Mapping[str, str]) -> list[str]:
    """Compare the runner's own summary with the lines that name single tests."""
    return [*_pytest_disagreement(log, statuses), *_unittest_disagreement(log)]


def _pytest_disagreement(log: str, statuses: Mapping[str, str]) -> list[str]:
    summaries = list(_PYTEST_SUMMARY.finditer(log))
    if not summaries:
        return []
    # The last one is that of the outer run: tests of test runners print summaries of their own.
    counts = {word.rstrip("s"): int(n) for n, word in _COUNT.findall(summaries[-1]["counts"])}
    passed = sum(status == "PASSED" for status in statuses.values())
    # Ids are cut at the first blank and may collapse, so fewer named than counted is usual.
    if "::" in "".join(statuses) and passed > counts.get("passed", 0):
        return [f"{passed} tests are named as passed, pytest counted {counts.get('passed', 0)}."]
    return []


def _unittest_disagreement(log: str) -> list[str]:
    totals = _UNITTEST_SUMMARY.findall(log)
    return [f"The log has {len(totals)} unittest summaries."] if len(totals) > 1 else []
