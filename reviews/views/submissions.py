"""The queue, a submission beside its evidence, and the verdict on it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect

from accounts.access import require_role
from accounts.http import AuthenticatedHttpRequest
from accounts.models import Role
from annotator.contexts.active_time import ClockView, clock_view
from annotator.models import Submission
from reviews.access import get_submission
from reviews.contexts import (
    batch_of,
    decision_context,
    queue_context,
    run_warnings,
    trajectory_of,
)
from reviews.errors import ReviewUserError
from reviews.findings import findings_view
from reviews.forms import QueueFilterForm, ReviewForm
from reviews.pages import places_on, submission_page
from reviews.querysets import reviewable_by
from reviews.services.reviewing import grant_evidence, publish_review
from reviews.services.rubrics import asked, rubric_of
from reviews.verdicts import verdict_words
from trajectories.access import sight_of
from trajectories.contexts.evidence import evidence_context
from trajectories.contexts.outline import outline_context, outline_query
from validation.contexts import tests_tab, verdicts_context


@require_GET
@require_role(Role.REVIEWER, Role.ADMIN)
def queue(request: AuthenticatedHttpRequest) -> HttpResponse:
    """List what waits for a review, oldest first, and what was reviewed lately."""
    form = QueueFilterForm(request.GET)
    batch = form.cleaned_data["batch"] if form.is_valid() else None
    template = "reviews/queue.html#lists" if request.htmx else "reviews/queue.html"
    context = {"form": form, "batch": batch, "queue": queue_context(request.user, batch)}
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_GET
@require_role(Role.REVIEWER, Role.ADMIN)
def submission(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """Show a submission beside its evidence; opening it to review it opens the evidence."""
    subject = get_submission(request.user, pk)
    trajectory = trajectory_of(subject)
    if reviewable_by(request.user).filter(pk=pk).exists():
        grant_evidence(request.user, trajectory)
    sight = sight_of(request.user, trajectory)
    page = submission_page(request, request.user, subject)
    verdicts = verdicts_context(trajectory, sight)
    context = {
        "page": page,
        "decide": page.decision,
        "trajectory": trajectory,
        "outline": outline_context(trajectory, outline_query(request.GET, step=1), page.marks),
        "evidence": evidence_context(
            request, trajectory, sight, (tests_tab(trajectory, sight, request.GET),)
        ),
        "verdicts": verdicts,
        "warnings": run_warnings(verdicts) if sight.sees_verdicts else [],
        "clock": _clock(request, subject),
    }
    return render(request, "reviews/submission.html", context)


def _clock(request: AuthenticatedHttpRequest, subject: Submission) -> ClockView | None:
    """Return the reader's clock; looking at one's own submission is no review."""
    assignment = subject.annotation.assignment
    if assignment.annotator_id == request.user.pk:
        return None
    return clock_view(request.user, assignment)


@require_GET
@require_role(Role.REVIEWER, Role.ADMIN)
def findings(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """Show what the checks found, for a page that was opened before they were done."""
    subject = get_submission(request.user, pk)
    shown = findings_view(subject, places_on(request, subject))
    return render(request, "reviews/_findings.html", {"findings": shown})


@require_POST
@require_role(Role.REVIEWER, Role.ADMIN)
def publish(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Publish the verdict; what was written stays in the form where that is refused."""
    subject = get_submission(request.user, pk)
    form = ReviewForm(request.POST, criteria=asked(rubric_of(batch_of(subject))))
    if not form.is_valid():
        return _refused(request, subject, form, "", status=422)
    try:
        review = publish_review(
            request.user,
            subject,
            verdict=form.cleaned_data["verdict"],
            summary=form.cleaned_data["summary"],
            scores=form.scores(),
        )
    except ReviewUserError as error:
        return _refused(request, subject, form, str(error), status=409)
    messages.success(request, f"Submission {subject.number}: {verdict_words(review)}.")
    if request.htmx:
        return HttpResponseClientRedirect(reverse("reviews:submission", args=[pk]))
    return redirect("reviews:submission", subject.pk)


def _refused(
    request: AuthenticatedHttpRequest,
    subject: Submission,
    form: ReviewForm,
    error: str,
    *,
    status: int,
) -> HttpResponse:
    """Return the form as it was filled in, with the reason; without HTMX as a page of its own."""
    decide = decision_context(request.user, subject, form=form, error=error)
    template = "reviews/_decide.html" if request.htmx else "reviews/decide.html"
    context = {"decide": decide, "submission": subject, "trajectory": trajectory_of(subject)}
    # htmx swaps a 422 and takes any other 4xx for a failure of the request.
    status = 422 if request.htmx else status
    return render(request, template, context, status=status)
