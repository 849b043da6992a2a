"""Colour code: Pygments over whole texts, as lines of (class, text), then as markup.

A whole text is lexed, not a line or a hunk, so that strings and docstrings over many lines
colour right.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from html import escape
from itertools import pairwise

from django.utils.safestring import SafeString
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_for_filename
from pygments.token import Token, _TokenType
from pygments.util import ClassNotFound

# (class or "", text); the texts of a line together are the line.
ColouredLine = tuple[tuple[str, str], ...]

# Pygments reads some 10,000 lines a second: beyond this a request would wait too long for colour.
MAX_LINES = 6_000
MAX_CHARS = 400_000
# Generated code on one line says nothing to the eye and much to a lexer.
MAX_LINE_CHARS = 5_000

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


def colour_lines(lines: list[str], path: str) -> list[ColouredLine]:
    """Return the coloured parts of each line of a file called `path`.

    Lines come back plain where the language is not known or the file too long.
    """
    if not lines:
        return []
    text = "\n".join(lines)
    longest = max(map(len, lines))
    if len(lines) > MAX_LINES or len(text) > MAX_CHARS or longest > MAX_LINE_CHARS:
        return [_plain(line) for line in lines]
    return list(_coloured(text, path))


@lru_cache(maxsize=32)
def _coloured(text: str, path: str) -> tuple[ColouredLine, ...]:
    lines = text.split("\n")
    lexer = _lexer(path)
    if lexer is None:
        return tuple(_plain(line) for line in lines)
    coloured = _split(lexer.get_tokens(text), len(lines))
    # A lexer that changes the text (some drop or add blanks) must not change what is quoted.
    return tuple(
        parts if "".join(part for _, part in parts) == line else _plain(line)
        for parts, line in zip(coloured, lines, strict=True)
    )


def _lexer(path: str) -> Lexer | None:
    try:
        lexer: Lexer = get_lexer_for_filename(path, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
    return lexer


def _split(tokens: Iterable[tuple[_TokenType, str]], n_lines: int) -> list[ColouredLine]:
    lines: list[list[tuple[str, str]]] = [[]]
    for kind, value in tokens:
        css = _class(kind)
        for index, part in enumerate(value.split("\n")):
            if index:
                lines.append([])
            if part:
                lines[-1].append((css, part))
    lines += [[] for _ in range(n_lines - len(lines))]
    return [tuple(line) for line in lines[:n_lines]]


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
