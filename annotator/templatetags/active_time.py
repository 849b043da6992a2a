"""How lengths of work are written."""

from __future__ import annotations

from datetime import timedelta

from django import template

register = template.Library()


@register.filter
def hours(value: float | timedelta | None) -> str:
    """Write seconds of work as a timesheet does: <1 min, 29 min, 1 h 12 min.

    static/js/active-time.js writes them in the same way.
    """
    seconds = value.total_seconds() if isinstance(value, timedelta) else value or 0
    if 0 < seconds < 60:
        return "<1 min"
    n_hours, minutes = divmod(int(seconds) // 60, 60)
    return f"{n_hours} h {minutes} min" if n_hours else f"{minutes} min"
