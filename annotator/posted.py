"""What all forms of the room share about what is posted."""

from __future__ import annotations

MOST_TEXT_CHARS = 100_000
CHANGED_ON_ITS_WAY = "This form was changed on its way; reload the page."
# What json.loads raises: numbers of thousands of digits are a ValueError, deep nesting the other.
NOT_JSON = (ValueError, RecursionError)


def unix(text: str) -> str:
    """Return what was typed: a browser sends line ends as CRLF. PostgreSQL refuses NUL."""
    return text.replace("\r\n", "\n").replace("\0", "")
