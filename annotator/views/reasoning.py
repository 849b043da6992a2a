"""Writing: every change of an annotation, answered with the reasoning column.

Saves are the exception: a script sends them while a person types, so the answer is small (JSON),
and a stale save is answered with 409 and the form that merges both texts.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.http import AuthenticatedHttpRequest
from annotator.access import (
    get_annotation,
    get_assignment,
    get_citation,
    get_reasoning_step,
    get_step_to_save,
)
from annotator.citations.sources import Selected, find_passage
from annotator.citations.targets import CannotCite
from annotator.contexts.conflicts import conflict_context
from annotator.contexts.reasoning import reasoning_context
from annotator.forms import (
    CitationForm,
    DiagnosisForm,
    MoveForm,
    NewStepForm,
)
from annotator.models import Annotation, ReasoningStep
from annotator.services import anchoring, citing, editing
from annotator.services.editing import NotWritable
from annotator.services.merging import StaleVersion
from annotator.step_fields import TEXTS, read_field
from annotator.step_forms import ReasoningStepForm
from trajectories.access import sight_of

P = ParamSpec("P")
View = Callable[Concatenate[AuthenticatedHttpRequest, P], HttpResponseBase]


def refuses_plainly(view: View[P]) -> Callable[..., HttpResponseBase]:
    """Answer a change that is not open for writing with 409 and one sentence."""

    @wraps(view)
    def answered(
        request: AuthenticatedHttpRequest, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except NotWritable as error:
            return sentence(str(error), 409)

    return answered


def sentence(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")


def first_error(form: Any) -> str:
    return str(next(iter(form.errors.values()))[0])


def answer_column(
    request: AuthenticatedHttpRequest, annotation: Annotation, **shown: Any
) -> HttpResponseBase:
    """Answer with the reasoning column, or without HTMX go back to the workspace."""
    if not request.htmx:
        return redirect("annotator:workspace", annotation.assignment_id)
    fresh = get_annotation(request.user, annotation.pk)
    context = {"reasoning": reasoning_context(request.user, fresh, **shown)}
    return render(request, "annotator/_reasoning.html", context)


@require_GET
def column(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Show the reasoning column as it is stored now."""
    assignment = get_assignment(request.user, pk)
    if not request.htmx:
        return redirect("annotator:workspace", pk)
    context = {"reasoning": reasoning_context(request.user, assignment.annotation)}
    return render(request, "annotator/_reasoning.html", context)


@require_POST
@refuses_plainly
def add(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    annotation = get_annotation(request.user, pk)
    form = NewStepForm(request.POST)
    if not form.is_valid():
        return sentence(first_error(form), 422)
    step = editing.add_step(request.user, annotation, form.cleaned_data["kind"])
    return answer_column(request, annotation, active=step.uid, is_new=True)


@require_POST
@refuses_plainly
def save(request: AuthenticatedHttpRequest, uid: UUID) -> HttpResponseBase:
    """Save what was written; 409 with both texts if another window changed the same field."""
    found = get_step_to_save(request.user, uid)
    form = ReasoningStepForm(
        request.POST, n_steps=found.n_steps, citation_uids=found.step.citation_uids
    )
    if not form.is_valid():
        return _refused_save(request, form)
    try:
        saved = editing.save_step(
            request.user,
            found.step,
            form.values,
            form.cleaned_data["version"],
            read_at=found.read_at,
        )
    except StaleVersion as error:
        return _conflict(request, error)
    return _saved(request, saved, form)


def wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def _refused_save(request: HttpRequest, form: ReasoningStepForm) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"errors": form.errors}, status=422)
    return sentence(first_error(form), 422)


def _conflict(request: HttpRequest, stale: StaleVersion) -> HttpResponse:
    panel = {"panel": conflict_context(stale)}
    template = "annotator/_conflict.html" if wants_json(request) else "annotator/conflict.html"
    return render(request, template, panel, status=409)


def _saved(request: HttpRequest, step: ReasoningStep, form: ReasoningStepForm) -> HttpResponseBase:
    if not wants_json(request):
        messages.success(request, "Saved.")
        return redirect("annotator:workspace", step.annotation.assignment_id)
    # Fields that another window changed and this one did not: the script puts them in place.
    merged = {
        name: read_field(step, name)
        for name, sent in form.values.items()
        if read_field(step, name) != sent
    }
    return JsonResponse(
        {
            "version": step.version,
            "saved_at": timezone.now().isoformat(),
            "merged": {name: value for name, value in merged.items() if name in TEXTS},
            "reload": not merged.keys() <= TEXTS,
        }
    )


