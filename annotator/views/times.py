"""Active time: heartbeats, and the page on which people see and correct what was counted."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from accounts.access import require_role
from accounts.http import AuthenticatedHttpRequest
from accounts.models import Role
from annotator.access import (
    get_assignment_to_claim,
    get_own_time_entry,
    get_time_entry,
    get_timed_assignment,
)
from annotator.contexts.active_time import time_of_people
from annotator.contexts.my_time import my_weeks
from annotator.models import Assignment, TimeEntry
from annotator.services import timekeeping
from annotator.services.claiming import policy_of
from annotator.services.timekeeping import TimeUserError
from annotator.templatetags.active_time import hours
from annotator.time_forms import AddTimeForm, BeatForm, ClaimForm, CorrectForm, DecideForm
from annotator.time_tickets import BadTicket, read_ticket
from annotator.views.reasoning import first_error, sentence, wants_json
from annotator.zones import in_readers_zone


@require_POST
def beat(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Count what a page was used; its ticket says that it was shown to this person."""
    now = timezone.now()
    form = BeatForm(request.POST)
    try:
        ticket = read_ticket(form.cleaned_data["ticket"] if form.is_valid() else "", now)
    except BadTicket as error:
        get_timed_assignment(request.user, pk)
        return sentence(str(error), 409)
    if ticket.person_id != request.user.pk:
        raise PermissionDenied("This is another person’s clock.")
    if ticket.assignment_id != pk:
        raise Http404
    clock = timekeeping.beat(ticket, form.spans_before(now), now)
    return JsonResponse({"seconds": clock.seconds, "is_open": clock.is_open})


@require_GET
@in_readers_zone
def my_time(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Add up what counts of the person's work, week by week."""
    context = {
        "weeks": my_weeks(request.user, timezone.now()),
        "zone": timezone.get_current_timezone_name(),
    }
    return render(request, "annotator/my_time.html", context)


@require_GET
@in_readers_zone
def assignment_time(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """List what was counted of an assignment, day by day."""
    return _page(request, get_timed_assignment(request.user, pk))


def _page(
    request: AuthenticatedHttpRequest, assignment: Assignment, form: AddTimeForm | None = None
) -> HttpResponse:
    user = request.user
    people = time_of_people(user, assignment)
    context = {
        "assignment": assignment,
        "trajectory": assignment.membership.trajectory,
        "batch": assignment.membership.batch,
        "idle_minutes": policy_of(assignment.membership.batch).idle_minutes,
        "people": people,
        "is_worker": _is_worker(request, assignment),
        "zone": timezone.get_current_timezone_name(),
        "form": form or AddTimeForm(initial={"day": timezone.localdate()}),
    }
    return render(request, "annotator/time.html", context, status=200 if form is None else 422)


def _is_worker(request: AuthenticatedHttpRequest, assignment: Assignment) -> bool:
    """Tell whether the person may have worked on it; an admin only reads those of others."""
    return request.user.is_reviewer or assignment.annotator_id == request.user.pk


@require_POST
@in_readers_zone
def claim(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Count a pause in which the person says that they were working."""
    assignment = get_assignment_to_claim(request.user, pk)
    form = ClaimForm(request.POST)
    if not form.is_valid():
        return _answer(request, pk, error=first_error(form))
    return _claim(request, assignment, form)


@require_POST
@in_readers_zone
def add(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Count time that is entered by hand; a form that cannot be read is shown again."""
    assignment = get_assignment_to_claim(request.user, pk)
    form = AddTimeForm(request.POST)
    if not form.is_valid():
        return _page(request, assignment, form)
    return _claim(request, assignment, form)


def _claim(
    request: AuthenticatedHttpRequest, assignment: Assignment, form: AddTimeForm | ClaimForm
) -> HttpResponseBase:
    now = timezone.now()
    span, reason = form.span(now), form.cleaned_data["reason"]
    try:
        entries = timekeeping.claim_time(request.user, assignment, span, reason, now)
    except TimeUserError as error:
        if isinstance(form, AddTimeForm):
            form.add_error(None, str(error))
            return _page(request, assignment, form)
        return _answer(request, assignment.pk, error=str(error))
    total = sum(entry.length.total_seconds() for entry in entries)
    rest = " The rest was counted already." if total < int(span.seconds) - 60 else ""
    done = f"{hours(total)} counted as claimed.{rest}"
    return _answer(request, assignment.pk, done=done, entry=entries[0])


@require_POST
def correct(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Count another part of an entry."""
    entry = get_own_time_entry(request.user, pk)
    form = CorrectForm(request.POST)
    if not form.is_valid():
        return _answer(request, entry.assignment_id, error=first_error(form), entry=entry)
    try:
        timekeeping.correct_time(
            request.user,
            entry.corrects or entry,
            form.seconds,
            form.cleaned_data["reason"],
            timezone.now(),
        )
    except TimeUserError as error:
        return _answer(request, entry.assignment_id, error=str(error), entry=entry)
    return _answer(request, entry.assignment_id, done="Corrected.", entry=entry)


@require_POST
@require_role(Role.ADMIN)
def decide(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Accept or decline a claim or a correction of somebody else."""
    entry = get_time_entry(request.user, pk)
    if entry.person_id == request.user.pk:
        raise PermissionDenied("Somebody else decides on your own time.")
    form = DecideForm(request.POST)
    if not form.is_valid():
        return _answer(request, entry.assignment_id, error=first_error(form), entry=entry)
    accepts = form.cleaned_data["accepts"]
    try:
        timekeeping.decide_time(request.user, entry, accepts=accepts, now=timezone.now())
    except TimeUserError as error:
        return _answer(request, entry.assignment_id, error=str(error), entry=entry)
    done = "Accepted." if accepts else "Declined; it no longer counts."
    return _answer(request, entry.assignment_id, done=done, entry=entry)


def _answer(
    request: AuthenticatedHttpRequest,
    assignment_id: int,
    *,
    done: str = "",
    error: str = "",
    entry: TimeEntry | None = None,
) -> HttpResponseBase:
    """Say how it went: to a script at once, otherwise on the page, where the entry stands."""
    if wants_json(request):
        return sentence(error, 422) if error else JsonResponse({"done": done})
    if error:
        messages.error(request, error)
    else:
        messages.success(request, done)
    row = "" if entry is None else f"#entry-{entry.corrects_id or entry.pk}"
    return redirect(reverse("annotator:time", args=[assignment_id]) + row)
