"""How much input there is."""

from __future__ import annotations

from dataclasses import dataclass

SEED = 20260517
# Raised whenever the same seed would give other bytes, or loads otherwise.
VERSION = 1


@dataclass(frozen=True)
class Size:
    """One size of the input, and how often each thing is measured."""

    name: str
    n_trajectories: int
    # Of all trajectories together.
    n_steps: int
    # Characters of a step's output, on average; thoughts and calls come on top.
    output_chars: int
    n_files: int
    long_steps: int
    long_chars: int
    wide_files: int
    # Removed and added lines together, over all files.
    wide_lines: int
    repeats: int
    # How many different steps, files and diffs are opened.
    openings: int
    # How much a run's test command computes: a thousand take about a second.
    rounds: int


SIZES = {
    size.name: size
    for size in (
        Size("full", 500, 29_895, 7_050, 2_087, 400, 8_000_000, 80, 12_000, 15, 40, 2_000),
        Size("quick", 60, 3_600, 7_050, 400, 400, 8_000_000, 80, 12_000, 5, 16, 1_000),
        Size("tiny", 4, 48, 600, 40, 30, 60_000, 4, 80, 1, 2, 10),
    )
}
