"""From the text of a patch to rows that can be shown, in pure stages over frozen dataclasses.

    text → `parse_patch` → FileChange with hunks → `pair_hunk` → rows, old beside new, with the
    words that changed → `unified` where one column is wanted

Colouring is `trajectories.highlighting`; which patch and which blobs is `trajectories.code`.
"""

from __future__ import annotations

from trajectories.diffs.model import DiffLine, FileChange, Hunk, Patch
from trajectories.diffs.pair import Cell, Row, pair_hunk, unified
from trajectories.diffs.parse import parse_patch

__all__ = [
    "Cell",
    "DiffLine",
    "FileChange",
    "Hunk",
    "Patch",
    "Row",
    "pair_hunk",
    "parse_patch",
    "unified",
]
