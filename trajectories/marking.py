"""Find a text in lines without regard to case, and write lines with what was found marked."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise

from django.utils.safestring import SafeString

from trajectories.highlighting import ColouredLine

Spans = tuple[tuple[int, int], ...]

# A line of base64 may hold a letter ten thousand times.
MOST_MARKS = 500


class Needle:
    """A text that is looked for: with regard to case only where it has a capital letter."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._has_capital = text != text.lower()

    def __bool__(self) -> bool:
        return bool(self.text)

    def folded(self, text: str) -> str:
        """Return a text, of the same length, in which the needle can be looked for as it is."""
        if self._has_capital:
            return text
        folded = text.lower()
        # The capital İ has two characters in lower case, which would move all that follows.
        return folded if len(folded) == len(text) else "".join(map(_lower, text))

    def first(self, folded: str, start: int) -> tuple[int, int] | None:
        """Return the first place at or after `start`, in a text that has been folded."""
        at = folded.find(self.text, start)
        return (at, at + len(self.text)) if at >= 0 else None

    def spans(self, text: str, most: int = MOST_MARKS) -> Spans:
        """Return where the needle stands in a text, without overlaps."""
        if not self.text:
            return ()
        folded = self.folded(text)
        found: list[tuple[int, int]] = []
        place = self.first(folded, 0)
        while place and len(found) < most:
            found.append(place)
            place = self.first(folded, place[1])
        return tuple(found)

    def is_in(self, text: str) -> bool:
        return bool(self.spans(text, 1))


def _lower(character: str) -> str:
    lower = character.lower()
    return lower if len(lower) == 1 else character


NOTHING = Needle("")


def cut_line(parts: ColouredLine, start: int, end: int) -> ColouredLine:
    """Return the characters from `start` up to `end` of a line's parts."""
    cut = []
    at = 0
    for css, text in parts:
        piece = text[max(0, start - at) : max(0, end - at)]
        if piece:
            cut.append((css, piece))
        at += len(text)
    return tuple(cut)


def cut_spans(spans: Spans, start: int, end: int) -> Spans:
    """Return spans of a line as they lie in its characters from `start` up to `end`."""
    return tuple(
        (max(first, start) - start, min(last, end) - start)
        for first, last in spans
        if first < end and last > start
    )


def line_html(parts: ColouredLine, changed: Spans = (), found: Spans = ()) -> SafeString:
    """Return a line as HTML, escaped: a class per part, `<b>` what changed, `<mark>` what is found.

    The classes of the parts are words of the modules that made them, never of the text.
    """
    if not changed and not found:
        return SafeString("".join(_coloured(css, text) for css, text in parts))
    bounds = sorted({bound for span in (*changed, *found) for bound in span})
    html = []
    at = 0
    for css, text in parts:
        cuts = [at, *(bound for bound in bounds if at < bound < at + len(text)), at + len(text)]
        for start, end in pairwise(cuts):
            piece = _coloured(css, text[start - at : end - at])
            piece = f"<b>{piece}</b>" if _covers(changed, start) else piece
            html.append(f"<mark>{piece}</mark>" if _covers(found, start) else piece)
        at += len(text)
    return SafeString("".join(html))


def _coloured(css: str, text: str) -> str:
    return f'<span class="{css}">{escape(text)}</span>' if css else escape(text)


def _covers(spans: Sequence[tuple[int, int]], position: int) -> bool:
    return any(start <= position < end for start, end in spans)
