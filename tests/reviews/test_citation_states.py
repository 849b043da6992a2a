"""A reviewer sees what has become of each citation since it was handed in."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.html import page_of
from tests.reviews.factories import citation_content, make_content, make_submission, step_content

pytestmark = pytest.mark.django_db


def test_a_citation_that_is_gone_says_so(annotator: User, reviewer_client: Client) -> None:
    target = {"step": 99}
    gone = citation_content(kind="thought", target=target, quote="I run the")
    content = make_content(step_content(citations=[gone]))
    submission = make_submission(annotator, content=content)
    page = page_of(reviewer_client.get(reverse("reviews:submission", args=[submission.pk])))
    assert page.text("[data-state=gone]") == "gone"
    assert "Step 99 has nothing like that" in page.text(".review-citations")
