"""Read a log: the forms of line in which pytest, unittest, SymPy's runner, Go and TAP report.

Sources of the forms: the runners' own output, and the log parsers of the ``swebench`` package,
which grade by the same lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from trajectories.text import clean_text
from validation.logs.model import Log, Place, Section

_GOOD = frozenset({"PASSED", "XFAIL", "SKIPPED", "ok", "expected", "skipped", "PASS", "s", "f"})
_WORDS = "PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS"
# "FAILED tests/test_x.py::test_a - assert 1 == 2"
_SUMMARY = re.compile(rf"(?P<status>{_WORDS}) (?P<id>\S.*?)(?: - .*)?")
# "tests/test_x.py::test_a PASSED                [ 50%]"
_VERBOSE = re.compile(rf"(?P<id>.*\S) (?P<status>{_WORDS})(?: +\[ *\d+%\])?")
# "test_a (pkg.TestA) ... ok", and on a line of its own after the id: "A docstring ... ok"
_DOTTED = re.compile(
    r"(?:test )?(?P<id>\S.*?) \.\.\. "
    r"(?P<status>ok|FAIL|FAILED|ERROR|skipped|expected failure|unexpected success)\b.*"
)
# "test_a ok", "test_a F" and "test_a Traceback (most recent call last):" of SymPy's runner
_SYMPY = re.compile(r"(?P<id>test_\w+) (?P<status>ok|[FEfsXK])(?: .*)?")
# "--- FAIL: TestA/case (0.00s)"
_GO = re.compile(r"\s*--- (?P<status>PASS|FAIL|SKIP): (?P<id>\S+).*")
# "ok 1 - adds", "not ok 2 - halves" of TAP, as Node's test runner prints it; indented in a suite
_TAP = re.compile(r"\s*(?P<status>ok|not ok) \d+ (?P<id>\S.*)")
_FORMS = (_VERBOSE, _SUMMARY, _DOTTED, _SYMPY, _GO, _TAP)
_UNITTEST_ID = re.compile(r"\w+ \([\w.]+\)")
# "tests/test_x.py ..s.x   [ 10%]", "......  [100%]", "sympy/core/tests/test_x.py[20] ....... [OK]"
_DOTS = re.compile(r"(?:\S+\.py(?:\[\w+\])? )?[.sxX]{2,}(?: +\[(?: *\d+%|OK)\])?")

# "____ TestA.test_b[1] ____" of pytest, "____ sympy/x/test_y.py:test_z ____" of SymPy
_TITLE = re.compile(r"_+ (?P<about>(?!_ )\S.*?) _+")
# "FAIL: test_b (pkg.TestA)" of unittest, after a line of "="
_UNITTEST_TITLE = re.compile(r"(?:FAIL|ERROR|UNEXPECTED SUCCESS): (?P<about>.+)")
_GO_TITLE = re.compile(r"\s*--- FAIL: (?P<about>\S+).*")
_TRACEBACK = "Traceback (most recent call last):"
_DOUBLE_RULE = re.compile(r"={20,}|=+ .* =+")
_RULE = re.compile(r"-{20,}")
_SHORT_PASSING = 6
_LONGEST_RESULT = 2_000


def read_log(text: str) -> Log:
    """Return the lines of a log and where its failures, results and passing stretches are."""
    cleaned = clean_text(text)
    lines = tuple(cleaned.removesuffix("\n").split("\n")) if cleaned else ()
    results: dict[str, int] = {}
    good: list[int] = []
    failed: list[int] = []
    for number, line in enumerate(lines, start=1):
        if not _may_report(line):
            continue
        status = _result(lines, number, line, results)
        if status in _GOOD or (not status and _DOTS.fullmatch(line)):
            good.append(number)
        elif status:
            failed.append(number)
    sections = tuple(_sections(lines))
    return Log(lines, sections, tuple(_stretches(good, lines)), results, tuple(failed))


def result_of(line: str) -> str:
    """Return the test that a line says the result of, as it names it, or nothing."""
    match = _report(line) if _may_report(line) else None
    return match["id"] if match else ""


def _may_report(line: str) -> bool:
    if not line or len(line) > _LONGEST_RESULT:
        return False
    return line[0] not in " \t+>" or bool(_TAP.fullmatch(line))


def _report(line: str) -> re.Match[str] | None:
    for form in _FORMS:
        match = form.fullmatch(line)
        # An id of pytest's has no blank before its "::", unlike a sentence that ends in PASSED.
        if match and (form is not _VERBOSE or "::" in match["id"].partition(" ")[0]):
            return match
    return None


def _result(lines: tuple[str, ...], number: int, line: str, results: dict[str, int]) -> str:
    """Note the test that a line is about; return how it ended, or nothing."""
    match = _report(line)
    if match is None:
        return ""
    results.setdefault(match["id"], number)
    before = lines[number - 2] if number > 1 else ""
    if match.re is _DOTTED and _UNITTEST_ID.fullmatch(before):
        results.setdefault(before, number)
    return match["status"].partition(" ")[0]


def _sections(lines: tuple[str, ...]) -> Iterator[Section]:
    """Yield the failures in the log's order; none begins within another."""
    number = 1
    while number <= len(lines):
        section = _section_at(lines, number)
        if section is None:
            number += 1
        else:
            yield section
            number = section.last + 1


