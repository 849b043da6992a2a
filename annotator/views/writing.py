"""What helps while one writes: completion, mentions that are cited, previews of drafts."""

from __future__ import annotations

from dataclasses import asdict
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.http import AuthenticatedHttpRequest
from annotator.access import get_annotation, get_assignment, get_reasoning_step
from annotator.citations.mentions import find_mentioned
from annotator.citations.targets import CannotCite
from annotator.contexts.completion import offers
from annotator.contexts.reasoning import reasoning_context
from annotator.contexts.references import references_of, render_with_references
from annotator.forms import CompletionForm, MentionForm, PreviewForm
from annotator.services import citing
from annotator.views.reasoning import first_error, refuses_plainly, sentence
from trajectories.access import sight_of


@require_GET
def complete(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """Offer what fits what was typed after `@`, as JSON."""
    annotation = get_assignment(request.user, pk).annotation
    form = CompletionForm(request.GET)
    if not form.is_valid():
        return JsonResponse({"offers": []})
    found = offers(annotation, form.cleaned_data["q"], form.cleaned_data["step"])
    return JsonResponse({"offers": [asdict(offer) for offer in found]})


@require_POST
@refuses_plainly
def mention(request: AuthenticatedHttpRequest, uid: UUID) -> HttpResponseBase:
    """Cite what was mentioned in a reasoning step; answer with the step's citations."""
    step = get_reasoning_step(request.user, uid)
    form = MentionForm(request.POST)
    if not form.is_valid():
        return sentence(first_error(form), 422)
    trajectory = step.annotation.assignment.membership.trajectory
    sight = sight_of(request.user, trajectory)
    try:
        kind, passage = find_mentioned(
            trajectory, sight, form.cleaned_data["kind"], form.cleaned_data["value"]
        )
    except CannotCite as error:
        return sentence(str(error), 422)
    citing.cite(request.user, step.annotation, kind, passage, step)
    if not request.htmx:
        return redirect("annotator:workspace", step.annotation.assignment_id)
    reasoning = reasoning_context(request.user, get_annotation(request.user, step.annotation_id))
    card = next((card for card in reasoning.all_cards if card.step.uid == uid), None)
    return render(request, "annotator/_mentioned.html", {"card": card, "reasoning": reasoning})


@require_http_methods(["GET", "POST"])
def preview(request: AuthenticatedHttpRequest, uid: UUID) -> HttpResponse:
    """Show the rationale as it will be read: the draft that is posted, else what is saved."""
    step = get_reasoning_step(request.user, uid)
    text = step.rationale
    if request.method == "POST":
        form = PreviewForm(request.POST)
        if not form.is_valid():
            return sentence(first_error(form), 422)
        text = form.cleaned_data["rationale"]
    references = references_of(step.annotation)
    return HttpResponse(render_with_references(text or "Nothing is written yet.", references))
