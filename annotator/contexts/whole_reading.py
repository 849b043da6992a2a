"""What is said of the whole, for reading: the overview, and what the agent's steps were worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from annotator.contexts.places import Link, Places
from annotator.contexts.whole import SCREENING_QUESTIONS
from annotator.covers import format_covers
from annotator.missteps import Misstep, missteps_of
from annotator.models import Judgement
from annotator.overview import Difficulty, Exit, Explains, TaskKind

_JUDGEMENTS = {**dict(Judgement.choices), "": "Not judged"}


@dataclass(frozen=True)
class ReadScreening:
    """A screening question with its answer; `score` is None where it was left open."""

    question: str
    score: int | None
    answer: str
    reason: str

    @property
    def is_unfit(self) -> bool:
        """Whether SWE-bench Verified would leave the task out for it."""
        return (self.score or 0) >= 2


@dataclass(frozen=True)
class OverviewReading:
    """The overview in words; empty where nothing was answered."""

    task_kind: str
    difficulty: str
    explains: str
    exit: str
    is_solved: bool
    exit_reason: str
    strategy: str
    screening: tuple[ReadScreening, ...]

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        return (
            ("Kind of task", self.task_kind),
            ("Difficulty", self.difficulty),
            ("Explains", self.explains),
            ("Exit", self.exit),
        )


def read_overview(overview: Mapping[str, Any]) -> OverviewReading:
    """Show the overview of a submission's content (version 3), also where fields are missing."""

    def label(choices: Iterable[tuple[str, str]], name: str) -> str:
        value = overview.get(name, "")
        return str(dict(choices).get(value, value))

    return OverviewReading(
        task_kind=label(TaskKind.choices, "task_kind"),
        difficulty=label(Difficulty.choices, "difficulty"),
        explains=label(Explains.choices, "explains"),
        exit=label(Exit.choices, "exit"),
        is_solved=overview.get("exit") == Exit.SOLVED,
        exit_reason=overview.get("exit_reason", ""),
        strategy=overview.get("strategy", ""),
        screening=tuple(
            _screening(question, dict(answers), overview.get(name) or {})
            for name, question, answers in SCREENING_QUESTIONS
        ),
    )


def _screening(
    question: str, answers: Mapping[int, str], given: Mapping[str, Any]
) -> ReadScreening:
    score = given.get("score")
    answer = "" if score is None else answers.get(score, str(score))
    return ReadScreening(question, score, answer, given.get("reason", ""))


@dataclass(frozen=True)
class ReadJudgement:
    """Neighbouring steps of which the same is said."""

    steps: Link
    first: int
    n_steps: int
    judgement: str
    label: str
    misstep: Misstep | None = None
    # The id of a kind that the list does not have.
    unknown_misstep: str = ""
    should_have: str = ""
    is_decisive: bool = False

    @property
    def is_misstep(self) -> bool:
        return self.judgement == Judgement.MISSTEP

    @property
    def offset(self) -> int:
        """Where its bar begins, in steps."""
        return self.first - 1


@dataclass(frozen=True)
class JudgementsReading:
    """All steps of the trajectory, runs of which the same is said together."""

    rows: tuple[ReadJudgement, ...]
    n_steps: int

    @property
    def counts(self) -> tuple[tuple[str, str, int], ...]:
        """Return judgement, label and number of steps for each that there is."""
        totals = dict.fromkeys(_JUDGEMENTS, 0)
        for row in self.rows:
            totals[row.judgement] = totals.get(row.judgement, 0) + row.n_steps
        return tuple((each, _JUDGEMENTS[each], n) for each, n in totals.items() if n)

    @property
    def is_empty(self) -> bool:
        return all(not row.judgement for row in self.rows)


def read_judgements(
    judged: Iterable[Mapping[str, Any]], misstep_list: int, n_steps: int, places: Places
) -> JudgementsReading:
    """Show the judgements of a content (version 3), those of no step of the trajectory last."""
    by_step = {row["step"]: row for row in judged}
    kinds = missteps_of(misstep_list)
    runs: list[list[int]] = []
    for number in sorted({*range(1, n_steps + 1), *by_step}):
        if (
            runs
            and number == runs[-1][-1] + 1
            and _says(by_step, number) == _says(by_step, number - 1)
        ):
            runs[-1].append(number)
        else:
            runs.append([number])
    return JudgementsReading(tuple(_run(run, by_step, kinds, places) for run in runs), n_steps)


def _says(by_step: Mapping[int, Mapping[str, Any]], number: int) -> tuple[Any, ...]:
    row = by_step.get(number, {})
    return tuple(
        row.get(name) or "" for name in ("judgement", "misstep", "should_have", "is_decisive")
    )


def _run(
    run: list[int],
    by_step: Mapping[int, Mapping[str, Any]],
    kinds: Mapping[str, Misstep],
    places: Places,
) -> ReadJudgement:
    judgement, misstep, should_have, is_decisive = _says(by_step, run[0])
    return ReadJudgement(
        steps=places.step(run[0], format_covers(run)),
        first=run[0],
        n_steps=len(run),
        judgement=judgement,
        label=_JUDGEMENTS.get(judgement, judgement),
        misstep=kinds.get(misstep),
        unknown_misstep="" if misstep in kinds else misstep,
        should_have=should_have,
        is_decisive=bool(is_decisive),
    )
