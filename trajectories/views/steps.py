"""Fragments about a trajectory's steps. Each renders one partial; pages are made of the same."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.http import AuthenticatedHttpRequest
from trajectories.access import get_trajectory, sight_of
from trajectories.contexts.outline import outline_context, outline_query
from trajectories.contexts.steps import (
    get_step,
    issue_context,
    observation_context,
    step_context,
)
from trajectories.pages import show_in_address


@require_safe
def outline(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """The list of steps, or with `only` a part of it that was not in the page."""
    trajectory = get_trajectory(request.user, pk)
    query = outline_query(request.GET)
    context = {"outline": outline_context(trajectory, query), "only": request.GET.get("only")}
    if query.first is not None:
        return render(request, "trajectories/_outline_rows.html", context)
    response = render(request, "trajectories/_outline.html", context)
    filters = {"kind": None, "touch": None, "find": None, **query.filters}
    return show_in_address(request, response, **filters, ribbon=request.GET.get("ribbon"))


@require_safe
def step(request: AuthenticatedHttpRequest, pk: int, number: int) -> HttpResponse:
    """One step: thought, calls, observations."""
    trajectory = get_trajectory(request.user, pk)
    context = {"step": step_context(trajectory, sight_of(request.user, trajectory), number)}
    response = render(request, "trajectories/_step.html", context)
    return show_in_address(request, response, left="step", step=number)


@require_safe
def observation(
    request: AuthenticatedHttpRequest, pk: int, number: int, index: int
) -> HttpResponse:
    """One observation, whole however long it is."""
    step = get_step(get_trajectory(request.user, pk), number)
    context = {"observation": observation_context(step, index)}
    return render(request, "trajectories/_observation.html", context)


@require_safe
def issue(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """The problem statement, and the hints for who may see them."""
    trajectory = get_trajectory(request.user, pk)
    context = {"issue": issue_context(trajectory, sight_of(request.user, trajectory))}
    response = render(request, "trajectories/_issue.html", context)
    return show_in_address(request, response, left="issue")
