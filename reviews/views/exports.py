"""Exports of a batch: ask for one, watch it, download it."""

from __future__ import annotations

from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import require_role
from accounts.http import AuthenticatedHttpRequest
from accounts.models import Role
from reviews.access import get_batch, get_export
from reviews.exporting.selection import approved
from reviews.models import Export
from reviews.services.exports import request_export


@require_http_methods(["GET", "POST"])
@require_role(Role.ADMIN)
def export(request: AuthenticatedHttpRequest, slug: str) -> HttpResponseBase:
    """List the exports of the batch; a POST asks for another."""
    batch = get_batch(slug)
    if request.method == "POST":
        request_export(request.user, batch)
        if not request.htmx:
            return redirect("reviews:export", slug)
    exports = Export.objects.visible_to(request.user).filter(batch=batch)
    context = {
        "batch": batch,
        "exports": exports.select_related("batch", "requested_by"),
        "n_approved": approved(batch).count(),
    }
    template = "reviews/export.html#exports" if request.htmx else "reviews/export.html"
    response = render(request, template, context)
    patch_vary_headers(response, ["HX-Request"])
    return response


@require_GET
@require_role(Role.ADMIN)
def export_row(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Return one export's row, which asks again until it is finished; else go to its page."""
    found = get_export(request.user, pk)
    if not request.htmx:
        return redirect("reviews:export", found.batch.slug)
    return render(request, "reviews/_export_row.html", {"export": found})


@require_GET
@require_role(Role.ADMIN)
def download(request: AuthenticatedHttpRequest, pk: int) -> HttpResponseBase:
    """Send the zip of a finished export."""
    found = get_export(request.user, pk)
    try:
        file = found.file.open("rb")
    except (ValueError, FileNotFoundError):
        return HttpResponse(
            "This export has no file: it is not finished, or the file was removed from the data "
            "folder. Ask for a new one.",
            content_type="text/plain",
            status=404,
        )
    return FileResponse(file, as_attachment=True, filename=f"{found.batch.slug}-{pk}.zip")
