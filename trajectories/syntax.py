"""Colour the lines of a file from its syntax tree, a window at a time.

Parsing takes some ten milliseconds per hundred kilobytes; giving every token of them its colour
takes ten times as long, so only the lines that are looked at get theirs.
"""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from typing import NamedTuple

from tree_sitter import Node, Tree, TreeCursor

# (class or "", text); the texts of a line together are the line.
ColouredLine = tuple[tuple[str, str], ...]

COMMENT, KEYWORD, NUMBER = "tok-comment", "tok-keyword", "tok-number"
NAME, BUILTIN, STRING = "tok-name", "tok-builtin", "tok-string"

# Kinds of node that are one colour as a whole, by what the grammars call them.
_WHOLE = {
    **dict.fromkeys(("comment", "line_comment", "block_comment", "doc_comment"), COMMENT),
    **dict.fromkeys(("preproc_directive", "primitive_type", "void_type"), KEYWORD),
    **dict.fromkeys(("integral_type", "floating_point_type", "boolean_type"), KEYWORD),
    **dict.fromkeys(("this", "super", "self", "crate", "mutable_specifier"), KEYWORD),
    **dict.fromkeys(("integer", "float", "number", "number_literal", "int_literal"), NUMBER),
    **dict.fromkeys(("float_literal", "integer_literal", "imaginary_literal"), NUMBER),
    **dict.fromkeys(("decimal_integer_literal", "hex_integer_literal"), NUMBER),
    **dict.fromkeys(("decimal_floating_point_literal", "rational", "complex"), NUMBER),
    **dict.fromkeys(("true", "false", "none", "null", "nil", "undefined"), NUMBER),
    **dict.fromkeys(("boolean_literal", "null_literal", "boolean"), NUMBER),
    **dict.fromkeys(("char_literal", "character_literal", "rune_literal", "character"), STRING),
    **dict.fromkeys(("regex", "regex_literal", "simple_symbol", "hash_key_symbol"), STRING),
    **dict.fromkeys(("system_lib_string", "heredoc_body", "heredoc", "nowdoc"), STRING),
    **dict.fromkeys(("string_start", "string_content", "string_end"), STRING),
    **dict.fromkeys(("string_fragment", "escape_sequence", "raw_string_literal"), STRING),
    **dict.fromkeys(("interpreted_string_literal", "encapsed_string_content"), STRING),
}
# Strings that may hold code, of which each part is then looked at by itself.
_STRINGS = frozenset(
    {"string", "string_literal", "template_string", "encapsed_string", "concatenated_string"}
)
_CODE_IN_STRING = frozenset(
    {"interpolation", "template_substitution", "variable_name", "embedded_expression"}
)
_NAMES = frozenset(
    {"identifier", "type_identifier", "field_identifier", "property_identifier", "name", "constant"}
)
# Ends of the kinds of node whose field `name` is what they define.
_DEFINES = (
    *("_definition", "_declaration", "_item", "_spec", "method", "class"),
    *("class_specifier", "struct_specifier", "enum_specifier", "union_specifier"),
)
_BUILTINS = {"python": frozenset(dir(builtins)) | {"self", "cls"}}
# Where a text that stands for itself, first of all, says what is defined there.
_DOC_HOLDERS = frozenset({"module", "block"})
# Nobody writes code this deep; a file of brackets is as deep as it is long.
_MAX_DEPTH = 500


class Span(NamedTuple):
    """A piece of the text in one colour; rows from 0, columns in bytes."""

    css: str
    first_row: int
    first_column: int
    last_row: int
    last_column: int


def colour_rows(
    lines: list[str], data: bytes, tree: Tree, language: str, first: int, last: int
) -> list[ColouredLine]:
    """Return the rows from `first` up to but without `last` in colour; `data` was parsed."""
    spans: dict[int, list[tuple[int, int, str]]] = {}
    for span in _spans(tree, _Names(data, _BUILTINS.get(language, frozenset())), first, last):
        for row in range(max(first, span.first_row), min(last, span.last_row + 1)):
            start = span.first_column if row == span.first_row else 0
            end = span.last_column if row == span.last_row else -1
            spans.setdefault(row, []).append((start, end, span.css))
    return [_line(lines[row], spans.get(row, [])) for row in range(first, last)]


