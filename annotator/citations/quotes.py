"""Find a quote in the text it was taken from. Pure functions.

What a browser selects is not always what stands in the source: white space is folded, and rendered
Markdown has lost its markers. So a quote is looked for as it is first, then with white space and
Markdown's markers left out on both sides. What is kept is always the source's own text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

# Characters of context on either side, as W3C's TextQuoteSelector asks for.
CONTEXT_CHARS = 32
# Places that are compared by their surroundings; a letter may stand in a log a million times.
MOST_PLACES = 500
# Markers of emphasis, code, headings, lists, quotes, links, tables and escapes.
_MARKERS = frozenset("*_`#>[]()|\\~-+•")


@dataclass(frozen=True)
class Span:
    """A place in a text: characters from `start` up to `end`, exclusive."""

    start: int
    end: int


def locate(content: str, quote: str, prefix: str = "", suffix: str = "") -> Span | None:
    """Return where the quote stands, or None.

    Where it stands more than once, the place whose surroundings look most like `prefix` and
    `suffix` wins, then the first.
    """
    wanted = quote.strip()
    if not wanted:
        return None
    whole = content.find(prefix + quote + suffix)
    if whole >= 0:
        start = whole + len(prefix) + quote.index(wanted)
        return Span(start, start + len(wanted))
    spans = _exact(content, wanted) or _loose(content, wanted)
    if len(spans) < 2:
        return spans[0] if spans else None
    return max(spans, key=lambda span: _likeness(content, span, prefix, suffix))


def surroundings(content: str, span: Span) -> tuple[str, str]:
    """Return the text before and after a span, CONTEXT_CHARS at most."""
    return (
        content[max(0, span.start - CONTEXT_CHARS) : span.start],
        content[span.end : span.end + CONTEXT_CHARS],
    )


def _exact(content: str, quote: str) -> list[Span]:
    return [Span(start, start + len(quote)) for start in places(content, quote)]


def _loose(content: str, quote: str) -> list[Span]:
    """Compare only the characters that rendering keeps, and map back to the source."""
    kept, positions = _significant(content)
    wanted, _ = _significant(quote)
    if not wanted:
        return []
    return [
        Span(positions[start], positions[start + len(wanted) - 1] + 1)
        for start in places(kept, wanted)
    ]


def places(text: str, part: str) -> Iterator[int]:
    """Yield where `part` begins in `text`, overlapping ones too, MOST_PLACES at most."""
    start = text.find(part)
    for _ in range(MOST_PLACES):
        if start < 0:
            return
        yield start
        start = text.find(part, start + 1)


def _significant(text: str) -> tuple[str, list[int]]:
    positions = [
        index
        for index, character in enumerate(text)
        if not character.isspace() and character not in _MARKERS
    ]
    return "".join(text[index] for index in positions), positions


def _likeness(content: str, span: Span, prefix: str, suffix: str) -> int:
    """Count the significant characters that agree next to the quote on both sides."""
    reach = 4 * CONTEXT_CHARS
    before = _significant(content[max(0, span.start - reach) : span.start])[0]
    after = _significant(content[span.end : span.end + reach])[0]
    return _common(before[::-1], _significant(prefix)[0][::-1]) + _common(
        after, _significant(suffix)[0]
    )


def _common(one: str, other: str) -> int:
    """Return the length of the common beginning."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count
