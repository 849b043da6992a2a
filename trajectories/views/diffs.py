"""Fragments of diffs: the list of files with the first ones open, and one file."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import get_template
from django.utils.cache import get_conditional_response, patch_cache_control
from django.views.decorators.http import require_safe

from accounts.http import AuthenticatedHttpRequest
from trajectories.access import get_trajectory, sight_of
from trajectories.contexts.diffs import diff_context, diff_digest, diff_file_context
from trajectories.pages import current_page, page_query, show_in_address

_FILE_TEMPLATE = "trajectories/_diff_file.html"


@require_safe
def diff(request: AuthenticatedHttpRequest, pk: int, which: str) -> HttpResponse:
    trajectory = get_trajectory(request.user, pk)
    wanted = request.GET.get("file")
    view = request.GET.get("view") or page_query(request).get("view", "")
    context = diff_context(trajectory, sight_of(request.user, trajectory), which, wanted, view=view)
    response = render(request, "trajectories/_diff.html", {"diff": context})
    return show_in_address(request, response, right=which, view=context.view, file=wanted, all=None)


@require_safe
def diff_file(request: AuthenticatedHttpRequest, pk: int, which: str) -> HttpResponseBase:
    """Return one file of a diff; 304 where the browser has it already."""
    trajectory = get_trajectory(request.user, pk)
    sight = sight_of(request.user, trajectory)
    etag = _etag(request, diff_digest(trajectory, sight, which))
    unchanged = get_conditional_response(request, etag=etag)
    if unchanged is not None and unchanged.status_code == 304:
        return unchanged
    file = diff_file_context(
        trajectory,
        sight,
        which,
        request.GET.get("path", ""),
        view=request.GET.get("view", ""),
        show_all=request.GET.get("all") == "1",
    )
    response = render(request, _FILE_TEMPLATE, {"file": file})
    response.headers["ETag"] = etag
    response.headers["Vary"] = "Cookie, HX-Request, HX-Current-URL"
    # Kept by the browser, and asked about each time: access may end.
    patch_cache_control(response, private=True, no_cache=True)
    return response


def _etag(request: AuthenticatedHttpRequest, digest: str) -> str:
    """Return the entity tag of a fragment: its content, its links and how it is drawn."""
    parts = (digest, request.get_full_path(), current_page(request), _template_digest())
    return f'"{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()}"'


@lru_cache(maxsize=1)
def _template_digest() -> str:
    """Return a digest that changes when a new version draws the fragment otherwise."""
    source: str = get_template(_FILE_TEMPLATE).template.source  # type: ignore[attr-defined]
    return hashlib.sha256(source.encode()).hexdigest()
