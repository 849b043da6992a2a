"""The whole run at a glance: a bar per step, as few SVG paths however many steps there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
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
WIDTH, HEIGHT, FOOT = 1000, 22, 26
_TONE_WORDS = {
    "edit": "edits",
    "pass": "runs of tests that did not fail",
    "fail": "failed",
    "": "others",
}
TONES = ("", "edit", "pass", "fail")
# A step with little or none of what is measured is still seen, and can be clicked.
_MIN_SHARE = 0.25


@dataclass(frozen=True)
class Ribbon:
    """`bounds` are the left edges of the bars and the right edge of the last, of WIDTH in all.

    `cited` and `current` are path data of what marks the bars of those steps.
    """

    measure: Measure
    bounds: tuple[int, ...]
    paths: tuple[tuple[str, str], ...]
    choices: tuple[tuple[Measure, str, bool], ...]
    n_unknown: int
    words: str
    cited: str = ""
    current: str = ""

    @property
    def label(self) -> str:
        return _LABELS[self.measure]

    @property
    def bounds_text(self) -> str:
        return ",".join(map(str, self.bounds))


def ribbon_of(
    steps: Sequence[Step],
    tones: Sequence[str],
    measure: Measure,
    *,
    cited: Iterable[int] = (),
    current: int | None = None,
) -> Ribbon:
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
        words=_words(tones, measure),
        cited=_marks(bounds, cited, HEIGHT - 4, HEIGHT),
        current=_marks(bounds, [current or 0], HEIGHT + 1, FOOT),
    )


def _words(tones: Sequence[str], measure: Measure) -> str:
    """Say what the bars show to who does not see them."""
    counts = [f"{n} {word}" for tone, word in _TONE_WORDS.items() if (n := tones.count(tone))]
    return f"All steps by {_LABELS[measure]}: {', '.join(counts)}"


def _marks(bounds: Sequence[int], steps: Iterable[int], top: int, bottom: int) -> str:
    """Return the path data of a mark at the bar of each of some steps."""
    known = sorted({step for step in steps if 0 < step < len(bounds)})
    bars = ((bounds[step - 1], max(2, bounds[step] - bounds[step - 1] - 1)) for step in known)
    return "".join(f"M{left} {top}h{width}v{bottom - top}h-{width}z" for left, width in bars)


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
