"""The words of a text, as the full-text search knows them. Pure functions.

PostgreSQL's `simple` configuration leaves words as they are, in lower case. Ours are the runs of
letters and digits; of a name in camel case also its parts, as a search finds words by their
beginning.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# PostgreSQL keeps no more than 1 MB and 16,383 positions of a text: a chunk stays far below both.
CHUNK_CHARS = 60_000
# Chunks overlap, so that a phrase across their border stands in one of them.
_OVERLAP_CHARS = 300
# A longer word is a checksum or base64: its beginning will do.
MAX_WORD_CHARS = 64

_WORD = re.compile(r"[^\W_]+")
# HTTPResponse: HTTP, Response; getName2: get, Name, 2
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def chunks_of(text: str) -> Iterator[str]:
    """Yield the text in pieces; at least one, if only an empty one."""
    for start in range(0, max(1, len(text)), CHUNK_CHARS):
        yield text[max(0, start - _OVERLAP_CHARS) : start + CHUNK_CHARS]


def words_of(text: str) -> set[str]:
    """Return the words of a text, in lower case."""
    words: set[str] = set()
    for word in set(_WORD.findall(text)):
        words.add(word.lower()[:MAX_WORD_CHARS])
        if not (word.islower() or word.isupper() or word.istitle() or word.isdigit()):
            words.update(part.lower()[:MAX_WORD_CHARS] for part in _CAMEL.findall(word))
    return words


def query_of(text: str) -> str:
    """Return a query for `to_tsquery`: each word of the text by its beginning; empty if none."""
    words = dict.fromkeys(word.lower()[:MAX_WORD_CHARS] for word in _WORD.findall(text))
    return " & ".join(f"'{word}':*" for word in words)
