"""The rubric of a batch."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.access import require_role
from accounts.http import AuthenticatedHttpRequest
from accounts.models import Role
from reviews.access import get_batch
from reviews.forms import RubricForm
from reviews.services.rubrics import asked, criteria_of, rubric_of, set_questions


@require_http_methods(["GET", "POST"])
@require_role(Role.ADMIN)
def rubric(request: AuthenticatedHttpRequest, slug: str) -> HttpResponseBase:
    """Show and change the questions that every review of the batch answers."""
    batch = get_batch(slug)
    if request.method == "POST":
        form = RubricForm(request.POST)
        if form.is_valid():
            set_questions(request.user, batch, form.cleaned_data["questions"])
            messages.success(request, "The rubric is saved; reviews from now on answer it.")
            return redirect("reviews:rubric", slug)
    else:
        questions = [criterion.question for criterion in asked(rubric_of(batch))]
        form = RubricForm(initial={"questions": "\n".join(questions)})
    retired = [criterion for criterion in criteria_of(rubric_of(batch)) if criterion.is_retired]
    context = {"batch": batch, "form": form, "retired": retired}
    return render(request, "reviews/rubric.html", context, status=422 if form.errors else 200)
