"""Whether a citation still holds."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from annotator.citations.sources import CitedRows, Selected, cited_rows, find_passage
from annotator.citations.targets import CannotCite, read_target
from annotator.models import Citation
from trajectories.access import Sight
from trajectories.models import Trajectory

EVERYTHING = Sight(sees_gold=True, sees_verdicts=True)


def rows_of(citations: Iterable[Citation], trajectory: Trajectory) -> CitedRows:
    """Read at once what many citations point into."""
    targets = []
    for citation in citations:
        with suppress(CannotCite):
            targets.append(read_target(citation.kind, citation.target))
    return cited_rows(trajectory, targets)


def problem_of(citation: Citation, trajectory: Trajectory, rows: CitedRows | None = None) -> str:
    """Say why the citation no longer holds, or return an empty text if it does.

    It holds where its quote stands in the content it names, at the same place or at another one.
    """
    selected = Selected(citation.quote, citation.prefix, citation.suffix)
    try:
        target = read_target(citation.kind, citation.target)
        passage = find_passage(trajectory, EVERYTHING, target, selected, rows)
    except CannotCite as error:
        return str(error)
    if passage.quote != citation.quote:
        return "The text that was cited no longer stands there."
    return ""
