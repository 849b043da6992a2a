"""Whether a citation of a draft still holds."""

from __future__ import annotations

from collections.abc import Iterable

from annotator.citations.anchors import Anchor, Anchors, AnchorState, Cited, anchors_for
from annotator.models import Citation
from trajectories.models import Trajectory


def anchors_of_rows(citations: Iterable[Citation], trajectory: Trajectory) -> Anchors:
    """Read at once what many citations point into."""
    return anchors_for(trajectory, map(Cited.of_row, citations))


def anchor_of(citation: Citation, trajectory: Trajectory, anchors: Anchors | None = None) -> Anchor:
    """Return the state of a citation; `anchors` were made for it, where there are many."""
    anchors = anchors or anchors_of_rows([citation], trajectory)
    return anchors.of(Cited.of_row(citation))


def problem_of(citation: Citation, trajectory: Trajectory, anchors: Anchors | None = None) -> str:
    """Say why the citation has to be looked at again, or return an empty text if it is exact."""
    anchor = anchor_of(citation, trajectory, anchors)
    remedy = " Re-anchor the citation." if anchor.state is AnchorState.MOVED else ""
    return f"{anchor.reason}{remedy}"
