"""How much of a text stands, word for word, in another one. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+")
# So many words in a row are hardly the same by chance.
RUN_OF_WORDS = 5


@lru_cache(maxsize=2_000)
def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text in lower case, without signs."""
    return tuple(_WORD.findall(text.lower()))


@lru_cache(maxsize=2_000)
def shingles_of(text: str, length: int = RUN_OF_WORDS) -> frozenset[tuple[str, ...]]:
    """Return every run of `length` words of a text."""
    words = words_of(text)
    return frozenset(zip(*(words[start:] for start in range(length)), strict=False))


def containment(text: str, source: str, length: int = RUN_OF_WORDS) -> float:
    """Return which part of a text's runs of words (0 to 1) stands in `source` as well.

    A text that is shorter than a run has none: 0.
    """
    own = shingles_of(text, length)
    return len(own & shingles_of(source, length)) / len(own) if own else 0.0


def has_in_a_row(text: str, words: Sequence[str]) -> bool:
    """Tell whether a text has these words one after the other."""
    return bool(words) and f" {' '.join(words)} " in f" {' '.join(words_of(text))} "
