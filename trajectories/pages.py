"""Addresses of the page around a fragment: what is open in its panes is in the query string."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

ResponseT = TypeVar("ResponseT", bound=HttpResponseBase)


def current_page(request: HttpRequest) -> str:
    """Return path and query of the page that a request is about.

    For an HTMX request that is the page in the browser's address bar, not the fragment's own
    address. The header comes from outside: only a path on this site is taken from it.
    """
    htmx = getattr(request, "htmx", None)
    url = htmx.current_url_abs_path if htmx else None
    return on_this_site(url or request.get_full_path())


def on_this_site(address: str) -> str:
    """Return an address as a path of this site: `//elsewhere.example` would leave it."""
    return "/" + address.lstrip("/\\")


def page_query(request: HttpRequest) -> dict[str, str]:
    """Return the query parameters of the current page."""
    return dict(parse_qsl(urlsplit(current_page(request)).query))


def page_url(request: HttpRequest, **changes: object) -> str:
    """Return the current page's address with query parameters set, or removed where None."""
    return address_with(current_page(request), **changes)


def address_with(address: str, **changes: object) -> str:
    """Return an address with query parameters set, or removed where None."""
    parts = urlsplit(address)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    # A part is one of a step: another step is shown from its top.
    if "step" in changes:
        changes = {"part": None, "open": None, **changes}
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None and value != "":
            query[name] = str(value)
    return f"{parts.path}?{urlencode(query)}" if query else parts.path


def show_in_address(request: HttpRequest, response: ResponseT, **changes: object) -> ResponseT:
    """Let the address bar say what a fragment shows now.

    The answer says it rather than the link that was clicked, because a link that was rendered
    a while ago does not know what has since been opened in the other pane.
    """
    if getattr(request, "htmx", False):
        response.headers["HX-Replace-Url"] = page_url(request, **changes)
    patch_vary_headers(response, ["HX-Request", "HX-Current-URL"])
    return response


@dataclass(frozen=True)
class Column:
    """The column of a trajectory on the page that shows two of one task, "a" or "b".

    What its fragments would open on the trajectory's own page is opened in the column where that
    is another step, and on the trajectory's own page, at `home`, where it is something else.
    """

    name: str
    home: str
    # The one that is open in it.
    step: int | None = None

    @property
    def prefix(self) -> str:
        """What the ids of its elements begin with: the other column may show the same step."""
        return f"{self.name}-"

    def url(self, request: HttpRequest, **changes: object) -> str:
        """Return the address that shows what `page_url` with the same changes would."""
        if "step" in changes and not changes.keys() - {"left", "step", "part", "open"}:
            names = {"step": self.name, **{n: f"{self.name}-{n}" for n in ("part", "open")}}
            values = {key: changes.get(name) for name, key in names.items()}
            return page_url(request, **values, right=None)
        asked = {"left": "step", "step": self.step, **changes}
        known = {name: value for name, value in asked.items() if value}
        return f"{self.home}?{urlencode(known)}"
