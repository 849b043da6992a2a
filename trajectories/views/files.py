"""The files fragment: a folder or a file of a state of the code."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.http import AuthenticatedHttpRequest
from trajectories.access import get_trajectory, sight_of
from trajectories.contexts.evidence import positive
from trajectories.contexts.files import Window, files_context
from trajectories.pages import page_query, show_in_address


@require_safe
def files(request: AuthenticatedHttpRequest, pk: int, tree: str) -> HttpResponse:
    trajectory = get_trajectory(request.user, pk)
    window = Window(positive(request.GET.get("line")), request.GET.get("all") == "1")
    context = files_context(
        trajectory,
        sight_of(request.user, trajectory),
        tree,
        # The tab asks without a path: for what was open in it before.
        request.GET.get("path", page_query(request).get("path", "")),
        window,
    )
    response = render(request, "trajectories/_files.html", {"files": context})
    return show_in_address(
        request,
        response,
        left="files",
        tree=tree,
        path=context.path,
        line=window.line,
        all="1" if window.show_all else None,
    )
