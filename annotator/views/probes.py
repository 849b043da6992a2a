"""Having the claims of a reasoning step executed."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.http import AuthenticatedHttpRequest
from annotator.access import get_assignment, get_reasoning_step, get_step_probe
from annotator.contexts.reasoning import step_probes
from annotator.models import ReasoningStep
from annotator.probe_forms import ProbeForm, matching_tests
from annotator.services import probing
from annotator.views.reasoning import answer_column, refuses_plainly
from trajectories.access import sight_of
from validation.services.requests import RunRefused


@require_http_methods(["GET", "POST"])
@refuses_plainly
def check(request: AuthenticatedHttpRequest, uid: UUID) -> HttpResponseBase:
    """Show the form that asks for a claim to be executed, or ask."""
    step = get_reasoning_step(request.user, uid)
    trajectory = step.annotation.assignment.membership.trajectory
    form = ProbeForm(
        request.POST if request.method == "POST" else None,
        revision=trajectory.task_revision,
        sight=sight_of(request.user, trajectory),
        uid=str(uid),
    )
    if request.htmx and "close" in request.GET:
        return render(request, "annotator/_probe_ask.html", {"step": step})
    if request.method == "GET" or "more" in request.POST:
        return _form(request, step, form)
    if not form.is_valid():
        return _form(request, step, form, status=422)
    try:
        probing.check_claim(request.user, step, form.claim)
    except RunRefused as refused:
        form.add_error(None, str(refused))
        return _form(request, step, form, status=422)
    return _asked(request, step)


def _form(
    request: AuthenticatedHttpRequest, step: ReasoningStep, form: ProbeForm, status: int = 200
) -> HttpResponse:
    template = "annotator/_probe_form.html" if request.htmx else "annotator/probe_form.html"
    context = {
        "form": form,
        "step": step,
        "assignment": step.annotation.assignment,
        "adds_rows": "more" in request.POST,
        "error": next((str(found[0]) for found in form.errors.values()), "")
        if status == 422
        else "",
    }
    return render(request, template, context, status=status)


def _asked(request: AuthenticatedHttpRequest, step: ReasoningStep) -> HttpResponseBase:
    """Close the form and show the step's probes; nothing else of the column is touched."""
    if not request.htmx:
        place = reverse("annotator:workspace", args=[step.annotation.assignment_id])
        return redirect(f"{place}#r-{step.uid}")
    context = {"step": step, "probes": step_probes(step), "is_writable": True}
    return render(request, "annotator/_probe_asked.html", context)


@require_POST
@refuses_plainly
def remove(request: AuthenticatedHttpRequest, uid: UUID) -> HttpResponseBase:
    step_probe = get_step_probe(request.user, uid)
    probing.remove_probe(request.user, step_probe)
    step = step_probe.reasoning_step
    return answer_column(
        request,
        step.annotation,
        active=step.uid,
        said="Removed a check.",
    )


@require_POST
@refuses_plainly
def restore(request: AuthenticatedHttpRequest, uid: UUID) -> HttpResponseBase:
    step_probe = get_step_probe(request.user, uid)
    probing.restore_probe(request.user, step_probe)
    step = step_probe.reasoning_step
    return answer_column(request, step.annotation, active=step.uid)


@require_GET
def test_ids(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """Offer the task's tests that fit what was typed."""
    trajectory = get_assignment(request.user, pk).membership.trajectory
    found = matching_tests(trajectory.task_revision, request.GET.get("test_id", "")[:500])
    return render(request, "annotator/_test_ids.html", {"tests": found})
