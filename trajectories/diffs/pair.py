"""Put the old side of a hunk beside the new one, and find the words that changed."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
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
    """One side of a row. `changed` are the spans (start, end) of its text that differ.

    `is_space_only`: the other side differs from it in blanks or the line's ending alone.
    """

    line: DiffLine
    number: int
    changed: tuple[Span, ...] = ()
    is_space_only: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the side-by-side view; a missing side is None."""

    old: Cell | None
    new: Cell | None

    @property
    def is_context(self) -> bool:
        return self.old is not None and self.old.line.kind == "context"

    @property
    def is_space_only(self) -> bool:
        return any(cell.is_space_only for cell in (self.old, self.new) if cell)


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


def squeezed(text: str) -> str:
    """Return a text without its blanks: equal for lines that differ in blanks alone."""
    return "".join(text.split())


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
        yield from (_row(old, new) for old, new in between)
        if old_index < len(removed):
            yield _changed_row(removed[old_index], added[new_index])
        old_at, new_at = old_index + 1, new_index + 1


def _row(old: DiffLine | None, new: DiffLine | None) -> Row:
    if old and new and squeezed(old.text) == squeezed(new.text):
        return _changed_row(old, new)
    return Row(_cell(old) if old else None, _cell(new) if new else None)


def _cell(line: DiffLine, changed: tuple[Span, ...] = (), *, is_space_only: bool = False) -> Cell:
    return Cell(line, line.old or line.new or 0, changed, is_space_only)


def _changed_row(old: DiffLine, new: DiffLine) -> Row:
    old_spans, new_spans = changed_words(old.text, new.text)
    is_space_only = squeezed(old.text) == squeezed(new.text)
    return Row(
        _cell(old, old_spans, is_space_only=is_space_only),
        _cell(new, new_spans, is_space_only=is_space_only),
    )


def _alike(removed: list[DiffLine], added: list[DiffLine]) -> list[tuple[int, int]]:
    """Return the order-keeping pairs of alike lines with the greatest likeness in sum."""
    if not removed or not added:
        return []
    if len(removed) * len(added) > _MAX_COMPARISONS:
        return _alike_between_anchors(removed, added)
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


def _alike_between_anchors(removed: list[DiffLine], added: list[DiffLine]) -> list[tuple[int, int]]:
    """Cut a large block at the lines that are the same but for blanks, and align the pieces."""
    pairs: list[tuple[int, int]] = []
    old_at = new_at = 0
    anchors = _anchors([squeezed(line.text) for line in removed], [squeezed(x.text) for x in added])
    for old_index, new_index in [*anchors, (len(removed), len(added))]:
        old, new = removed[old_at:old_index], added[new_at:new_index]
        if len(old) * len(new) <= _MAX_COMPARISONS:
            pairs += [(old_at + i, new_at + j) for i, j in _alike(old, new)]
        if old_index < len(removed):
            pairs.append((old_index, new_index))
        old_at, new_at = old_index + 1, new_index + 1
    return pairs


def _anchors(old: list[str], new: list[str]) -> list[tuple[int, int]]:
    """Return the longest order-keeping run of lines that stand once on each side (patience)."""
    old_counts, new_counts = Counter(old), Counter(new)
    places = {text: index for index, text in enumerate(new) if new_counts[text] == 1}
    pairs = [
        (index, places[text])
        for index, text in enumerate(old)
        if text and old_counts[text] == 1 and text in places
    ]
    ends: list[int] = []
    piles: list[int] = []
    before: list[int] = []
    for at, (_, place) in enumerate(pairs):
        pile = bisect_left(ends, place)
        before.append(piles[pile - 1] if pile else -1)
        ends[pile : pile + 1] = [place]
        piles[pile : pile + 1] = [at]
    longest = []
    at = piles[-1] if piles else -1
    while at >= 0:
        longest.append(pairs[at])
        at = before[at]
    return longest[::-1]


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


def _longest_common(limit: int, is_common: Callable[[int], bool]) -> int:
    """Return the greatest common length up to `limit`, fast for a line of a million letters."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if is_common(middle) else (low, middle - 1)
    return low


def _changed_middle(old: str, new: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Return what lies between the common beginning and the common end."""
    shorter = min(len(old), len(new))
    start = _longest_common(shorter, lambda n: old[:n] == new[:n])
    end = _longest_common(shorter - start, lambda n: not n or old[-n:] == new[-n:])

    def middle(text: str) -> tuple[Span, ...]:
        return ((start, len(text) - end),) if start < len(text) - end else ()

    return middle(old), middle(new)
