"""The workspace: everything side by side, and handing in."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.http import AuthenticatedHttpRequest
from annotator.access import get_annotation, get_assignment, get_own_assignment
from annotator.contexts.active_time import clock_view
from annotator.contexts.reasoning import outline_marks, reasoning_context
from annotator.models import Assignment, AssignmentState
from annotator.services.editing import NotWritable
from annotator.services.submitting import NotReady, all_problems
from annotator.services.submitting import submit as submit_annotation
from trajectories.access import get_trajectory, sight_of
from trajectories.contexts.evidence import evidence_context
from trajectories.contexts.outline import outline_context, outline_query
from validation.contexts import tests_tab, verdicts_context


@require_GET
def workspace(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Show the steps, the evidence and the reasoning of one assignment."""
    assignment = get_assignment(request.user, pk)
    if assignment.state == AssignmentState.RELEASED and not request.user.is_admin:
        messages.info(request, "You gave this trajectory back; claim it again to go on.")
        return redirect("annotator:home")
    return _page(request, assignment)


def _page(request: AuthenticatedHttpRequest, assignment: Assignment) -> HttpResponse:
    user = request.user
    trajectory = get_trajectory(user, assignment.membership.trajectory_id)
    sight = sight_of(user, trajectory)
    reasoning = reasoning_context(user, assignment.annotation)
    context = {
        "assignment": assignment,
        "trajectory": trajectory,
        "batch": assignment.membership.batch,
        "outline": outline_context(
            trajectory, outline_query(request.GET, step=1), outline_marks(reasoning)
        ),
        "evidence": evidence_context(
            request, trajectory, sight, (tests_tab(trajectory, sight, request.GET),)
        ),
        "verdicts": verdicts_context(trajectory, sight),
        "reasoning": reasoning,
        "problems": [],
        "clock": clock_view(
            assignment.annotator,
            assignment,
            is_read_by_another=assignment.annotator_id != user.pk,
        ),
    }
    if reasoning.is_writable and _is_checking(request):
        context["problems"] = all_problems(assignment.annotation)
    return render(request, "annotator/workspace.html", context)


def _is_checking(request: AuthenticatedHttpRequest) -> bool:
    """Tell whether what is missing is to be listed, as after an attempt to hand in."""
    return request.GET.get("check") == "1"


@require_POST
def submit(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Hand in; what is missing is listed on the workspace."""
    assignment = get_own_assignment(request.user, pk)
    annotation = get_annotation(request.user, assignment.annotation.pk)
    try:
        submission = submit_annotation(request.user, annotation)
    except NotReady:
        return redirect(reverse("annotator:workspace", args=[pk]) + "?check=1")
    except NotWritable as error:
        messages.error(request, str(error))
        return redirect("annotator:workspace", pk)
    messages.success(request, f"Handed in as submission {submission.number}.")
    return redirect("annotator:workspace", pk)
