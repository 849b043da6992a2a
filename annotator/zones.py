"""Times in the zone of who reads them, where their browser has told it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from zoneinfo import ZoneInfo

from django.http import HttpResponseBase
from django.utils import timezone

from accounts.http import AuthenticatedHttpRequest

P = ParamSpec("P")
View = Callable[Concatenate[AuthenticatedHttpRequest, P], HttpResponseBase]
# Set by static/js/zone.js.
COOKIE = "zone"


def in_readers_zone(view: View[P]) -> Callable[..., HttpResponseBase]:
    """Show and read times in the zone that the browser has told; otherwise in UTC."""

    @wraps(view)
    def zoned(
        request: AuthenticatedHttpRequest, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        with timezone.override(_zone(request.COOKIES.get(COOKIE, ""))):
            return view(request, *args, **kwargs)

    return zoned


def _zone(name: str) -> Any:
    # Only names as the zone database has them: the name of a zone becomes that of a file.
    if not name.replace("/", "").replace("_", "").replace("-", "").replace("+", "").isalnum():
        return "UTC"
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        return "UTC"
