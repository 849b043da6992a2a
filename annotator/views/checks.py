"""What the checks find while one writes, and letting a finding stand."""

from __future__ import annotations

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.http import AuthenticatedHttpRequest
from annotator.access import get_annotation, get_assignment
from annotator.contexts.findings import findings_context
from annotator.models import Annotation
from annotator.services import whole
from annotator.views.reasoning import first_error, refuses_plainly, sentence
from annotator.whole_forms import WaiverForm


@require_GET
def findings(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """List what the checks find in the draft as it is stored now."""
    assignment = get_assignment(request.user, pk)
    if not request.htmx:
        return redirect("annotator:workspace", pk)
    is_writable = assignment.is_writable and assignment.annotator_id == request.user.pk
    return _list(request, assignment.annotation, is_writable=is_writable)


@require_POST
@refuses_plainly
def waive(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Let a finding stand for a reason; without one the waiver is taken back."""
    annotation = get_annotation(request.user, pk)
    form = WaiverForm(request.POST)
    if not form.is_valid():
        return sentence(first_error(form), 422)
    data = form.cleaned_data
    whole.waive(request.user, annotation, data["check_id"], data["place"], data["reason"])
    if not request.htmx:
        return redirect("annotator:workspace", annotation.assignment_id)
    return _list(request, get_annotation(request.user, pk), is_writable=True)


def _list(
    request: AuthenticatedHttpRequest, annotation: Annotation, *, is_writable: bool
) -> HttpResponse:
    context = {"findings": findings_context(annotation, is_writable=is_writable)}
    return render(request, "annotator/_findings.html", context)
