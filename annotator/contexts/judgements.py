"""What the steps of the trajectory were worth, as it is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from annotator.covers import format_covers
from annotator.models import Annotation, Judgement

LABELS = dict(Judgement.choices)


@dataclass(frozen=True)
class JudgedRun:
    """Neighbouring steps of one judgement."""

    steps: str
    judgement: str
    label: str


@dataclass(frozen=True)
class JudgedStep:
    """A step that more is said of: a misstep, or a decisive one."""

    step: int
    judgement: str
    misstep: str
    should_have: str
    is_decisive: bool

    @property
    def is_misstep(self) -> bool:
        return self.judgement == Judgement.MISSTEP


@dataclass(frozen=True)
class Judgements:
    """The judgements of an annotation: by step, as runs, and those that more is said of."""

    by_step: dict[int, str]
    decisive: frozenset[int]
    runs: tuple[JudgedRun, ...]
    singled_out: tuple[JudgedStep, ...]
    n_steps: int

    @property
    def choices(self) -> list[tuple[str, str]]:
        return list(Judgement.choices)

    @property
    def n_open(self) -> int:
        return self.n_steps - len(self.by_step)


def judgements_context(annotation: Annotation) -> Judgements:
    """Return the judgements in the order of the trajectory's steps."""
    rows = sorted((int(step), row) for step, row in annotation.judgements.items())
    by_step = {step: row["judgement"] for step, row in rows}
    singled_out = tuple(_judged(step, row) for step, row in rows)
    return Judgements(
        by_step=by_step,
        decisive=frozenset(each.step for each in singled_out if each.is_decisive),
        runs=tuple(_runs(by_step)),
        singled_out=tuple(each for each in singled_out if each.is_misstep or each.is_decisive),
        n_steps=annotation.assignment.membership.trajectory.n_steps,
    )


def _judged(step: int, row: dict[str, Any]) -> JudgedStep:
    return JudgedStep(
        step, row["judgement"], row["misstep"], row["should_have"], row["is_decisive"]
    )


def _runs(by_step: dict[int, str]) -> list[JudgedRun]:
    runs: list[list[int]] = []
    for step, judgement in by_step.items():
        if runs and step == runs[-1][-1] + 1 and by_step[runs[-1][-1]] == judgement:
            runs[-1].append(step)
        else:
            runs.append([step])
    return [JudgedRun(format_covers(run), by_step[run[0]], LABELS[by_step[run[0]]]) for run in runs]
