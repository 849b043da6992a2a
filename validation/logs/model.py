"""What is known of a log. Line numbers are 1-based, last lines are included."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Place(NamedTuple):
    """Lines of a log."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Section:
    """What a test runner says about one failure, or a traceback on its own.

    `about` is how the runner names the test: `TestA.test_b[1]`, `test_b (pkg.TestA)`; `words` is
    the docstring's first line where unittest prints one.
    """

    first: int
    last: int
    about: str
    words: str = ""

    @property
    def place(self) -> Place:
        return Place(self.first, self.last)


@dataclass(frozen=True, slots=True)
class Log:
    """The lines of a log as they are shown, its failures, and the stretches where all passed.

    `results` has the line on which a runner says how a test ended, by the id it prints; `failed`
    are those lines that report a failure.
    """

    lines: tuple[str, ...]
    sections: tuple[Section, ...]
    passing: tuple[Place, ...]
    results: dict[str, int]
    failed: tuple[int, ...]

    def text(self, place: Place) -> tuple[str, ...]:
        return self.lines[place.first - 1 : place.last]
