"""People, and whether the site is up."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import require_role
from accounts.forms import PersonForm
from accounts.http import AuthenticatedHttpRequest
from accounts.models import Role, User
from accounts.services import create_person


@require_GET
@login_not_required
def health(request: HttpRequest) -> HttpResponse:
    """Answer 200 if the database answers; it tells nothing else to whoever asks."""
    connection.ensure_connection()
    return HttpResponse("ok\n", content_type="text/plain")


@require_GET
@require_role(Role.ADMIN)
def people(request: AuthenticatedHttpRequest) -> HttpResponse:
    return render(request, "accounts/people.html", {"people": User.objects.order_by("username")})


@require_http_methods(["GET", "POST"])
@require_role(Role.ADMIN)
def person_new(request: AuthenticatedHttpRequest) -> HttpResponse:
    form = PersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        person, password = create_person(request.user, **form.cleaned_data)
        messages.success(
            request,
            f"{person.username} can sign in with the password {password} — "
            "it is shown only now; ask them to change it.",
        )
        return redirect("people")
    status = 422 if form.is_bound else 200
    return render(request, "accounts/person_form.html", {"form": form}, status=status)
