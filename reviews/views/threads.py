"""Open, answer, resolve and reopen comment threads."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from accounts.access import require_role
from accounts.http import AuthenticatedHttpRequest
from accounts.models import Role
from annotator.models import Submission
from reviews.access import get_submission, get_thread
from reviews.contexts import (
    WHOLE,
    RefusedComment,
    anchor_of,
    decision_context,
    may_comment,
    thread_box,
)
from reviews.errors import ReviewUserError
from reviews.forms import CommentForm, ShownOnForm, ThreadForm
from reviews.models import Thread
from reviews.services import threads as services


@require_POST
@require_role(Role.REVIEWER, Role.ADMIN)
def open_thread(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Comment on a reasoning step, a citation or the whole."""
    submission = get_submission(request.user, pk)
    form = ThreadForm(request.POST)
    if not form.is_valid():
        refused = RefusedComment(form.refused_body, form.why_refused)
        return _refused(request, submission, _anchor(form), refused)
    try:
        services.open_thread(request.user, submission, **form.cleaned_data)
    except ReviewUserError as error:
        refused = RefusedComment(form.refused_body, str(error))
        return _refused(request, submission, _anchor(form), refused)
    return _box(request, submission, _anchor(form))


@require_POST
def reply(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Answer in a thread, from a submission's page or from the annotator's workspace."""
    thread = get_thread(request.user, pk)
    form = CommentForm(request.POST)
    submission = _shown_on(request, thread)
    if submission is None:
        return _reply_from_workspace(request, thread, form)
    anchor = anchor_of(thread.reasoning_step_uid)
    if not form.is_valid():
        refused = RefusedComment(form.refused_body, form.why_refused, thread.pk)
        return _refused(request, submission, anchor, refused)
    services.reply(request.user, thread, body=form.cleaned_data["body"])
    return _box(request, submission, anchor)


@require_POST
@require_role(Role.REVIEWER, Role.ADMIN)
def resolve(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Mark a thread as dealt with."""
    return _set_resolved(request, pk, resolved=True)


@require_POST
@require_role(Role.REVIEWER, Role.ADMIN)
def reopen(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Take the mark back."""
    return _set_resolved(request, pk, resolved=False)


def _set_resolved(
    request: AuthenticatedHttpRequest, pk: int, *, resolved: bool
) -> HttpResponseBase:
    thread = get_thread(request.user, pk)
    submission = _shown_on(request, thread) or thread.submission
    anchor = anchor_of(thread.reasoning_step_uid)
    try:
        services.set_resolved(request.user, thread, resolved)
    except ReviewUserError as error:
        return _refused(request, submission, anchor, RefusedComment("", str(error), thread.pk))
    return _box(request, submission, anchor)


def _reply_from_workspace(
    request: AuthenticatedHttpRequest, thread: Thread, form: CommentForm
) -> HttpResponseBase:
    """Answer HTMX with an event at which the workspace renews its notes."""
    if form.is_valid():
        services.reply(request.user, thread, body=form.cleaned_data["body"])
        if request.htmx:
            return trigger_client_event(HttpResponse(status=204), "notes-changed")
    elif request.htmx:
        return HttpResponse(form.why_refused, content_type="text/plain", status=400)
    else:
        messages.error(request, form.why_refused)
    workspace = reverse("annotator:workspace", args=[thread.annotation.assignment_id])
    return redirect(f"{workspace}#thread-{thread.pk}")


def _shown_on(request: AuthenticatedHttpRequest, thread: Thread) -> Submission | None:
    """Return the submission whose page sent the request; None from anywhere else."""
    form = ShownOnForm(request.POST)
    pk = form.cleaned_data["submission"] if form.is_valid() else None
    if pk is None:
        return None
    submission = get_submission(request.user, pk)
    return submission if submission.annotation_id == thread.annotation_id else None


def _box(
    request: AuthenticatedHttpRequest, submission: Submission, anchor: str
) -> HttpResponseBase:
    """Return the threads at the anchor; what blocks an approval changes beside the form."""
    if not request.htmx:
        address = reverse("reviews:submission", args=[submission.pk])
        return redirect(f"{address}#threads-{anchor}")
    box = thread_box(submission, anchor, may_comment=may_comment(request.user, submission))
    decide = decision_context(request.user, submission)
    return render(request, "reviews/_threads_changed.html", {"box": box, "decide": decide})


def _refused(
    request: AuthenticatedHttpRequest, submission: Submission, anchor: str, refused: RefusedComment
) -> HttpResponse:
    """Return the threads with what was written still in its form; without HTMX as a page."""
    is_open = may_comment(request.user, submission)
    box = thread_box(submission, anchor, may_comment=is_open, refused=refused)
    template = "reviews/_threads.html" if request.htmx else "reviews/refused.html"
    return render(request, template, {"box": box, "submission": submission}, status=422)


def _anchor(form: ThreadForm) -> str:
    uid = form.cleaned_data.get("reasoning_step_uid")
    return anchor_of(uid) if uid else WHOLE
