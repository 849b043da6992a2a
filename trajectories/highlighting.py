"""Colour code: from a syntax tree or by Pygments, as lines of (class, text), then as markup.

A whole text is read, not a line or a hunk, so that strings and docstrings over many lines colour
right. Pygments is for the languages that have no grammar here; it is slower by ten times or more.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache, partial
from html import escape
from itertools import pairwise
from typing import overload

from django.utils.safestring import SafeString
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_for_filename
from pygments.token import Token, _TokenType
from pygments.util import ClassNotFound

from trajectories.symbols.languages import language_of
from trajectories.symbols.parse import parsed
from trajectories.syntax import ColouredLine, colour_rows

__all__ = ["ColouredLine", "colour_lines", "markup"]

# Pygments reads some 10,000 lines a second: beyond this a request would wait too long for colour.
MAX_LINES = 6_000
MAX_CHARS = 400_000
# Generated code on one line says nothing to the eye and much to a lexer.
MAX_LINE_CHARS = 5_000
MAX_PARSE_SECONDS = 0.5
_SURROGATE = re.compile("[\ud800-\udfff]")
# Lines that get their colours together.
_CHUNK_LINES = 64

# The kinds of token that get a colour; a token takes the class of its nearest ancestor.
_CLASSES: dict[_TokenType, str] = {
    Token.Comment: "tok-comment",
    Token.Comment.Preproc: "tok-keyword",
    Token.Keyword: "tok-keyword",
    Token.Keyword.Constant: "tok-number",
    Token.Operator.Word: "tok-keyword",
    Token.Name.Function: "tok-name",
    Token.Name.Class: "tok-name",
    Token.Name.Tag: "tok-name",
    Token.Name.Decorator: "tok-builtin",
    Token.Name.Builtin: "tok-builtin",
    Token.Name.Exception: "tok-builtin",
    Token.Literal.String: "tok-string",
    Token.Literal.String.Doc: "tok-comment",
    Token.Literal.Number: "tok-number",
    Token.Generic.Heading: "tok-name",
}


def colour_lines(lines: list[str], path: str) -> Sequence[ColouredLine]:
    """Return the coloured parts of each line of a file called `path`.

    The lines get their colours when they are looked at, some at a time: index what is shown.
    They come back plain where the language is not known or the file too long.
    """
    if not lines:
        return ()
    text = "\n".join(lines)
    longest = max(map(len, lines))
    if len(lines) > MAX_LINES or len(text) > MAX_CHARS or longest > MAX_LINE_CHARS:
        return [_plain(line) for line in lines]
    return _coloured(text, path)


@lru_cache(maxsize=32)
def _coloured(text: str, path: str) -> Sequence[ColouredLine]:
    lines = text.split("\n")
    language = language_of(path)
    if language is not None:
        # A grammar knows no surrogates; what stands for them is as long in bytes.
        data = _SURROGATE.sub("\ufffd", text).encode()
        tree = parsed(data, language, MAX_PARSE_SECONDS)
        if tree is not None:
            return _Lines(lines, partial(colour_rows, lines, data, tree, language))
    lexer = _lexer(path)
    if lexer is None:
        return [_plain(line) for line in lines]
    return _Lines(lines, _LexedRows(lexer, text))


class _Lines(Sequence[ColouredLine]):
    """Lines that `colour` gives their colours by chunks, when one of the chunk is looked at."""

    def __init__(self, lines: list[str], colour: Callable[[int, int], list[ColouredLine]]) -> None:
        self._lines = lines
        self._colour = colour
        self._chunks: dict[int, list[ColouredLine]] = {}

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, index: int) -> ColouredLine: ...
    @overload
    def __getitem__(self, index: slice) -> list[ColouredLine]: ...
    def __getitem__(self, index: int | slice) -> ColouredLine | list[ColouredLine]:
        wanted = range(len(self))[index]
        if isinstance(wanted, range):
            return [self._line(row) for row in wanted]
        return self._line(wanted)

    def _line(self, row: int) -> ColouredLine:
        number, place = divmod(row, _CHUNK_LINES)
        if number not in self._chunks:
            self._chunks[number] = self._made(number * _CHUNK_LINES)
        return self._chunks[number][place]

    def _made(self, first: int) -> list[ColouredLine]:
        last = min(first + _CHUNK_LINES, len(self))
        # What changes the text (some lexers drop or add blanks) must not change what is quoted.
        return [
            parts if "".join(part for _, part in parts) == line else _plain(line)
            for parts, line in zip(self._colour(first, last), self._lines[first:last], strict=True)
        ]


class _LexedRows:
    """Rows as a lexer of Pygments colours them, which reads from the top as far as it has to."""

    def __init__(self, lexer: Lexer, text: str) -> None:
        self._tokens = iter(lexer.get_tokens(text))
        self._rows: list[list[tuple[str, str]]] = [[]]

    def __call__(self, first: int, last: int) -> list[ColouredLine]:
        while len(self._rows) <= last and (token := next(self._tokens, None)) is not None:
            self._add(*token)
        rows = self._rows[first:last]
        return [tuple(row) for row in rows] + [()] * (last - first - len(rows))

    def _add(self, kind: _TokenType, value: str) -> None:
        css = _class(kind)
        for index, part in enumerate(value.split("\n")):
            if index:
                self._rows.append([])
            if part:
                self._rows[-1].append((css, part))


def _lexer(path: str) -> Lexer | None:
    try:
        lexer: Lexer = get_lexer_for_filename(path, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
    return lexer


@lru_cache(maxsize=512)
def _class(kind: _TokenType) -> str:
    ancestor: _TokenType | None = kind
    while ancestor is not None:
        if ancestor in _CLASSES:
            return _CLASSES[ancestor]
        ancestor = ancestor.parent
    return ""


def _plain(line: str) -> ColouredLine:
    return (("", line),) if line else ()


def markup(parts: ColouredLine, changed: tuple[tuple[int, int], ...] = ()) -> SafeString:
    """Return a line as HTML, escaped, with a class per part and `<b>` where it changed.

    Joined by hand: `format_html_join` takes five times as long, and a page has thousands of
    parts. Every text passes `escape`; the tags come from a table of constants.
    """
    return SafeString(
        "".join(
            _OPEN[is_changed, css] + escape(text) + _CLOSE[is_changed, bool(css)]
            for css, text, is_changed in _cut(parts, changed)
        )
    )


def _cut(
    parts: ColouredLine, changed: tuple[tuple[int, int], ...]
) -> Iterable[tuple[str, str, bool]]:
    """Cut the parts at the ends of the changed spans; yield (class, text, is changed)."""
    if not changed:
        yield from ((css, text, False) for css, text in parts)
        return
    bounds = [bound for span in changed for bound in span]
    at = 0
    for css, text in parts:
        cuts = [at, *(bound for bound in bounds if at < bound < at + len(text)), at + len(text)]
        for start, end in pairwise(cuts):
            is_changed = any(first <= start < last for first, last in changed)
            yield css, text[start - at : end - at], is_changed
        at += len(text)


_OPEN = {
    (is_changed, css): ("<b>" if is_changed else "") + (f'<span class="{css}">' if css else "")
    for css in {"", *_CLASSES.values()}
    for is_changed in (False, True)
}
_CLOSE = {
    (is_changed, has_class): ("</span>" if has_class else "") + ("</b>" if is_changed else "")
    for is_changed in (False, True)
    for has_class in (False, True)
}
