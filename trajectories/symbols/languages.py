"""Which grammar and which query a file's name asks for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from tree_sitter import Language, Query

_QUERIES = Path(__file__).with_name("queries")


class _Grammar(NamedTuple):
    """A grammar's module, the function of it that returns the grammar, its query, its suffixes."""

    module: str
    function: str
    query: str
    suffixes: str


# A language more: its wheel in pyproject.toml, a line here, a query in `queries/` that captures
# the whole definition as its kind, the name as @name, and perhaps what it belongs to as @owner.
_GRAMMARS: dict[str, _Grammar] = {
    "python": _Grammar("tree_sitter_python", "language", "python", "py pyi pyw"),
    "javascript": _Grammar("tree_sitter_javascript", "language", "javascript", "js jsx mjs cjs"),
    "typescript": _Grammar(
        "tree_sitter_typescript", "language_typescript", "typescript", "ts mts cts"
    ),
    "tsx": _Grammar("tree_sitter_typescript", "language_tsx", "typescript", "tsx"),
    "java": _Grammar("tree_sitter_java", "language", "java", "java"),
    "go": _Grammar("tree_sitter_go", "language", "go", "go"),
    "rust": _Grammar("tree_sitter_rust", "language", "rust", "rs"),
    "c": _Grammar("tree_sitter_c", "language", "c", "c"),
    # A header may be either; the grammar of C++ reads nearly all of C.
    "cpp": _Grammar("tree_sitter_cpp", "language", "cpp", "cc cpp cxx h hh hpp hxx"),
    "ruby": _Grammar("tree_sitter_ruby", "language", "ruby", "rb rake gemspec"),
    "php": _Grammar("tree_sitter_php", "language_php", "php", "php"),
}
_BY_SUFFIX = {
    suffix: name for name, grammar in _GRAMMARS.items() for suffix in grammar.suffixes.split()
}


@dataclass(frozen=True)
class Loaded:
    language: Language
    query: Query


def suffixes() -> tuple[str, ...]:
    """Return the suffixes of the files whose symbols can be read."""
    return tuple(_BY_SUFFIX)


def language_of(path: str) -> str | None:
    """Return the name of the language that a path's suffix stands for, or None."""
    return _BY_SUFFIX.get(path.rpartition("/")[2].rpartition(".")[2].lower())


@lru_cache
def load(name: str) -> Loaded:
    """Return grammar and query of a language; loaded when first needed."""
    grammar = _GRAMMARS[name]
    language = Language(getattr(import_module(grammar.module), grammar.function)())
    return Loaded(language, Query(language, (_QUERIES / f"{grammar.query}.scm").read_text("utf-8")))
