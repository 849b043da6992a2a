"""Where in the evidence beside a submission a citation is found."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.http import HttpRequest

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


def citation_view(
    request: HttpRequest, trajectory: Trajectory, cited: CitationContent, number: int
) -> CitationView:
    """Show a citation of frozen content, placed as the workspace places it."""
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
    )
