"""Filters for text that comes from trajectories, issues and annotators."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from trajectories.markdown import render_markdown

register = template.Library()


@register.filter
def markdown(text: str) -> SafeString:
    """Render Markdown to safe HTML."""
    return render_markdown(text)


@register.filter
def seconds(value: float | None) -> str:
    """Write a duration as a person would: 0.4 s, 12 s, 3 min, 1.2 h."""
    if value is None:
        return ""
    if value < 0.05:
        return "<0.1 s"
    if value < 10:
        return f"{value:.1f} s"
    if value < 120:
        return f"{value:.0f} s"
    return f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.1f} h"
