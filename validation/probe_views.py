"""Claims that are executed: their state, and running them again."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST

from accounts.http import AuthenticatedHttpRequest
from validation.access import get_probe
from validation.contexts.probes import probe_contexts
from validation.services.probes import rerun as rerun_probe
from validation.services.requests import RunRefused

UNCHANGED = 204


@require_GET
def probe(request: AuthenticatedHttpRequest, uid: UUID) -> HttpResponse:
    """Show a probe; to HTMX its fragment, or 204 where the reader has seen this state already."""
    [context] = probe_contexts([get_probe(request.user, uid)])
    if request.htmx and request.GET.get("seen") == context.signature:
        return HttpResponse(status=UNCHANGED)
    template = "validation/_probe.html" if request.htmx else "validation/probe_detail.html"
    response = render(request, template, {"probe": context})
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_POST
def rerun(request: AuthenticatedHttpRequest, uid: UUID) -> HttpResponseBase:
    """Run a probe once more; what it showed before stays."""
    try:
        rerun_probe(request.user, get_probe(request.user, uid))
    except RunRefused as refused:
        if request.htmx:
            return HttpResponse(str(refused), status=422, content_type="text/plain; charset=utf-8")
        messages.error(request, str(refused))
    if not request.htmx:
        return redirect("validation:probe", uid)
    [context] = probe_contexts([get_probe(request.user, uid)])
    return render(request, "validation/_probe.html", {"probe": context})
