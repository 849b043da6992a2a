"""Whether a citation still holds."""

from __future__ import annotations

from annotator.citations.sources import Selected, find_passage
from annotator.citations.targets import CannotCite, read_target
from annotator.models import Citation
from trajectories.access import Sight
from trajectories.models import Trajectory

EVERYTHING = Sight(sees_gold=True, sees_verdicts=True)


def problem_of(citation: Citation, trajectory: Trajectory) -> str:
    """Say why the citation no longer holds, or return an empty text if it does.

    It holds where its quote stands in the content it names, at the same place or at another one.
    """
    selected = Selected(citation.quote, citation.prefix, citation.suffix)
    try:
        target = read_target(citation.kind, citation.target)
        passage = find_passage(trajectory, EVERYTHING, target, selected)
    except CannotCite as error:
        return str(error)
    if passage.quote != citation.quote:
        return "The text that was cited no longer stands there."
    return ""