def _line(text: str, spans: list[tuple[int, int, str]]) -> ColouredLine:
    """Cut a line at its spans, which are in order and do not overlap."""
    data = text.encode("utf-8", "surrogatepass")
    parts: list[tuple[str, str]] = []
    at = 0
    for start, end, css in spans:
        end = len(data) if end < 0 else end
        if start > at:
            parts.append(("", _text(data[at:start])))
        if start == at and parts and parts[-1][0] == css:
            # A string's quotes and what is between them.
            parts[-1] = (css, parts[-1][1] + _text(data[start:end]))
        elif end > start:
            parts.append((css, _text(data[start:end])))
        at = max(at, end)
    if at < len(data):
        parts.append(("", _text(data[at:])))
    return tuple(parts)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


class _Names:
    """Names that a language knows by itself."""

    def __init__(self, data: bytes, known: frozenset[str]) -> None:
        self._data = data
        self._known = frozenset(name.encode() for name in known)

    def has(self, node: Node) -> bool:
        return bool(self._known) and self._data[node.start_byte : node.end_byte] in self._known


def _spans(tree: Tree, known: _Names, first: int, last: int) -> Iterator[Span]:
    """Yield what has a colour between two rows, in the order of the text."""
    cursor = tree.walk()
    above: list[str] = []
    while True:
        node = cursor.node
        if node is None or node.start_point.row >= last:
            return
        css = _colour(cursor, node, above, known)
        if css:
            yield Span(css, *node.start_point, *node.end_point)
        elif len(above) < _MAX_DEPTH and cursor.goto_first_child_for_point((first, 0)) is not None:
            above.append(node.type)
            continue
        while not cursor.goto_next_sibling():
            if not cursor.goto_parent():
                return
            above.pop()


def _colour(cursor: TreeCursor, node: Node, above: list[str], known: _Names) -> str:
    """Return the colour of the node as a whole, or "" where it has none or its parts have."""
    kind = node.type
    if css := _WHOLE.get(kind, ""):
        return css if node.is_named or css == STRING else KEYWORD
    if kind in _STRINGS:
        return "" if _holds_code(node) else COMMENT if _is_doc(node, above) else STRING
    if kind in _NAMES:
        return _colour_of_name(cursor, node, above, known)
    if _decorates(cursor, above):
        return BUILTIN if kind in {"@", "attribute"} else ""
    if kind == "`":
        return STRING
    is_word = kind.startswith("#") or kind.replace(" ", "").replace("_", "").isalpha()
    return KEYWORD if is_word and not node.is_named else ""


def _decorates(cursor: TreeCursor, above: list[str]) -> bool:
    """Tell what is called to decorate from what it is called with."""
    is_called = above[-2:] == ["decorator", "call"] and cursor.field_name == "function"
    return is_called or above[-1:] == ["decorator"]


def _holds_code(node: Node) -> bool:
    return any(child.type in _CODE_IN_STRING for child in node.children)


def _is_doc(node: Node, above: list[str]) -> bool:
    """Tell Python's docstring, the first statement of what it is about, from any other string."""
    if above[-1:] != ["expression_statement"] or not _DOC_HOLDERS.issuperset(above[-2:-1]):
        return False
    statement = node.parent
    before = statement.prev_named_sibling if statement else None
    while before is not None and before.type == "comment":
        before = before.prev_named_sibling
    return before is None


def _colour_of_name(cursor: TreeCursor, node: Node, above: list[str], known: _Names) -> str:
    if _decorates(cursor, above):
        return BUILTIN
    parent, field = above[-1] if above else "", cursor.field_name
    if field == "name" and parent.endswith(_DEFINES):
        return NAME
    if field == "declarator" and parent == "function_declarator":
        return NAME
    return BUILTIN if field != "attribute" and known.has(node) else ""
