"""The start page, batches, claiming and releasing."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.access import require_role
from accounts.events import record
from accounts.http import AuthenticatedHttpRequest
from accounts.models import Role
from annotator.access import get_batch, get_own_assignment
from annotator.contexts.batch_time import batch_time
from annotator.contexts.batches import assignments_of, batch_rows
from annotator.forms import BatchPolicyForm
from annotator.models import Assignment
from annotator.models.assignment import WrongState
from annotator.services.claiming import (
    NothingToClaim,
    claim_next,
    free_slots,
    policy_of,
)
from annotator.services.claiming import (
    release as release_assignment,
)
from annotator.trajectory_rows import trajectory_rows
from trajectories.markdown import render_markdown
from validation.contexts import batch_admission
from validation.tasks import admit_batch


@require_GET
def home(request: AuthenticatedHttpRequest) -> HttpResponseBase:
    """Show what there is to do: a reviewer's is the queue."""
    if request.user.is_reviewer:
        return redirect("reviews:queue")
    context = {"rows": batch_rows(request.user), "assignments": assignments_of(request.user)}
    return render(request, "annotator/home.html", context)


@require_GET
@require_role(Role.ADMIN, Role.ANNOTATOR)
def batch_list(request: AuthenticatedHttpRequest) -> HttpResponse:
    return render(request, "annotator/batch_list.html", {"rows": batch_rows(request.user)})


@require_GET
@require_role(Role.ADMIN, Role.ANNOTATOR)
def batch(request: AuthenticatedHttpRequest, slug: str) -> HttpResponse:
    """Show a batch: to an annotator what to do, to an admin how far it is."""
    return _batch_page(request, slug)


@require_POST
@require_role(Role.ADMIN)
def policy(request: AuthenticatedHttpRequest, slug: str) -> HttpResponseBase:
    """Change how a batch is annotated."""
    subject = get_batch(slug)
    form = BatchPolicyForm(request.POST, instance=policy_of(subject))
    if not form.is_valid():
        return _batch_page(request, slug, form)
    changed = form.save()
    record(request.user, "batch policy changed", changed, fields=form.changed_data)
    messages.success(request, "The policy is saved.")
    return redirect("annotator:batch", slug)


def _batch_page(
    request: AuthenticatedHttpRequest, slug: str, form: BatchPolicyForm | None = None
) -> HttpResponse:
    subject = get_batch(slug)
    rules = policy_of(subject)
    user = request.user
    context = {
        "batch": subject,
        "policy": rules,
        "guideline": render_markdown(rules.guideline),
        "n_free": free_slots(subject, user),
        "assignments": assignments_of(user, subject),
    }
    if user.is_admin:
        context["form"] = form or BatchPolicyForm(instance=rules)
        context["trajectories"] = trajectory_rows(subject)
        context["admission"] = batch_admission(subject)
        context["time"] = batch_time(subject)
    status = 422 if form is not None else 200
    return render(request, "annotator/batch_detail.html", context, status=status)


@require_POST
@require_role(Role.ADMIN)
def admit(request: AuthenticatedHttpRequest, slug: str) -> HttpResponseBase:
    """Ask for base and gold of every task of the batch that was not tried yet."""
    subject = get_batch(slug)
    admit_batch.delay_on_commit(subject.pk, request.user.pk)  # type: ignore[attr-defined]
    messages.success(request, "The tasks that were not tried yet are being queued.")
    return redirect("annotator:batch", slug)


@require_POST
@require_role(Role.ANNOTATOR, Role.ADMIN)
def claim(request: AuthenticatedHttpRequest, slug: str) -> HttpResponseBase:
    """Take the next free trajectory of the batch."""
    try:
        assignment = claim_next(request.user, get_batch(slug))
    except NothingToClaim as error:
        messages.info(request, str(error))
        return redirect("annotator:batch", slug)
    return redirect("annotator:workspace", assignment.pk)


@require_POST
def release(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Give a trajectory back."""
    assignment: Assignment = get_own_assignment(request.user, pk)
    try:
        release_assignment(request.user, assignment)
    except WrongState as error:
        messages.error(request, str(error))
        return redirect("annotator:workspace", pk)
    messages.success(request, f"{assignment.membership.trajectory} is free for others again.")
    return redirect("annotator:home")
