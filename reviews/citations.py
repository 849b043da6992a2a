"""Where in the evidence beside a submission a citation is found."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest

from annotator.citations.anchors import Anchors, AnchorState, Cited
from annotator.contexts.chips import chip
from annotator.models import Citation
from reviews.content import CitationContent, citation_title
from trajectories.models import Trajectory
from trajectories.pages import page_url


@dataclass(frozen=True)
class CitationView:
    """A citation with the address that shows it, and the fragment that does in place, if any."""

    number: int
    title: str
    quote: str
    href: str
    fragment: str
    pane: str
    # What has become of it since it was handed in: exact, moved, changed or gone.
    state: str = ""
    trouble: str = ""

    @property
    def is_exact(self) -> bool:
        return self.state in ("", AnchorState.EXACT)


def citation_view(
    request: HttpRequest,
    trajectory: Trajectory,
    cited: CitationContent,
    number: int,
    anchors: Anchors | None = None,
) -> CitationView:
    """Show a citation of frozen content, placed as the workspace places it.

    `anchors` tell what has become of it, where they were made for it.
    """
    anchor = anchors.of(Cited.of_content(cited)) if anchors else None
    unsaved = Citation(
        uid=UUID(cited["uid"]), kind=cited["kind"], target=cited["target"], quote=cited["quote"]
    )
    place = chip(unsaved, trajectory)
    return CitationView(
        number=number,
        title=citation_title(cited),
        quote=cited["quote"],
        href=place.page or page_url(request, **place.query),
        fragment="" if place.page else place.url,
        pane=place.pane,
        state=anchor.state if anchor else "",
        trouble=anchor.reason if anchor else "",
    )
