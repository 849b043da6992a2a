"""Load tasks and trajectories through the browser (admins only)."""

from __future__ import annotations

from functools import partial

from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import require_role
from accounts.http import AuthenticatedHttpRequest
from accounts.models import Role
from trajectories.contexts.loading import load_result_context
from trajectories.forms import LoadForm
from trajectories.loading.uploads import find_upload, is_small, load_upload, receive_upload
from trajectories.tasks import load_uploaded_files


@require_http_methods(["GET", "HEAD", "POST"])
@require_role(Role.ADMIN)
def load(request: AuthenticatedHttpRequest) -> HttpResponse:
    """Choose files; a small upload is loaded at once, a large one by a worker."""
    if request.method != "POST":
        return render(request, "trajectories/load.html", {"form": LoadForm()})
    form = LoadForm(request.POST, request.FILES)
    if not form.is_valid():
        return render(request, "trajectories/load.html", {"form": form}, status=422)
    upload = receive_upload(
        form.cleaned_data["uploads"],
        kind=form.cleaned_data["kind"],
        batch_slug=form.cleaned_data["batch"],
        dataset=form.cleaned_data["dataset"],
        actor=request.user,
    )
    if is_small(upload):
        load_upload(upload)
    else:
        transaction.on_commit(partial(load_uploaded_files.delay, upload.pk))
    return redirect("trajectories:load-result", upload.pk)


@require_safe
@require_role(Role.ADMIN)
def load_result(request: AuthenticatedHttpRequest, pk: int) -> HttpResponse:
    """What became of an upload; asks again by itself until it is loaded."""
    upload = find_upload(pk)
    if upload is None:
        raise Http404("There is no upload of this number.")
    template = "trajectories/_load_result.html" if request.htmx else "trajectories/load_result.html"
    return render(request, template, {"load": load_result_context(upload)})
