"""Find a quote in the text it was taken from. Pure functions.

What a browser selects is not always what stands in the source: white space is folded, and rendered
Markdown has lost its markers. So a quote is looked for as it is first, then with white space and
Markdown's markers left out on both sides. What is kept is always the source's own text.
"""

from __future__ import annotations

from dataclasses import dataclass

# Characters of context on either side, as W3C's TextQuoteSelector asks for.
CONTEXT_CHARS = 32
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
    quote = quote.strip()
    if not quote:
        return None
    spans = _exact(content, quote) or _loose(content, quote)
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
    spans = []
    start = content.find(quote)
    while start >= 0:
        spans.append(Span(start, start + len(quote)))
        start = content.find(quote, start + 1)
    return spans


def _loose(content: str, quote: str) -> list[Span]:
    """Compare only the characters that rendering keeps, and map back to the source."""
    kept, positions = _significant(content)
    wanted, _ = _significant(quote)
    if not wanted:
        return []
    spans = []
    start = kept.find(wanted)
    while start >= 0:
        spans.append(Span(positions[start], positions[start + len(wanted) - 1] + 1))
        start = kept.find(wanted, start + 1)
    return spans


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
