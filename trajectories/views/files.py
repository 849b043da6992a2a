"""The files fragment: a folder, a file or a search of a state of the code."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.http import AuthenticatedHttpRequest
from trajectories.access import get_trajectory, sight_of
from trajectories.contexts.files import files_context, outline_context, paths_context
from trajectories.contexts.files_query import NAMES, read_query
from trajectories.pages import page_query, show_in_address


@require_safe
def files(request: AuthenticatedHttpRequest, pk: int, tree: str) -> HttpResponse:
    trajectory = get_trajectory(request.user, pk)
    # The tab asks without anything: for what was open in it before.
    asks = any(name in request.GET for name in NAMES)
    query = read_query(request.GET.dict() if asks else page_query(request))
    context = files_context(trajectory, sight_of(request.user, trajectory), tree, query)
    response = render(request, "trajectories/_files.html", {"files": context})
    return show_in_address(request, response, left="files", tree=tree, **context.query.address())


@require_safe
def outline(request: AuthenticatedHttpRequest, pk: int, tree: str) -> HttpResponse:
    trajectory = get_trajectory(request.user, pk)
    query = read_query(request.GET.dict())
    context = outline_context(trajectory, sight_of(request.user, trajectory), tree, query)
    return render(request, "trajectories/_file_outline.html", {"outline": context})


@require_safe
def paths(request: AuthenticatedHttpRequest, pk: int, tree: str) -> HttpResponse:
    trajectory = get_trajectory(request.user, pk)
    typed = request.GET.get("path", "")
    found = paths_context(trajectory, sight_of(request.user, trajectory), tree, typed)
    return render(request, "trajectories/_file_paths.html", {"paths": found})
