"""Fragments about a trajectory's steps. Each renders one partial; pages are made of the same."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.views.decorators.http import require_safe

from accounts.http import AuthenticatedHttpRequest
from trajectories.access import get_trajectory, sight_of
from trajectories.contexts.compare import column_of
from trajectories.contexts.outline import outline_context, outline_query
from trajectories.contexts.parts import read_focus, read_part, searched_text
from trajectories.contexts.parts import step_part as part_of_step
from trajectories.contexts.step_search import search_context
from trajectories.contexts.steps import (
    get_step,
    issue_context,
    step_context,
)
from trajectories.formats.images import media_type_of
from trajectories.forms import GapForm
from trajectories.images import all_images, image_content
from trajectories.pages import page_query, show_in_address


@require_safe
def outline(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """The list of steps, or with `only` a part of it that was not in the page."""
    trajectory = get_trajectory(request.user, pk)
    query = outline_query(request.GET)
    context = {
        "outline": outline_context(trajectory, query),
        "only": request.GET.get("only"),
        "column": column_of(query.column, trajectory),
    }
    if query.first is not None:
        return render(request, "trajectories/_outline_rows.html", context)
    response = render(request, "trajectories/_outline.html", context)
    filters = {"kind": None, "touch": None, "find": None, **query.filters}
    return show_in_address(request, response, **filters, ribbon=request.GET.get("ribbon"))


@require_safe
def step(request: AuthenticatedHttpRequest, pk: int, number: int) -> HttpResponse:
    """One step: thought, calls, observations; what is searched is marked."""
    trajectory = get_trajectory(request.user, pk)
    focus = read_focus(request.GET.dict(), searched_text(page_query(request)))
    sight = sight_of(request.user, trajectory)
    context = {"step": step_context(trajectory, sight, number, focus)}
    response = render(request, "trajectories/_step.html", context)
    part = request.GET.get("part") if focus.part else None
    return show_in_address(request, response, left="step", step=number, part=part, open=None)


@require_safe
def step_part(request: AuthenticatedHttpRequest, pk: int, number: int, part: str) -> HttpResponse:
    """Rows of a part that were not shown at first: `first` to `last`, as many as `take` says."""
    form = GapForm(request.GET)
    if not form.is_valid():
        raise Http404("There are no such rows.")
    address = read_part(part)
    if address is None or address.first:
        raise Http404(f"No part of a step is called {part}.")
    focus = read_focus({}, searched_text(page_query(request)))
    shown = part_of_step(get_step(get_trajectory(request.user, pk), number), address.name, focus)
    stretch = shown.opened(form.gap, form.cleaned_data["take"], form.cleaned_data["number"] or 0)
    context = {"part": shown, "stretch": stretch}
    response = render(request, "trajectories/_step_part.html#rows", context)
    patch_vary_headers(response, ["HX-Request", "HX-Current-URL"])
    return response


@require_safe
def step_image(
    request: AuthenticatedHttpRequest, pk: int, number: int, sha256: str
) -> HttpResponse:
    """An image of a step; nothing that could run goes with it."""
    step = get_step(get_trajectory(request.user, pk), number)
    if not any(image.get("sha256") == sha256 for image in all_images(step)):
        raise Http404("This step has no such image.")
    try:
        content = image_content(sha256)
    except FileNotFoundError:
        raise Http404("The file of this image is missing.") from None
    media_type = media_type_of(content)
    if not media_type:
        raise Http404("This is no image that can be shown.")
    response = HttpResponse(content, content_type=media_type)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    patch_cache_control(response, private=True, max_age=31_536_000, immutable=True)
    return response


@require_safe
def search(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """The steps whose thought, calls or outputs hold a text."""
    trajectory = get_trajectory(request.user, pk)
    found = search_context(trajectory, searched_text(request.GET))
    response = render(request, "trajectories/_search.html", {"search": found})
    return show_in_address(request, response, q=found.text)


@require_safe
def issue(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """The problem statement, and the hints for who may see them."""
    trajectory = get_trajectory(request.user, pk)
    context = {"issue": issue_context(trajectory, sight_of(request.user, trajectory))}
    response = render(request, "trajectories/_issue.html", context)
    return show_in_address(request, response, left="issue")
