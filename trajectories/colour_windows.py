"""Colour a few lines of a long file as if all of it had been lexed.

A lexer may begin anywhere outside strings and comments that span lines. For Python those are found
by a fast scan of the whole text; other files are lexed from their beginning as far as that takes
no longer, else from some lines above.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from trajectories.highlighting import MAX_CHARS, MAX_LINE_CHARS, ColouredLine, colour_lines

Range = tuple[int, int]

_PYTHON = (".py", ".pyi", ".pyw")
# A string or comment of Python; only those in triple quotes span lines.
_TOKENS = re.compile(
    r"#[^\n]*"
    r'|"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*(?:"""|\Z)'
    r"|'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*(?:'''|\Z)"
    r'|"(?:[^"\\\n]|\\.)*"?'
    r"|'(?:[^'\\\n]|\\.)*'?",
    re.DOTALL,
)
# Ranges nearer than this are lexed as one.
_NEAR = 8
# How far above a range other languages are lexed; and from the beginning up to this line.
_LINES_ABOVE = 200
_FROM_BEGINNING = 600


def colour_ranges(
    lines: Sequence[str], path: str, ranges: Iterable[Range]
) -> dict[int, ColouredLine]:
    """Return the coloured parts of the lines in `ranges` (1-based, both ends in), by number."""
    wanted = [(max(1, first), min(last, len(lines))) for first, last in ranges]
    coloured: dict[int, ColouredLine] = {}
    for first, last in _windows(lines, path, [span for span in wanted if span[0] <= span[1]]):
        window = list(lines[first - 1 : last])
        coloured |= dict(enumerate(colour_lines(window, path), start=first))
    return coloured


def _windows(lines: Sequence[str], path: str, ranges: list[Range]) -> Iterator[Range]:
    """Yield what to lex: the ranges widened to where a lexer can begin and end, joined."""
    widen = _widen_python if path.endswith(_PYTHON) else _widen
    joined: list[Range] = []
    for first, last in sorted(widen(lines, span) for span in ranges):
        if joined and first <= joined[-1][1] + _NEAR:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    yield from joined


def _widen(_: Sequence[str], span: Range) -> Range:
    first, last = span
    return (1 if last <= _FROM_BEGINNING else max(1, first - _LINES_ABOVE)), last


def _widen_python(lines: Sequence[str], span: Range) -> Range:
    first, last = span
    for start, end in _strings(tuple(lines)):
        if start < first <= end:
            first = start
        if start <= last < end:
            last = end
    return first, last


@lru_cache(maxsize=64)
def _strings(lines: tuple[str, ...]) -> tuple[Range, ...]:
    """Return first and last line of the strings that span lines."""
    # What is too much for a lexer gets no colours anyway.
    if sum(map(len, lines)) > 10 * MAX_CHARS or max(map(len, lines), default=0) > MAX_LINE_CHARS:
        return ()
    text = "\n".join(lines)
    found = []
    line = at = 0
    for match in _TOKENS.finditer(text):
        if "\n" not in match[0]:
            continue
        line += text.count("\n", at, match.start())
        at = match.start()
        found.append((line + 1, line + 1 + match[0].count("\n")))
    return tuple(found)