@require_POST
@refuses_plainly
def move(request: AuthenticatedHttpRequest, uid: UUID) -> HttpResponseBase:
    step = get_reasoning_step(request.user, uid)
    form = MoveForm(request.POST)
    if not form.is_valid():
        return sentence(first_error(form), 422)
    offset, place = form.cleaned_data["offset"], form.cleaned_data["place"]
    if place is not None:
        editing.place_step(request.user, step, place)
    else:
        editing.move_step(request.user, step, offset)
    return answer_column(request, step.annotation, active=uid)


@require_POST
@refuses_plainly
def delete(request: AuthenticatedHttpRequest, uid: UUID) -> HttpResponseBase:
    step = get_reasoning_step(request.user, uid)
    editing.delete_step(request.user, step)
    return answer_column(request, step.annotation, said=f"Removed: {step}")


@require_POST
@refuses_plainly
def restore(request: AuthenticatedHttpRequest, uid: UUID) -> HttpResponseBase:
    step = get_reasoning_step(request.user, uid)
    editing.restore_step(request.user, step)
    return answer_column(request, step.annotation, active=uid)


@require_POST
@refuses_plainly
def cite(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Hang what was selected on a reasoning step; the source itself is asked for the quote."""
    annotation = get_annotation(request.user, pk)
    form = CitationForm(request.POST)
    if not form.is_valid():
        return sentence(first_error(form), 422)
    data = form.cleaned_data
    trajectory = annotation.assignment.membership.trajectory
    selected = Selected(data["quote"], data["before"], data["after"])
    sight = sight_of(request.user, trajectory)
    try:
        passage = find_passage(trajectory, sight, data["target"], selected)
    except CannotCite as error:
        return sentence(str(error), 422)
    step = editing.find_step(annotation, data["step"]) if data["step"] else None
    citation = citing.cite(request.user, annotation, data["kind"], passage, step)
    uid = citation.reasoning_step.uid
    return answer_column(request, annotation, active=uid, is_new=step is None)


@require_POST
@refuses_plainly
def uncite(request: AuthenticatedHttpRequest, uid: UUID) -> HttpResponseBase:
    citation = get_citation(request.user, uid)
    editing.remove_citation(request.user, citation)
    return answer_column(
        request,
        citation.reasoning_step.annotation,
        active=citation.reasoning_step.uid,
        said="Removed a citation.",
    )


@require_POST
@refuses_plainly
def recite(request: AuthenticatedHttpRequest, uid: UUID) -> HttpResponseBase:
    citation = get_citation(request.user, uid)
    editing.restore_citation(request.user, citation)
    step = citation.reasoning_step
    return answer_column(request, step.annotation, active=step.uid)


@require_POST
@refuses_plainly
def reanchor(request: AuthenticatedHttpRequest, uid: UUID) -> HttpResponseBase:
    """Point a moved citation at where its quote stands now."""
    citation = get_citation(request.user, uid)
    step = citation.reasoning_step
    is_done = anchoring.reanchor(request.user, citation)
    said = "Re-anchored a citation." if is_done else "The citation could not be placed anew."
    return answer_column(request, step.annotation, active=step.uid, said=said)


@require_POST
@refuses_plainly
def diagnosis(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Save the first diagnosis; committing it fixes it and opens what was hidden."""
    annotation = get_annotation(request.user, pk)
    form = DiagnosisForm(request.POST)
    if not form.is_valid():
        return sentence(first_error(form), 422)
    text, base = form.cleaned_data["first_diagnosis"], form.cleaned_data["base"]
    if form.cleaned_data["commit"]:
        editing.commit_diagnosis(request.user, annotation, text, base)
        messages.success(request, "Committed. Gold patch and verdicts are open now.")
        return redirect("annotator:workspace", annotation.assignment_id)
    editing.save_diagnosis(request.user, annotation, text, base)
    if wants_json(request):
        return JsonResponse({"saved_at": timezone.now().isoformat()})
    return redirect("annotator:workspace", annotation.assignment_id)
