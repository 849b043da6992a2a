"""Admitting tasks: what is known of one, and what an admin does about it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.access import require_role
from accounts.http import AuthenticatedHttpRequest
from trajectories.access import get_task
from validation.contexts import task_context
from validation.models import Admission
from validation.services.admission import let_in, request_admission
from validation.services.requests import RunRefused

UNCHANGED = 204


@require_GET
def admission(request: AuthenticatedHttpRequest, instance_id: str) -> HttpResponse:
    """Show whether a task is admitted; 204 where the reader has seen this state already."""
    context = task_context(request.user, get_task(request.user, instance_id)).admission
    if context is None:
        raise Http404
    if request.GET.get("seen") == context.signature:
        return HttpResponse(status=UNCHANGED)
    return render(request, "validation/_admission.html", {"admission": context})


@require_POST
@require_role("admin")
def admit(request: AuthenticatedHttpRequest, instance_id: str) -> HttpResponseBase:
    """Ask for the runs that admit a task."""
    subject = get_task(request.user, instance_id)
    try:
        if subject.current_revision is None:
            raise RunRefused("The row of this task is not loaded: use load_tasks.")
        request_admission(subject.current_revision, user=request.user)
    except RunRefused as refused:
        messages.error(request, str(refused))
    return redirect("validation:task", instance_id=instance_id)


@require_POST
@require_role("admin")
def let_task_in(request: AuthenticatedHttpRequest, instance_id: str) -> HttpResponseBase:
    """Let a task in that is not admitted."""
    subject = get_task(request.user, instance_id)
    revision = subject.current_revision
    decided = Admission.objects.decided_of(revision) if revision else None
    try:
        if decided is None:
            raise RunRefused(f"{instance_id} was not tried yet, so nothing keeps it out.")
        let_in(decided, reason=request.POST.get("reason", ""), user=request.user)
    except RunRefused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, f"{instance_id} is let in.")
    return redirect("validation:task", instance_id=instance_id)
