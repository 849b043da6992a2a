"""Splitting a reasoning step and joining two, answered with the reasoning column."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponseBase
from django.views.decorators.http import require_POST

from accounts.http import AuthenticatedHttpRequest
from annotator.access import get_reasoning_step
from annotator.forms import SplitForm
from annotator.services import restructuring
from annotator.views.reasoning import answer_column, first_error, refuses_plainly, sentence


@require_POST
@refuses_plainly
def split(request: AuthenticatedHttpRequest, uid: UUID) -> HttpResponseBase:
    """Make what stands after the caret in the rationale a step of its own."""
    step = get_reasoning_step(request.user, uid)
    form = SplitForm(request.POST)
    if not form.is_valid():
        return sentence(first_error(form), 422)
    second = restructuring.split_step(request.user, step, form.cleaned_data["at"])
    said = "Split into two steps."
    return answer_column(request, step.annotation, active=second.uid, is_new=True, said=said)


@require_POST
@refuses_plainly
def merge(request: AuthenticatedHttpRequest, uid: UUID) -> HttpResponseBase:
    """Join the next step of the chain to this one."""
    step = get_reasoning_step(request.user, uid)
    restructuring.merge_with_next(request.user, step)
    return answer_column(request, step.annotation, active=uid, said="Joined two steps.")
