"""Fetch a repository's mirror from where its absence is noticed."""

from __future__ import annotations

from functools import partial

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from accounts.access import require_role
from accounts.http import AuthenticatedHttpRequest
from trajectories import tasks
from trajectories.models import Repository
from trajectories.pages import on_this_site


@require_role("admin")
@require_POST
def fetch_repository(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """Queue the fetch and go back to the page that asked for it."""
    repository = get_object_or_404(Repository, pk=pk)
    transaction.on_commit(partial(tasks.fetch_repository.delay, repository.pk, request.user.pk))
    messages.success(request, f"{repository} is being fetched. Reload the page in a moment.")
    return redirect(on_this_site(request.POST.get("next", "")))
