"""Errors that say what was wrong with the input, and where."""

from __future__ import annotations


class AlmanacError(ValueError):
    """Base of all errors of this package."""


class ParseError(AlmanacError):
    """A text that cannot be read.

    `position` is the 0-based index into `text` at which reading stopped.
    """

    def __init__(self, text: str, position: int, expected: str) -> None:
        self.text = text
        self.position = position
        self.expected = expected
        super().__init__(f"expected {expected} at {position} in {text!r}")
