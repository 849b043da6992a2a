"""Read the symbols out of a file's bytes with tree-sitter. Knows nothing of Django or git."""

from __future__ import annotations

import time
from typing import NamedTuple, cast

from tree_sitter import Node, Parser, Point, QueryCursor, Tree

from trajectories.git.text import decode, visible
from trajectories.symbols.languages import load
from trajectories.symbols.model import KINDS, SCOPES, Kind, Symbol

MAX_BYTES = 1_000_000
MAX_SECONDS = 2.0
MAX_SYMBOLS = 20_000
MAX_QUERY_WORK = 1_000_000_000
_MAX_NAME_BYTES = 200
# Functions directly in one of these are methods.
_CLASS_LIKE: frozenset[Kind] = frozenset({"class", "enum", "impl", "interface"})


class _Found(NamedTuple):
    """A definition as the query found it, before what it stands in is known."""

    start: int
    end: int
    line: int
    end_line: int
    kind: Kind
    name: str


def symbols_in(data: bytes, language: str) -> tuple[Symbol, ...]:
    """Return what a file in a language defines, in the file's order.

    Files that are too large or take too long have no symbols; broken code has those of its
    readable parts.
    """
    if len(data) > MAX_BYTES:
        return ()
    tree = parsed(data, language)
    if tree is None or _query_work(tree) > MAX_QUERY_WORK:
        return ()
    cursor = QueryCursor(load(language).query, match_limit=10_000)
    # Without a time limit, since the binding (0.26) crashes when a query is given a function to
    # ask: hence the estimate before.
    matches = cursor.matches(tree.root_node)
    # Where two patterns find the same definition, the query's earlier one says what it is.
    found = {
        (definition.start, definition.end): definition
        for _, captures in sorted(matches, key=lambda match: match[0], reverse=True)
        if (definition := _definition(data, captures))
    }
    in_order = sorted(found.values(), key=lambda one: (one.start, -one.end))
    return tuple(_qualified(in_order[:MAX_SYMBOLS]))


def parsed(data: bytes, language: str, max_seconds: float = MAX_SECONDS) -> Tree | None:
    """Return the syntax tree, or None if the parser takes longer than that."""
    end = time.monotonic() + max_seconds

    def read(offset: int, point: Point) -> bytes:
        return data[offset : offset + 65_536]

    def is_late(offset: int, has_error: bool) -> bool:
        return time.monotonic() > end

    try:
        return Parser(load(language).language).parse(read, progress_callback=is_late)
    except ValueError:
        return None


def _query_work(tree: Tree) -> int:
    """Estimate how long a query takes: each node looks at what it stands in and beside.

    Some nanoseconds a unit. Code that people write has a few per node; a file of nothing but
    brackets has the square of its nodes.
    """
    cursor, work = tree.walk(), 0
    n_siblings = [1]
    while True:
        work += len(n_siblings)
        if cursor.goto_first_child():
            n_siblings.append(1)
            continue
        while not cursor.goto_next_sibling():
            work += n_siblings.pop() ** 2 // 2
            if work > MAX_QUERY_WORK or not cursor.goto_parent():
                return work
        n_siblings[-1] += 1


def _definition(data: bytes, captures: dict[str, list[Node]]) -> _Found | None:
    name = captures["name"][0]
    kind = next(kind for kind in captures if kind in KINDS)
    node = captures[kind][0]
    text = _text(data, name)
    if owner := captures.get("owner"):
        text = f"{_text(data, owner[0])}.{text}"
    end_line = node.end_point.row + (1 if node.end_point.column else 0)
    line = node.start_point.row + 1
    return (
        _Found(node.start_byte, node.end_byte, line, max(line, end_line), cast("Kind", kind), text)
        if text
        else None
    )


def _text(data: bytes, node: Node) -> str:
    """Return a name as it is shown: `Reader::open` of C++ and `A::B` of Ruby with dots."""
    text = visible(decode(data[node.start_byte : node.end_byte][:_MAX_NAME_BYTES]))
    return "".join(text.replace("::", ".").split())


def _qualified(found: list[_Found]) -> list[Symbol]:
    symbols: list[Symbol] = []
    around: list[tuple[int, Symbol]] = []
    for one in found:
        while around and around[-1][0] < one.end:
            around.pop()
        parent = around[-1][1] if around else None
        is_method = one.kind == "function" and (
            "." in one.name or (parent is not None and parent.kind in _CLASS_LIKE)
        )
        symbol = Symbol(
            name=one.name.rpartition(".")[2],
            kind="method" if is_method else one.kind,
            line=one.line,
            end_line=one.end_line,
            qualified_name=f"{parent.qualified_name}.{one.name}" if parent else one.name,
        )
        symbols.append(symbol)
        if one.kind in SCOPES:
            around.append((one.end, symbol))
    return symbols
