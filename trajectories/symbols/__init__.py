"""What a file defines: functions, classes and the like, found by tree-sitter and kept by blob."""

from __future__ import annotations

from dataclasses import astuple
from functools import lru_cache
from typing import Any

from trajectories.git import Mirror
from trajectories.kept import kept
from trajectories.symbols.languages import language_of, suffixes
from trajectories.symbols.model import SCOPES, Kind, Symbol, enclosing
from trajectories.symbols.parse import MAX_BYTES, symbols_in

__all__ = ["SCOPES", "Kind", "Symbol", "enclosing", "language_of", "suffixes", "symbols_of"]

# Raise it with every change of a query or of how symbols are made of what a query finds.
_VERSION = 1


@lru_cache(maxsize=512)
def symbols_of(mirror: Mirror, blob_id: str, path: str) -> tuple[Symbol, ...]:
    """Return what a file defines, in its order; `path` says by its suffix in which language.

    Empty for a language that is not known, a file that is too large or takes too long. Raises
    ObjectMissing for a blob that is not in the mirror.
    """
    language = language_of(path)
    if language is None or mirror.blob_size(blob_id) > MAX_BYTES:
        return ()
    return kept(
        f"symbols-{_VERSION}",
        (language, blob_id),
        lambda: symbols_in(mirror.read_blob(blob_id), language),
        dump=lambda symbols: [astuple(symbol) for symbol in symbols],
        load=_load,
    )


def _load(rows: Any) -> tuple[Symbol, ...]:
    return tuple(Symbol(*row) for row in rows)
