"""What is posted about active time, parsed."""

from __future__ import annotations

import json
import math
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from annotator.intervals import Span
from annotator.posted import NOT_JSON

# A browser that was cut off for days keeps what it could not send, and that in pieces.
_MOST_SPANS = 500
_MOST_SECONDS_AGO = 30 * 24 * 3600.0


class ReasonField(forms.CharField):
    """Why somebody says so; a lead reads it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=500, label="Reason", **options)


class BeatForm(forms.Form):
    """A heartbeat: the page's ticket, and JSON of [[from, to], …] in seconds before now.

    Seconds before now mean the same whatever the browser's clock says.
    """

    ticket = forms.CharField(max_length=400)
    spans = forms.CharField(max_length=40_000, required=False)

    def clean_spans(self) -> list[tuple[float, float]]:
        try:
            found = json.loads(self.cleaned_data["spans"] or "[]")
        except NOT_JSON:
            raise ValidationError("The spans are no JSON.") from None
        if not isinstance(found, list) or len(found) > _MOST_SPANS:
            raise ValidationError("The spans are no list, or too many.")
        return [_seconds_ago(pair) for pair in found]

    def spans_before(self, now: datetime) -> list[Span]:
        """Return the spans as moments."""
        return [
            Span(now - timedelta(seconds=first), now - timedelta(seconds=last))
            for first, last in self.cleaned_data["spans"]
        ]


def _seconds_ago(pair: Any) -> tuple[float, float]:
    """Return (first, last) of a span, first the greater one, or raise ValidationError."""
    if not isinstance(pair, list) or len(pair) != 2:
        raise ValidationError("A span has a beginning and an end.")
    first, last = (_ago(number) for number in pair)
    return max(first, last), last


def _ago(number: Any) -> float:
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise ValidationError("A span is two numbers.")
    if isinstance(number, float) and not math.isfinite(number):
        raise ValidationError("A span is two numbers.")
    # Compared as what it is: an integer may be too large for a float.
    return float(min(max(0, number), _MOST_SECONDS_AGO))


class ClaimForm(forms.Form):
    """Time that was not measured: between two moments, or seconds before now."""

    reason = ReasonField()
    started_at = forms.DateTimeField(required=False)
    ended_at = forms.DateTimeField(required=False)
    seconds_ago = forms.FloatField(min_value=0, max_value=_MOST_SECONDS_AGO, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        has_moments = data.get("started_at") and data.get("ended_at")
        if not self.errors and not has_moments and data.get("seconds_ago") is None:
            raise ValidationError("Say from when to when.")
        return data

    def span(self, now: datetime) -> Span:
        """Return what is claimed."""
        data = self.cleaned_data
        if data["seconds_ago"] is not None:
            return Span(now - timedelta(seconds=data["seconds_ago"]), now)
        return Span(data["started_at"], data["ended_at"])


class AddTimeForm(forms.Form):
    """Time entered by hand, in the time zone that the page is shown in."""

    day = forms.DateField(label="Day", widget=forms.DateInput(attrs={"type": "date"}))
    first = forms.TimeField(label="From", widget=forms.TimeInput(attrs={"type": "time"}))
    last = forms.TimeField(label="To", widget=forms.TimeInput(attrs={"type": "time"}))
    reason = ReasonField()

    def span(self, now: datetime) -> Span:
        """Return what is claimed; an end before the beginning is on the next day."""
        data = self.cleaned_data
        start = timezone.make_aware(datetime.combine(data["day"], data["first"]))
        end_on = data["day"] + timedelta(days=data["last"] < data["first"])
        end = timezone.make_aware(datetime.combine(end_on, data["last"]))
        # The minute that has begun was meant whole.
        return Span(start, min(end, now) if end - now < timedelta(minutes=1) else end)


class CorrectForm(forms.Form):
    """How much of an entry counts, from its beginning."""

    minutes = forms.DecimalField(label="Minutes that count", min_value=0, max_value=10_000)
    reason = ReasonField()

    @property
    def seconds(self) -> int:
        return int(self.cleaned_data["minutes"] * 60)


class DecideForm(forms.Form):
    accepts = forms.TypedChoiceField(
        choices=[("1", "Accept"), ("0", "Decline")], coerce=lambda value: value == "1"
    )
