"""The whole run at a glance: a bar per step, as few SVG paths however many steps there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from trajectories.models import Step

Measure = Literal["steps", "time", "cost", "output"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
_LABELS: dict[Measure, str] = {
    "steps": "steps",
    "time": "time",
    "cost": "cost",
    "output": "output size",
}
WIDTH, HEIGHT = 1000, 22
TONES = ("", "edit", "pass", "fail")
# A step with little or none of what is measured is still seen, and can be clicked.
_MIN_SHARE = 0.25


@dataclass(frozen=True)
class Ribbon:
    """`bounds` are the left edges of the bars and the right edge of the last, of WIDTH in all."""

    measure: Measure
    bounds: tuple[int, ...]
    paths: tuple[tuple[str, str], ...]
    choices: tuple[tuple[Measure, str, bool], ...]
    n_unknown: int

    @property
    def label(self) -> str:
        return _LABELS[self.measure]

    @property
    def bounds_text(self) -> str:
        return ",".join(map(str, self.bounds))


def ribbon_of(steps: Sequence[Step], tones: Sequence[str], measure: Measure) -> Ribbon:
    """Draw a bar per step, as wide as its share of what is measured; `tones` colour them."""
    amounts = [_AMOUNTS[measure](step) for step in steps]
    bounds = _bounds(amounts)
    return Ribbon(
        measure=measure,
        bounds=bounds,
        paths=tuple((tone, _path(bounds, tones, tone)) for tone in TONES if tone in tones),
        choices=tuple(
            (name, _LABELS[name], any(amount(step) is not None for step in steps))
            for name, amount in _AMOUNTS.items()
        ),
        n_unknown=sum(amount is None for amount in amounts),
    )


_AMOUNTS: dict[Measure, Callable[[Step], float | None]] = {
    "steps": lambda _: 1.0,
    "time": lambda step: step.duration_seconds,
    "cost": lambda step: None if step.cost_usd is None else float(step.cost_usd),
    "output": lambda step: float(step.observation_chars),
}


def _bounds(amounts: Sequence[float | None]) -> tuple[int, ...]:
    known = [max(amount or 0.0, 0.0) for amount in amounts]
    mean = sum(known) / len(known) if known else 0.0
    widths = [amount + mean * _MIN_SHARE for amount in known] if mean else [1.0] * len(known)
    total = sum(widths)
    edges, at = [0], 0.0
    for width in widths:
        at += width
        edges.append(round(at / total * WIDTH))
    return tuple(edges)


def _path(bounds: Sequence[int], tones: Sequence[str], tone: str) -> str:
    """Return the path data of all bars of a tone, a gap of one unit between bars where it fits."""
    bars = []
    for index, own in enumerate(tones):
        if own == tone:
            left, width = bounds[index], bounds[index + 1] - bounds[index]
            width = max(1, width - 1 if width > 3 else width)
            bars.append(f"M{left} 0h{width}v{HEIGHT}h-{width}z")
    return "".join(bars)
