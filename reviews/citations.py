"""Where in the evidence beside a submission a citation is found."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from reviews.content import CitationContent, citation_title
from trajectories.models import Trajectory
from trajectories.pages import page_url


@dataclass(frozen=True)
class CitationView:
    """A citation with the page's address that shows it, and the fragment that does in place."""

    number: int
    kind: str
    title: str
    quote: str
    href: str
    fragment: str
    pane: str


def citation_view(
    request: HttpRequest, trajectory: Trajectory, citation: CitationContent, number: int
) -> CitationView:
    query, fragment = _locate(trajectory, citation)
    pane = "right" if "right" in query else "left"
    return CitationView(
        number=number,
        kind=citation["kind"].replace("_", " "),
        title=citation_title(citation),
        quote=citation["quote"],
        href=page_url(request, **query),
        fragment=fragment,
        pane=pane,
    )


def _locate(trajectory: Trajectory, citation: CitationContent) -> tuple[dict[str, object], str]:
    """Return the page's query parameters that open the cited place, and the fragment's address."""
    target = citation["target"]
    match citation["kind"]:
        case "file":
            place = {"path": target["path"], "line": target["start_line"]}
            url = reverse("trajectories:files", args=[trajectory.pk, target["tree"]])
            return {"left": "files", "tree": target["tree"], **place}, f"{url}?{urlencode(place)}"
        case "patch":
            url = reverse("trajectories:diff", args=[trajectory.pk, target["which"]])
            place = {"file": target["path"]}
            return {"right": target["which"], **place}, f"{url}?{urlencode(place)}"
        case "issue":
            return {"left": "issue"}, reverse("trajectories:issue", args=[trajectory.pk])
        case "test":
            return {"right": "tests"}, reverse("validation:tests", args=[trajectory.pk])
        case _:
            step = target["step"]
            url = reverse("trajectories:step", args=[trajectory.pk, step])
            return {"left": "step", "step": step}, url
