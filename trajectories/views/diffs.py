"""Fragments of diffs: the list of files with the first ones open, one file, one hunk."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.template.loader import get_template
from django.utils.cache import get_conditional_response, patch_cache_control
from django.views.decorators.http import require_POST, require_safe

from accounts.http import AuthenticatedHttpRequest
from trajectories.access import get_trajectory, sight_of
from trajectories.contexts.diff_look import Look, Opened, read_look
from trajectories.contexts.diffs import (
    allowed_diff,
    change_seen,
    diff_context,
    diff_digest,
    diff_file_context,
    diff_hunk_context,
)
from trajectories.contexts.evidence import positive
from trajectories.pages import (
    address_with,
    current_page,
    on_this_site,
    page_query,
    show_in_address,
)
from trajectories.seen import seen_digests

_FILE_TEMPLATE = "trajectories/_diff_file.html"
# Where a file goes on that is too long for one answer.
_MORE_TEMPLATE = "trajectories/_diff_rows.html"
_HUNK_TEMPLATE = "trajectories/_diff_hunk_fragment.html"
_TEMPLATES = (
    _FILE_TEMPLATE,
    _MORE_TEMPLATE,
    _HUNK_TEMPLATE,
    *(
        f"trajectories/_{name}.html"
        for name in (*("diff_hunk", "diff_hunk_head", "diff_moved", "hunk_steps"),)
    ),
)


@require_safe
def diff(request: AuthenticatedHttpRequest, pk: int, which: str) -> HttpResponse:
    trajectory = get_trajectory(request.user, pk)
    look = read_look(request.GET, page_query(request))
    sight = sight_of(request.user, trajectory, which)
    context = diff_context(trajectory, sight, which, look, request.user)
    response = render(request, "trajectories/_diff.html", {"diff": context})
    return show_in_address(
        request,
        response,
        right=which,
        view=context.view,
        ws=look.space,
        file=look.file,
        at=request.GET.get("at") if look.at else None,
        all=None,
        opened=None,
    )


@require_safe
def diff_file(request: AuthenticatedHttpRequest, pk: int, which: str) -> HttpResponseBase:
    """Return one file of a diff, or its lines `from` a number on; 304 where the browser has it."""
    trajectory = get_trajectory(request.user, pk)
    sight = sight_of(request.user, trajectory, which)
    seen = seen_digests(request.user, trajectory, allowed_diff(trajectory, sight, which))
    etag = _etag(request, diff_digest(trajectory, sight, which), seen)
    unchanged = get_conditional_response(request, etag=etag)
    if unchanged is not None and unchanged.status_code == 304:
        return unchanged
    first = positive(request.GET.get("from")) or 0
    file = diff_file_context(
        trajectory,
        sight,
        which,
        _look_of_file(request.GET),
        request.user,
        nth=positive(request.GET.get("nth")) or 1,
        first=first,
    )
    return _kept_by_the_browser(
        render(request, _MORE_TEMPLATE if first else _FILE_TEMPLATE, {"file": file}), etag
    )


@require_safe
def diff_hunk(request: AuthenticatedHttpRequest, pk: int, which: str) -> HttpResponseBase:
    """Return a hunk with lines opened above it: `top` and `bottom` of the `gap` before it."""
    trajectory = get_trajectory(request.user, pk)
    sight = sight_of(request.user, trajectory, which)
    etag = _etag(request, diff_digest(trajectory, sight, which), ())
    unchanged = get_conditional_response(request, etag=etag)
    if unchanged is not None and unchanged.status_code == 304:
        return unchanged
    query = request.GET
    gap = positive(query.get("gap"))
    if gap is None:
        raise Http404("No gap is named.")
    opened = Opened(positive(query.get("top")) or 0, positive(query.get("bottom")) or 0)
    file, hunk = diff_hunk_context(
        trajectory,
        sight,
        which,
        replace(_look_of_file(query), opened={gap: opened}),
        nth=positive(query.get("nth")) or 1,
        gap=gap,
        n_lines=positive(query.get("lines")),
    )
    return _kept_by_the_browser(render(request, _HUNK_TEMPLATE, {"file": file, "hunk": hunk}), etag)


@require_POST
def diff_seen(request: AuthenticatedHttpRequest, pk: int, which: str) -> HttpResponse:
    """Note that a file was seen (`seen=1`) or not; a plain form goes on to the next unseen."""
    trajectory = get_trajectory(request.user, pk)
    changed, file = change_seen(
        trajectory,
        sight_of(request.user, trajectory, which),
        which,
        _look_of_file(request.GET),
        request.user,
        nth=positive(request.GET.get("nth")) or 1,
        is_seen=request.GET.get("seen") == "1",
    )
    if request.htmx:
        context = {"diff": changed, "file": file}
        return render(request, "trajectories/_diff_seen.html", context)
    page = on_this_site(request.POST.get("page", ""))
    next_file = changed.unseen_after(file) if file.is_seen else file
    path = next_file.change.path if next_file else None
    return HttpResponseRedirect(address_with(page, right=which, file=path, at=None, opened=None))


def _look_of_file(query: QueryDict) -> Look:
    """Read how a file is asked for: a fragment calls it `path`, a page `file`."""
    return replace(read_look(query), file=query.get("path", ""))


def _kept_by_the_browser(response: HttpResponse, etag: str) -> HttpResponse:
    response.headers["ETag"] = etag
    response.headers["Vary"] = "Cookie, HX-Request, HX-Current-URL"
    # Kept by the browser, and asked about each time: access may end.
    patch_cache_control(response, private=True, no_cache=True)
    return response


def _etag(request: AuthenticatedHttpRequest, digest: str, seen: Iterable[str]) -> str:
    """Return the entity tag of a fragment: its content, its links and how it is drawn."""
    parts = (
        digest,
        request.get_full_path(),
        current_page(request),
        _template_digest(),
        *sorted(seen),
    )
    return f'"{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()}"'


@lru_cache(maxsize=1)
def _template_digest() -> str:
    """Return a digest that changes when a new version draws the fragments otherwise."""
    sources = (get_template(name).template.source for name in _TEMPLATES)  # type: ignore[attr-defined]
    return hashlib.sha256("\0".join(sources).encode()).hexdigest()
