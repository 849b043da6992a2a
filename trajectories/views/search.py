"""The search across trajectories."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.http import AuthenticatedHttpRequest
from trajectories.contexts.parts import searched_text
from trajectories.contexts.search_everywhere import After, batches_of, search_everywhere
from trajectories.forms import SearchForm


@require_safe
def search_all(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Steps of all trajectories that the person may open, or of one batch, that hold a text."""
    form = SearchForm(request.GET)
    if not form.is_valid():
        raise Http404("There is no such page of results.")
    batches = batches_of(request.user)
    slug = form.cleaned_data["batch"]
    batch = next((batch for batch in batches if batch.slug == slug), None)
    if slug and batch is None:
        raise Http404(f"No batch {slug} holds a trajectory that you may open.")
    position = form.cleaned_data["after"]
    after = After(*map(int, position.split("."))) if position else None
    found = search_everywhere(request.user, searched_text(request.GET), batch, after, batches)
    return render(request, "trajectories/search.html", {"search": found})
