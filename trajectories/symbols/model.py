"""What a symbol is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal[
    "class",
    "enum",
    "function",
    "impl",
    "interface",
    "macro",
    "method",
    "module",
    "type",
    "variable",
]
KINDS: frozenset[str] = frozenset(get_args(Kind))
# What other symbols stand in, and what is named when a person asks where a line is.
SCOPES: frozenset[Kind] = frozenset(KINDS - {"macro", "type", "variable"})  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Symbol:
    """Something with a name that a file defines, on lines `line` to `end_line` (1-based, both in).

    `qualified_name` names what it stands in too, joined by dots: `Model.save`.
    """

    name: str
    kind: Kind
    line: int
    end_line: int
    qualified_name: str

    @property
    def depth(self) -> int:
        """How many symbols it stands in."""
        return self.qualified_name.count(".")


def enclosing(symbols: Iterable[Symbol], line: int) -> Symbol | None:
    """Return the innermost function, class or the like that holds a line (1-based), or None."""
    holding = [s for s in symbols if s.kind in SCOPES and s.line <= line <= s.end_line]
    return max(holding, key=lambda symbol: (symbol.line, -symbol.end_line), default=None)
