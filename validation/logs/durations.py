"""How long tests took, where a log says it. Most runners do not, unless they are asked to."""

from __future__ import annotations

import re
from collections import defaultdict

from trajectories.text import clean_text

# "0.12s call     tests/test_x.py::test_a" of pytest --durations; setup and teardown count too
_PYTEST = re.compile(r"(?P<s>\d{1,7}\.\d{1,9})s (?:call|setup|teardown) +(?P<id>\S.*)")
# "0.123s     test_b (pkg.TestA.test_b)" of unittest --durations
_UNITTEST = re.compile(r"(?P<s>\d{1,7}\.\d{1,9})s +(?P<id>\w+ \([\w.]+\))")
# "--- PASS: TestA/case (0.01s)"
_GO = re.compile(r"\s*--- (?:PASS|FAIL|SKIP): (?P<id>\S+) \((?P<s>\d{1,7}\.\d{1,9})s\)")
# "✔ adds numbers (1.25ms)" of node --test, "✓ adds numbers (5 ms)" of Jest
_NODE = re.compile(r"\s*[✔✖✓✕] (?P<id>\S.*?) \((?P<n>\d{1,9}(?:\.\d{1,9})?) ?(?P<unit>ms|s)\)")
# "test_a - Took 12.345 seconds" of SymPy's runner
_SYMPY = re.compile(r"(?P<id>test_\w+) - Took (?P<s>\d{1,7}\.\d{1,9}) seconds")
# "ok 1 - adds" of TAP, and in what follows "  duration_ms: 0.66"
_TAP = re.compile(r"\s*(?:ok|not ok) \d+ (?P<id>\S.*)")
_TAP_TOOK = re.compile(r"\s+duration_ms: (?P<n>\d{1,9}(?:\.\d{1,9})?)")
_FORMS = (_PYTEST, _UNITTEST, _GO, _NODE, _SYMPY)
# "test_b (pkg.TestA.test_b)", which older records have as "test_b (pkg.TestA)"
_LONG_ID = re.compile(r"(?P<name>\w+) \((?P<owner>[\w.]+)\.(?P=name)\)")
_LONGEST = 1_000
# Most lines of most logs say nothing of the kind.
_HINT = re.compile(r"\d+s |s\)$| seconds$|^\s*(?:not )?ok \d|^\s+duration_ms: ")


def durations(text: str) -> dict[str, float]:
    """Return seconds by the id that a log prints, and by its older form for unittest."""
    found: defaultdict[str, float] = defaultdict(float)
    tap = ""
    for line in clean_text(text).split("\n"):
        if len(line) > _LONGEST or not _HINT.search(line):
            continue
        if match := _TAP.fullmatch(line):
            tap = match["id"]
        elif tap and (match := _TAP_TOOK.fullmatch(line)):
            found[tap] += float(match["n"]) / 1000
            tap = ""
        for form in _FORMS:
            if match := form.fullmatch(line):
                found[match["id"]] += _seconds(match)
                break
    for name, seconds in list(found.items()):
        if match := _LONG_ID.fullmatch(name):
            found.setdefault(f"{match['name']} ({match['owner']})", seconds)
    return dict(found)


def _seconds(match: re.Match[str]) -> float:
    parts = match.groupdict()
    if "s" in parts:
        return float(parts["s"])
    return float(parts["n"]) / (1000 if parts["unit"] == "ms" else 1)
