"""Words of frozen content for people."""

from __future__ import annotations

from django import template

from annotator.models import ReasoningKind
from reviews.models import Review
from reviews.verdicts import verdict_words

register = template.Library()


@register.filter
def kind_label(kind: str) -> str:
    """Name a kind of reasoning step: dead_end is shown as “dead end”."""
    return str(dict(ReasoningKind.choices).get(kind, kind))


@register.filter
def verdict(review: Review) -> str:
    """Name the result of a review: approved, changes requested, rejected."""
    return verdict_words(review)
