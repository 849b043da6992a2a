"""Which role may open a page."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from accounts.http import AuthenticatedHttpRequest

P = ParamSpec("P")
View = Callable[Concatenate[AuthenticatedHttpRequest, P], HttpResponseBase]


def require_role(*roles: str) -> Callable[[View[P]], Callable[..., HttpResponseBase]]:
    """Refuse (403) a signed-in person whose role is not among `roles`.

    Who is not signed in never gets here: LoginRequiredMiddleware comes first.
    """

    def decorate(view: View[P]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            signed_in = cast(AuthenticatedHttpRequest, request)
            if signed_in.user.role not in roles:
                raise PermissionDenied(f"This page is for the role {' or '.join(roles)}.")
            return view(signed_in, *args, **kwargs)

        return checked

    return decorate
