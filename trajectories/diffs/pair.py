"""Put the old side of a hunk beside the new one, and find the words that changed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby, zip_longest

from trajectories.diffs.model import DiffLine, Hunk

Span = tuple[int, int]

_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
# Two lines are one line changed when at least this share of their words is the same.
_ALIKE = 0.6
# Beyond these sizes alignment costs more than it tells.
_MAX_COMPARISONS = 4_000
_MAX_LINE_CHARS = 1_000


@dataclass(frozen=True, slots=True)
class Cell:
    """One side of a row. `changed` are the spans (start, end) of its text that differ."""

    line: DiffLine
    number: int
    changed: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the side-by-side view; a missing side is None."""

    old: Cell | None
    new: Cell | None

    @property
    def is_context(self) -> bool:
        return self.old is not None and self.old.line.kind == "context"


def pair_hunk(hunk: Hunk) -> tuple[Row, ...]:
    """Return the hunk's rows; every line stands in exactly one row, in its order."""
    rows: list[Row] = []
    for is_context, block in groupby(hunk.lines, key=lambda line: line.kind == "context"):
        lines = list(block)
        if is_context:
            rows += [Row(Cell(line, line.old or 0), Cell(line, line.new or 0)) for line in lines]
        else:
            rows += _pair_block(
                [line for line in lines if line.kind == "removed"],
                [line for line in lines if line.kind == "added"],
            )
    return tuple(rows)


def unified(rows: tuple[Row, ...]) -> Iterator[Row]:
    """Yield the rows of the one-column view: of each change all that is removed, then added."""
    for is_context, block in groupby(rows, key=lambda row: row.is_context):
        changes = list(block)
        if is_context:
            yield from changes
            continue
        yield from (Row(row.old, None) for row in changes if row.old)
        yield from (Row(None, row.new) for row in changes if row.new)


def _pair_block(removed: list[DiffLine], added: list[DiffLine]) -> Iterator[Row]:
    """Yield rows: lines that are alike share one, the lines between them are laid side by side."""
    old_at = new_at = 0
    for old_index, new_index in [*_alike(removed, added), (len(removed), len(added))]:
        between = zip_longest(removed[old_at:old_index], added[new_at:new_index])
        yield from (Row(_cell(old), _cell(new)) for old, new in between)
        if old_index < len(removed):
            yield _changed_row(removed[old_index], added[new_index])
        old_at, new_at = old_index + 1, new_index + 1


def _cell(line: DiffLine | None, changed: tuple[Span, ...] = ()) -> Cell | None:
    return None if line is None else Cell(line, line.old or line.new or 0, changed)


def _changed_row(old: DiffLine, new: DiffLine) -> Row:
    old_spans, new_spans = changed_words(old.text, new.text)
    return Row(_cell(old, old_spans), _cell(new, new_spans))


def _alike(removed: list[DiffLine], added: list[DiffLine]) -> list[tuple[int, int]]:
    """Return the order-keeping pairs of alike lines with the greatest likeness in sum."""
    if not removed or not added or len(removed) * len(added) > _MAX_COMPARISONS:
        return []
    old_words = [Counter(_words(line.text)) for line in removed]
    new_words = [Counter(_words(line.text)) for line in added]
    scores = [[_likeness(old, new) for new in new_words] for old in old_words]
    best = _best_sums(scores)
    pairs, i, j = [], 0, 0
    while i < len(removed) and j < len(added):
        if scores[i][j] >= _ALIKE and best[i][j] == scores[i][j] + best[i + 1][j + 1]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i + 1][j] >= best[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs


def _best_sums(scores: list[list[float]]) -> list[list[float]]:
    """Return, for each pair of starts, the greatest sum of likeness that can still be had."""
    best = [[0.0] * (len(scores[0]) + 1) for _ in range(len(scores) + 1)]
    for i in reversed(range(len(scores))):
        for j in reversed(range(len(scores[0]))):
            paired = scores[i][j] + best[i + 1][j + 1] if scores[i][j] >= _ALIKE else 0.0
            best[i][j] = max(paired, best[i + 1][j], best[i][j + 1])
    return best


def _words(text: str) -> list[str]:
    return [token for token in _TOKEN.findall(text[:_MAX_LINE_CHARS]) if not token.isspace()]


def _likeness(old: Counter[str], new: Counter[str]) -> float:
    total = old.total() + new.total()
    return 2 * (old & new).total() / total if total else 0.0


def changed_words(old: str, new: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Return the spans of each text that the other does not have."""
    if max(len(old), len(new)) > _MAX_LINE_CHARS:
        return _changed_middle(old, new)
    old_tokens, new_tokens = _TOKEN.findall(old), _TOKEN.findall(new)
    blocks = SequenceMatcher(None, old_tokens, new_tokens, autojunk=False).get_opcodes()
    changes = [block for block in blocks if block[0] != "equal"]
    return (
        _spans(old_tokens, [(block[1], block[2]) for block in changes]),
        _spans(new_tokens, [(block[3], block[4]) for block in changes]),
    )


def _spans(tokens: list[str], ranges: list[Span]) -> tuple[Span, ...]:
    """Turn ranges of tokens into ranges of characters, leaving out empty ones."""
    offsets = [0]
    for token in tokens:
        offsets.append(offsets[-1] + len(token))
    return tuple((offsets[start], offsets[end]) for start, end in ranges if end > start)


def _changed_middle(old: str, new: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Return what lies between the common beginning and the common end."""
    shorter = min(len(old), len(new))
    start = next((i for i in range(shorter) if old[i] != new[i]), shorter)
    end = next((i for i in range(shorter - start) if old[-1 - i] != new[-1 - i]), shorter - start)

    def middle(text: str) -> tuple[Span, ...]:
        return ((start, len(text) - end),) if start < len(text) - end else ()

    return middle(old), middle(new)
