"""Tags of the fragments that show evidence."""

from __future__ import annotations

from django import template
from django.http import HttpRequest
from django.template.context import Context

from trajectories.pages import page_url

register = template.Library()


@register.simple_tag(takes_context=True)
def page_link(context: Context, **changes: object) -> str:
    """Return the surrounding page's address with these query parameters set (None removes)."""
    request: HttpRequest = context["request"]
    return page_url(request, **changes)
