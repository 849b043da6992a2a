"""Find the runs here that are equal to those which a file's citations name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annotator.importing.files import Item
from annotator.importing.partial import Content
from trajectories.models import Trajectory
from validation.models import Outcome, Run, RunState


def with_runs_of_here(content: Content, item: Item, trajectory: Trajectory) -> Content:
    """Return content whose test citations name equal runs here, where there are any.

    A run is equal if it tested the same tree of the same revision with the same recipe. What finds
    none keeps its number, and the checks say that it is not known.
    """
    known = {row["run"]: row for row in item.line.get("validation", ()) if "run" in row}
    found: dict[int, int] = {}
    for citation in _citations(content):
        number = citation["target"].get("run")
        if citation["kind"] == "test" and number in known and number not in found:
            equal = _equal(known[number], trajectory)
            if equal is not None:
                found[number] = equal
    for citation in _citations(content):
        if citation["kind"] == "test":
            number = citation["target"].get("run")
            citation["target"] = {**citation["target"], "run": found.get(number, number)}
    return content


def _citations(content: Content) -> Iterator[Content]:
    for card in (*content["reasoning_steps"], *filter(None, [content["root_cause"]])):
        yield from card["citations"]


def _equal(row: Mapping[str, Any], trajectory: Trajectory) -> int | None:
    runs = Run.objects.verdicts().filter(
        tree=row.get("tree"),
        state=RunState.FINISHED,
        task_revision__task=trajectory.task,
        task_revision__content_sha256=(row.get("task_revision") or {}).get("content_sha256", ""),
        outcome__in=(Outcome.RESOLVED, Outcome.NOT_RESOLVED),
    )
    if row.get("tree") == "model":
        runs = runs.filter(trajectory=trajectory)
    same = runs.filter(recipe__digest=row.get("recipe_digest")).order_by("-pk").first()
    return same.pk if same else None