def _section_at(lines: tuple[str, ...], first: int) -> Section | None:
    line = lines[first - 1]
    if line.startswith("_"):
        match = _TITLE.fullmatch(line)
        return Section(first, _end(lines, first, _ends_titled), match["about"]) if match else None
    if line.startswith(("FAIL: ", "ERROR: ", "UNEXPECTED")):
        return _unittest_section(lines, first)
    if match := _GO_TITLE.fullmatch(line):
        return Section(first, _end(lines, first, _ends_go), match["about"])
    if line.lstrip().startswith("not ok ") and (match := _TAP.fullmatch(line)):
        return Section(first, _end(lines, first, _ends_tap), match["id"])
    if line.endswith(_TRACEBACK):
        return Section(first, _end_of_traceback(lines, first), "")
    return None


def _unittest_section(lines: tuple[str, ...], first: int) -> Section | None:
    match = _UNITTEST_TITLE.fullmatch(lines[first - 1])
    if match is None or first < 2 or not _DOUBLE_RULE.fullmatch(lines[first - 2]):
        return None
    after = lines[first] if first < len(lines) else ""
    words = "" if _RULE.fullmatch(after) else after.strip()
    return Section(first, _end(lines, first + 2, _ends_unittest), match["about"], words)


def _end(lines: tuple[str, ...], first: int, ends: re.Pattern[str]) -> int:
    """Return the last line before one that ends a section, without blank lines at the end."""
    number = min(first, len(lines))
    while number < len(lines) and not ends.fullmatch(lines[number]):
        number += 1
    while number > first and not lines[number - 1].strip():
        number -= 1
    return number


_ends_titled = re.compile(r"_+ (?!_ )\S.*? _+|_{20,}|={3,}.*|-{20,} Captured .*teardown.*|Ran \d.*")
_ends_unittest = re.compile(r"={20,}|-{20,}|Ran \d+ tests?.*")
_ends_go = re.compile(r"\s*(?:---|===) .*|FAIL\b.*|PASS\b.*|ok\b.*")
_ends_tap = re.compile(r"\s*(?:# .*|1\.\.\d+|(?:not )?ok \d+ .*)")


def _end_of_traceback(lines: tuple[str, ...], first: int) -> int:
    """Return the line that names the exception: the first one that is not indented."""
    number = first + 1
    while number < len(lines) and (not lines[number - 1] or lines[number - 1][0] in " \t"):
        number += 1
    return min(number, len(lines))


def _stretches(good: list[int], lines: tuple[str, ...]) -> Iterator[Place]:
    """Join lines on which tests passed, across blank ones; leave out short stretches."""
    if not good:
        return
    first = good[0]
    for number, following in pairwise([*good, len(lines) + 2]):
        between = lines[number : following - 1]
        if following > len(lines) or len(between) > 2 or any(line.strip() for line in between):
            if number - first >= _SHORT_PASSING:
                yield Place(first, number)
            first = following
