"""Count the tests of a run while its output comes."""

from __future__ import annotations

import re

from trajectories.text import clean_text
from validation.logs.read import result_of

# "tests/test_x.py ..F.s   [ 10%]", "..F..", "sympy/core/tests/test_x.py[20] ..... [OK]"
_SIGNS = re.compile(
    r"(?:\S+\.py(?:\[\w+\])? +)?(?P<signs>[.sxXFEfuKw]+)(?: +\[(?: *\d+%|OK|FAIL)\])? *"
)
_LONE_WORD = re.compile(r"[sxXFEfuKw]{1,3}")
# "collected 56 items / 2 deselected / 54 selected" of pytest, "Found 56 test(s)." of Django
_ANNOUNCED = re.compile(
    r"(?:collecting \.\.\. )?collected "
    r"(?P<all>\d{1,7}) items?(?:.* (?P<some>\d{1,7}) selected)?\b.*"
)
_FOUND = re.compile(r"Found (?P<all>\d{1,7}) test\(s\)\.")
# More of one line is no list of tests, and more output than this is not looked at.
_LONGEST_LINE = 16 * 1024
_MOST = 10_000_000
_LIMIT_BYTES = 32 * 1024 * 1024


class TestCounter:
    """How many tests have reported, and how many there will be where the output says it.

    Runners print a sign per test, or a line with its name, or first the one and then the other.
    """

    __test__ = False

    def __init__(self) -> None:
        self.announced: int | None = None
        self._n_signs = 0
        self._names: set[str] = set()
        self._line = ""
        self._left = _LIMIT_BYTES

    def add(self, chunk: bytes) -> None:
        """Take the next bytes of the output."""
        if self._left <= 0:
            return
        self._left -= len(chunk)
        *lines, rest = (self._line + chunk.decode("utf-8", "replace")).split("\n")
        for line in lines:
            self._count(clean_text(line) if "\x1b" in line or "\r" in line else line)
        self._line = rest if len(rest) <= _LONGEST_LINE else ""

    @property
    def done(self) -> int:
        """Return how many tests have reported so far, the line that is being printed included.

        A summary may name a test in two ways, so there are no more than the output announced.
        """
        seen = max(self._n_signs + _n_signs(self._line), len(self._names))
        return seen if self.announced is None else min(seen, self.announced)

    def _count(self, line: str) -> None:
        if name := result_of(line):
            self._names.add(name)
        elif match := _ANNOUNCED.fullmatch(line) or _FOUND.fullmatch(line):
            # A command may start its runner more than once.
            n = int(match.groupdict().get("some") or match["all"])
            self.announced = min((self.announced or 0) + n, _MOST)
        else:
            self._n_signs += _n_signs(line)


def _n_signs(line: str) -> int:
    match = _SIGNS.fullmatch(line)
    return len(match["signs"]) if match and not _LONE_WORD.fullmatch(line) else 0
