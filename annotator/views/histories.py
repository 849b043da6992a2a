"""The history of a reasoning step, and bringing one of its versions back."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from accounts.http import AuthenticatedHttpRequest
from annotator.access import get_reasoning_step
from annotator.contexts.step_history import step_history
from annotator.forms import VersionForm
from annotator.services import editing
from annotator.views.reasoning import answer_column, first_error, refuses_plainly, sentence


@require_GET
def history(request: AuthenticatedHttpRequest, uid: UUID) -> HttpResponse:
    """List the versions of a step with what changed in each."""
    step = get_reasoning_step(request.user, uid)
    found = step_history(step, show_all=request.GET.get("all") == "1")
    template = "annotator/_history.html" if request.htmx else "annotator/history.html"
    context = {"history": found, "assignment": step.annotation.assignment}
    return render(request, template, context)


@require_POST
@refuses_plainly
def bring_back(request: AuthenticatedHttpRequest, uid: UUID) -> HttpResponseBase:
    """Save an earlier version on top of the present one."""
    step = get_reasoning_step(request.user, uid)
    form = VersionForm(request.POST)
    if not form.is_valid():
        return sentence(first_error(form), 422)
    version = form.cleaned_data["version"]
    editing.bring_back(request.user, step, version)
    said = f"Version {version} is back; what came after it is kept in the history."
    return answer_column(request, step.annotation, active=uid, said=said)
