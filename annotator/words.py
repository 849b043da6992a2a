"""What two texts have in common, word by word or line by line. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

# SequenceMatcher takes quadratic time; a longer text is said to have changed, without words.
WORD_DIFF_CHARS = 12_000
# "slots = ()" → "slots", " ", "=", " ", "(", ")"
_TOKENS = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True)
class Piece:
    """A run of words that both texts have, or only one of them."""

    text: str
    is_old: bool = False
    is_new: bool = False


def word_diff(before: str, after: str) -> tuple[Piece, ...]:
    """Return the pieces of both texts in reading order; empty where they are too long."""
    if len(before) + len(after) > WORD_DIFF_CHARS:
        return ()
    return tuple(_pieces(_TOKENS.findall(before), _TOKENS.findall(after)))


def line_diff(before: Sequence[str], after: Sequence[str]) -> tuple[Piece, ...]:
    """Return the items of both lists, each on a line; empty where no word of them differs."""
    if sum(map(len, (*before, *after))) > WORD_DIFF_CHARS:
        return ()
    pieces = tuple(_pieces([f"{line}\n" for line in before], [f"{line}\n" for line in after]))
    return pieces if any(piece.is_old or piece.is_new for piece in pieces) else ()


def replaced(before: str, after: str) -> tuple[Piece, ...]:
    """Return one value and what it was replaced with; an empty one is left out."""
    old = (Piece(before, is_old=True),) if before else ()
    new = (Piece(after, is_new=True),) if after else ()
    return (*old, *((Piece(" "),) if old and new else ()), *new)


def _pieces(old: list[str], new: list[str]) -> Iterator[Piece]:
    # What both begin and end with is most of a text that was written on: only the rest is compared.
    n = min(len(old), len(new))
    head = next((i for i in range(n) if old[i] != new[i]), n)
    most = n - head
    tail = next((i for i in range(most) if old[-1 - i] != new[-1 - i]), most)
    if head:
        yield Piece("".join(old[:head]))
    yield from _compared(old[head : len(old) - tail], new[head : len(new) - tail])
    if tail:
        yield Piece("".join(old[len(old) - tail :]))


def _compared(old: list[str], new: list[str]) -> Iterator[Piece]:
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield Piece("".join(old[i1:i2]))
            continue
        if i2 > i1:
            yield Piece("".join(old[i1:i2]), is_old=True)
        if j2 > j1:
            yield Piece("".join(new[j1:j2]), is_new=True)
