"""How far the runs are that are not finished, in a few words each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from validation.models import Environment, EnvironmentState, Run, RunState
from validation.services.order import places


@dataclass(frozen=True)
class Progress:
    """How far a run is; `done` of `total` where its tests are counted."""

    words: str
    done: int | None = None
    total: int | None = None


def progress_of(runs: Iterable[Run]) -> dict[int, Progress]:
    """Say of each run that is not finished, by its id, how far it is (three queries at most)."""
    chosen = [run for run in runs if not run.is_finished]
    lines = places(run.pk for run in chosen if run.state == RunState.QUEUED)
    keys = {run.environment_key for run in chosen if run.state == RunState.PREPARING} - {""}
    building: dict[str, str] = {}
    if keys:
        rows = Environment.objects.filter(key__in=keys, state=EnvironmentState.BUILDING)
        building = dict(rows.values_list("key", "reason"))
    return {run.pk: _progress(run, lines.get(run.pk), building) for run in chosen}


def _progress(run: Run, place: int | None, building: dict[str, str]) -> Progress:
    if run.state == RunState.QUEUED:
        return Progress(f"queued, {_place(place)}" if place else "queued")
    if run.state == RunState.PREPARING:
        if run.environment_key not in building:
            return Progress("preparing")
        phase = building[run.environment_key]
        return Progress(f"installing ({phase})" if phase else "installing")
    return _running(run.n_tests_done, run.n_tests_expected)


def _running(done: int, expected: int | None) -> Progress:
    if not done:
        return Progress("running")
    if expected is None or done > expected:
        return Progress(f"running: {done} test{'' if done == 1 else 's'} done")
    if done == expected:
        return Progress(f"running: all {expected} tests done", done, expected)
    return Progress(f"running: test {done + 1} of {expected}", done, expected)


def _place(number: int) -> str:
    if number == 1:
        return "next in line"
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    if number % 100 in (11, 12, 13):
        ending = "th"
    return f"{number}{ending} in line"
