"""Writing about the whole: overview, judgements of the agent's steps, undo and redo."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.http import AuthenticatedHttpRequest
from annotator.access import get_annotation
from annotator.contexts.history import what_was_done
from annotator.contexts.reasoning import reasoning_context
from annotator.services import undoing, whole
from annotator.services.whole import StaleWhole
from annotator.views.reasoning import (
    answer_column,
    first_error,
    refuses_plainly,
    sentence,
    wants_json,
)
from annotator.whole_forms import JudgeForm, JudgementForm, OverviewForm


@require_POST
@refuses_plainly
def overview(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Save fields of the overview."""
    return _save(request, pk, OverviewForm(request.POST))


@require_POST
@refuses_plainly
def judgement(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Save what is said of one judged step."""
    return _save(request, pk, JudgementForm(request.POST))


def _save(
    request: AuthenticatedHttpRequest, pk: int, form: OverviewForm | JudgementForm
) -> HttpResponseBase:
    annotation = get_annotation(request.user, pk)
    if not form.is_valid():
        if wants_json(request):
            return JsonResponse({"errors": form.errors}, status=422)
        return sentence(first_error(form), 422)
    try:
        saved = whole.save_whole(
            request.user, annotation, form.values, form.cleaned_data["version"]
        )
    except StaleWhole as error:
        return _conflict(request, error)
    if not wants_json(request):
        messages.success(request, "Saved.")
        return redirect("annotator:workspace", annotation.assignment_id)
    return JsonResponse(
        {
            "version": saved.version,
            "saved_at": timezone.now().isoformat(),
            "merged": {},
            "reload": False,
        }
    )


def _conflict(request: AuthenticatedHttpRequest, stale: StaleWhole) -> HttpResponse:
    if not wants_json(request):
        return sentence(f"{stale} Go back, copy your text, and reload the page.", 409)
    return render(request, "annotator/_whole_conflict.html", {"stale": stale}, status=409)


@require_POST
@refuses_plainly
def judge(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Judge a run of the trajectory's steps alike."""
    annotation = get_annotation(request.user, pk)
    n_steps = annotation.assignment.membership.trajectory.n_steps
    form = JudgeForm(request.POST, n_steps=n_steps)
    if not form.is_valid():
        return sentence(first_error(form), 422)
    steps, said = form.cleaned_data["steps"], form.cleaned_data["judgement"]
    if said in ("decisive", "not_decisive", "toggle_decisive"):
        whole.mark_decisive(request.user, annotation, steps, said)
    else:
        whole.judge(request.user, annotation, steps, said)
    if not request.htmx:
        return redirect("annotator:workspace", annotation.assignment_id)
    fresh = get_annotation(request.user, pk)
    context = {"reasoning": reasoning_context(request.user, fresh)}
    return render(request, "annotator/_judgements.html", context)


@require_POST
@refuses_plainly
def undo(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Take back what was done last, whichever step or page it was done on."""
    annotation = get_annotation(request.user, pk)
    edit = undoing.undo(request.user, annotation)
    said = f"Undone: {what_was_done(edit)}." if edit else "There is nothing to undo."
    return answer_column(request, annotation, said=said)


@require_POST
@refuses_plainly
def redo(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Do again what was undone last."""
    annotation = get_annotation(request.user, pk)
    edit = undoing.redo(request.user, annotation)
    said = f"Done again: {what_was_done(edit)}." if edit else "There is nothing to redo."
    return answer_column(request, annotation, said=said)
