"""Filters of the matrix of tests."""

from __future__ import annotations

from collections.abc import Mapping

from django import template

from validation.contexts.details import TestDetail
from validation.contexts.matrix import Selection

register = template.Library()


@register.filter
def item(details: Mapping[str, TestDetail], test_id: str) -> TestDetail | None:
    """Return what is opened of a test, or None."""
    return details.get(test_id)


@register.filter
def is_target(test_id: str, selection: Selection) -> bool:
    """Tell whether the address names this test."""
    return test_id == selection.test
