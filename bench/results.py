"""Figures, goals and the table."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def percentile_95(values: Sequence[float]) -> float:
    """Return the nearest-rank 95th percentile."""
    ranked = sorted(values)
    return ranked[max(0, -(-len(ranked) * 95 // 100) - 1)]


@dataclass(frozen=True)
class Goal:
    """One line of the table: a figure that must not pass a limit.

    `figure` is what is measured and `floor` what the limit is a multiple of, both in `unit`; where
    there is no floor, `limit` is itself in `unit`.
    """

    name: str
    what: str
    unit: str
    figure: float
    limit: float
    floor: float | None = None
    # The single measurements, for who wants to know how far they spread.
    samples: Sequence[float] = ()

    @property
    def value(self) -> float:
        """What is compared with the limit: a ratio where there is a floor."""
        return self.figure if self.floor is None else self.figure / max(self.floor, 1e-9)

    @property
    def is_met(self) -> bool:
        return self.value <= self.limit

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "value": self.value, "is_met": self.is_met}


@dataclass(frozen=True)
class Figure:
    """Something that is measured and has no goal."""

    what: str
    unit: str
    value: float


@dataclass
class Results:
    goals: list[Goal] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)

    @property
    def missed(self) -> list[str]:
        return [f"{goal.name} ({goal.what})" for goal in self.goals if not goal.is_met]

    def as_json(self) -> dict[str, Any]:
        return {
            "goals": [goal.as_json() for goal in self.goals],
            "figures": [asdict(figure) for figure in self.figures],
            "missed": self.missed,
        }

    def as_text(self) -> str:
        rows: list[tuple[str, ...]] = [("goal", "what", "figure", "floor", "ratio", "limit", "")]
        rows += [_goal_row(goal) for goal in self.goals]
        parts = [_aligned(rows)]
        if self.figures:
            parts.append(_aligned([(f.what, _shown(f.value, f.unit)) for f in self.figures]))
        parts.append(
            "Missed:\n" + "\n".join(f"  {name}" for name in self.missed)
            if self.missed
            else "Every goal is met."
        )
        return "\n\n".join(parts)


def _goal_row(goal: Goal) -> tuple[str, ...]:
    has_floor = goal.floor is not None
    return (
        goal.name,
        goal.what,
        _shown(goal.figure, goal.unit),
        _shown(goal.floor or 0, goal.unit) if has_floor else "",
        f"{goal.value:.2f}" if has_floor else "",
        f"{goal.limit:g} ×" if has_floor else _shown(goal.limit, goal.unit),
        "met" if goal.is_met else "MISSED",
    )


def _shown(value: float, unit: str) -> str:
    if unit in {"kB", "MB"}:
        return f"{value / {'kB': 1e3, 'MB': 1e6}[unit]:,.1f} {unit}"
    return f"{value:,.0f} {unit}".rstrip()


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
