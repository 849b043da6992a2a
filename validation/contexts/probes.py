"""A claim that is executed, how it fares, and its earlier runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.urls import reverse

from trajectories.text import clean_text
from validation.contexts.progress import Progress, progress_of
from validation.models import Probe, ProbeJudgement, ProbeResult
from validation.probes import expected_words, read_expectation, where_words
from validation.services.probes import sentence_of

TONES = {
    ProbeJudgement.AS_CLAIMED: ("as claimed ✓", "good"),
    ProbeJudgement.NOT_AS_CLAIMED: ("not as claimed ✗", "bad"),
    ProbeJudgement.COULD_NOT_RUN: ("could not run", "warn"),
}


@dataclass(frozen=True)
class ProbeRun:
    """One run of a probe: its state in a word, and why."""

    run_id: int
    words: str
    tone: str
    reason: str
    is_running: bool


@dataclass(frozen=True)
class ProbeContext:
    """A claim with its runs, newest first."""

    row: Probe
    where: str
    expected: str
    sentence: str
    runs: tuple[ProbeRun, ...]

    @property
    def newest(self) -> ProbeRun | None:
        return self.runs[0] if self.runs else None

    @property
    def earlier(self) -> tuple[ProbeRun, ...]:
        return self.runs[1:]

    @property
    def is_running(self) -> bool:
        return self.newest is not None and self.newest.is_running

    @property
    def signature(self) -> str:
        return f"{self.newest.run_id}-{self.newest.words}" if self.newest else "none"

    @property
    def url(self) -> str:
        return reverse("validation:probe", args=[self.row.uid])

    @property
    def command(self) -> str:
        return clean_text(self.row.command)

    @property
    def extra_patch(self) -> str:
        return clean_text(self.row.extra_patch)


def probe_contexts(probes: Iterable[Probe]) -> list[ProbeContext]:
    """Show probes that come `with_results` (three queries where some still run, else none)."""
    chosen = list(probes)
    runs = [
        result.run for probe in chosen for result in probe.results.all() if not result.judgement
    ]
    progress = progress_of(runs)
    return [_context(probe, progress) for probe in chosen]


def _context(probe: Probe, progress: Mapping[int, Progress]) -> ProbeContext:
    expected = read_expectation(probe.expectation)
    return ProbeContext(
        row=probe,
        where=where_words(
            probe.tree,
            with_test_patch=probe.with_test_patch,
            has_own_patch=bool(probe.extra_patch),
        ),
        expected=clean_text(expected_words(expected, is_plural=len(probe.test_ids) > 1)),
        sentence=clean_text(sentence_of(probe)),
        runs=tuple(_run(result, progress) for result in probe.results.all()),
    )


def _run(result: ProbeResult, progress: Mapping[int, Progress]) -> ProbeRun:
    if result.judgement:
        words, tone = TONES[ProbeJudgement(result.judgement)]
        return ProbeRun(result.run_id, words, tone, clean_text(result.reason), False)
    # A run that has ended is judged in a moment.
    known = progress.get(result.run_id)
    return ProbeRun(result.run_id, f"{known.words if known else 'judging'} …", "", "", True)
