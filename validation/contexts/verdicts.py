"""How runs ended, in a few words each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Count, Q

from validation.models import Outcome, Run, RunState, RunTest, TestGroup, TestStatus, TreeName

PASSING = frozenset({TestStatus.PASSED, TestStatus.XFAIL})
# A skipped PASS_TO_PASS test is no regression, as the field's harness has it.
_KEPT = PASSING | {TestStatus.SKIPPED}


@dataclass(frozen=True)
class Chip:
    """A verdict in a few words; `tone` is good, bad, warn or empty and never the only sign."""

    text: str
    tone: str = ""
    title: str = ""
    run_id: int | None = None


@dataclass(frozen=True)
class Counts:
    """How many FAIL_TO_PASS tests there are and fail, and how many PASS_TO_PASS tests fail."""

    total: int = 0
    failing: int = 0
    broken: int = 0


def run_chips(runs: Iterable[Run]) -> dict[int, Chip]:
    """Say of each run, by its id, how far it is or how it ended (one query)."""
    chosen = list(runs)
    counts = _counts([run.pk for run in chosen])
    return {run.pk: _chip(run, counts.get(run.pk, Counts())) for run in chosen}


def _counts(run_ids: list[int]) -> dict[int, Counts]:
    of_f2p, of_p2p = Q(group=TestGroup.FAIL_TO_PASS), Q(group=TestGroup.PASS_TO_PASS)
    rows = (
        RunTest.objects.filter(run__in=run_ids)
        .order_by("run")
        .values_list("run")
        .annotate(
            total=Count("pk", filter=of_f2p),
            failing=Count("pk", filter=of_f2p & ~Q(status__in=PASSING)),
            broken=Count("pk", filter=of_p2p & ~Q(status__in=_KEPT)),
        )
    )
    return {run_id: Counts(*numbers) for run_id, *numbers in rows}


def _chip(run: Run, counts: Counts) -> Chip:
    text, tone = _words(run, counts)
    if run.is_suspect:
        text, tone = f"{text} · suspect", "warn"
    title = "\n".join(filter(None, [run.reason, *run.suspect_reasons]))
    return Chip(text, tone, title, run_id=run.pk)


def _words(run: Run, counts: Counts) -> tuple[str, str]:
    if run.state != RunState.FINISHED:
        return f"{run.tree}: {run.get_state_display().lower()} …", ""
    if run.outcome == Outcome.RAN:
        return f"{run.tree}: ran", ""
    if run.outcome not in (Outcome.RESOLVED, Outcome.NOT_RESOLVED):
        tone = "bad" if run.outcome == Outcome.PATCH_DOES_NOT_APPLY else "warn"
        return f"{run.tree}: {run.get_outcome_display().lower()} ✗", tone
    if run.tree == TreeName.BASE:
        return _base_words(counts)
    if run.outcome == Outcome.RESOLVED:
        return ("gold passes ✓" if run.tree == TreeName.GOLD else "model resolves ✓"), "good"
    failing, broken = counts.failing, counts.broken
    parts = [f"{failing} still {'fails' if failing == 1 else 'fail'}"] if failing else []
    parts += [f"{broken} broken"] if broken else []
    return f"{run.tree}: {', '.join(parts) or 'not resolved'} ✗", "bad"


def _base_words(counts: Counts) -> tuple[str, str]:
    """Say whether base behaves as the task claims: what should fail fails, the rest passes."""
    total, failing = counts.total, counts.failing
    if failing < total:
        return f"base: {total - failing} of {total} already pass ✗", "bad"
    if counts.broken:
        others = "other fails" if counts.broken == 1 else "others fail"
        return f"base fails {failing}/{total}, {counts.broken} {others} ✗", "warn"
    return f"base fails {failing}/{total} ✓", "good"
