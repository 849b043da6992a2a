"""The start page, batches, claiming by button."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from annotator.models import Assignment, BatchPolicy
from annotator.services.claiming import claim_next, policy_of
from tests.factories import make_batch, make_trajectory
from tests.html import page_of
from tests.reviews.factories import make_assignment
from trajectories.models import Batch

pytestmark = pytest.mark.django_db

HOME = "/"


def batch_url(batch: Batch, name: str = "batch") -> str:
    return reverse(f"annotator:{name}", args=[batch.slug])


def queries_of(get: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert get().status_code == 200
    return len(captured)


# --- start ----------------------------------------------------------------------------------------


def test_an_annotator_sees_what_is_free_and_what_is_theirs(
    annotator: User, annotator_client: Client
) -> None:
    batch = make_batch(make_trajectory(), make_trajectory())
    assignment = claim_next(annotator, batch)
    page = page_of(annotator_client.get(HOME))
    assert [a.get("href") for a in page.select("td a")] == [
        reverse("annotator:workspace", args=[assignment.pk]),
        reverse("annotator:time", args=[assignment.pk]),
        batch_url(batch),
    ]
    [form] = page.select("td form")
    assert form.get("action") == batch_url(batch, "claim")


def test_requested_changes_come_first(annotator: User, annotator_client: Client) -> None:
    for state in ("approved", "active", "changes_requested", "submitted"):
        make_assignment(annotator, state=state)
    page = page_of(annotator_client.get(HOME))
    states = page.texts(".table td:last-child .chip")
    assert [state.lower() for state in states][:3] == [
        "changes requested", "in progress", "submitted",
    ]  # fmt: skip


def test_a_full_batch_offers_nothing(
    other_annotator: User, annotator_client: Client, batch: Batch
) -> None:
    claim_next(other_annotator, batch)
    page = page_of(annotator_client.get(HOME))
    assert not page.select("td form") and "nothing free" in page.text("table")


def test_a_reviewer_is_sent_to_the_queue(reviewer_client: Client) -> None:
    response = reviewer_client.get(HOME)
    assert (response.status_code, response.headers["Location"]) == (302, reverse("reviews:queue"))


def test_an_admin_sees_how_far_each_batch_is(
    annotator: User, other_annotator: User, admin_client: Client
) -> None:
    batch = make_batch(make_trajectory(), make_trajectory(), make_trajectory())
    claim_next(annotator, batch)
    claim_next(other_annotator, batch).submit(other_annotator)
    page = page_of(admin_client.get(HOME))
    # tasks, trajectories, free, in progress, submitted, changes requested, approved
    assert page.texts("tbody td.number") == ["3", "3", "1", "1", "1", "0", "0"]


def test_without_batches_the_page_says_what_to_do(
    annotator_client: Client, admin_client: Client
) -> None:
    assert "no batch yet" in page_of(annotator_client.get(HOME)).text("main")
    assert page_of(admin_client.get(HOME)).select('.empty a[href*="load"]')


@pytest.mark.parametrize("path", [HOME, "/batches/"])
def test_the_number_of_queries_does_not_grow_with_the_batches(
    annotator: User, annotator_client: Client, path: str
) -> None:
    def more() -> int:
        for _ in range(3):
            claim_next(annotator, make_batch(make_trajectory(), make_trajectory()))
        return queries_of(lambda: annotator_client.get(path))

    assert more() == more()


# --- one batch ------------------------------------------------------------------------------------


def test_the_guideline_is_rendered_and_cleaned(annotator_client: Client, batch: Batch) -> None:
    policy = policy_of(batch)
    policy.guideline = "Cite **lines**.\n\n<script>alert(1)</script>"
    policy.save()
    page = page_of(annotator_client.get(batch_url(batch)))
    [guideline] = page.select("[aria-label=Guideline]")
    assert guideline.cssselect("strong") and not guideline.cssselect("script")


def test_an_admin_sees_who_holds_what(annotator: User, admin_client: Client, batch: Batch) -> None:
    assignment = claim_next(annotator, batch)
    page = page_of(admin_client.get(batch_url(batch)))
    [link] = page.select(f'a[href="{reverse("annotator:workspace", args=[assignment.pk])}"]')
    assert link.text_content() == str(annotator)


def test_the_queries_of_a_batch_page_do_not_grow_with_its_trajectories(
    admin_client: Client, annotator: User, batch: Batch
) -> None:
    policy_of(batch)

    def more() -> int:
        for _ in range(3):
            make_assignment(annotator, batch, make_trajectory())
        return queries_of(lambda: admin_client.get(batch_url(batch)))

    assert more() == more()


def test_the_policy_is_changed_by_an_admin(admin_client: Client, batch: Batch) -> None:
    data = {"overlap": 2, "blind_first": "on", "due_on": "2027-01-31", "guideline": "Cite."}
    response = admin_client.post(batch_url(batch, "policy"), data)
    assert response.status_code == 302
    policy = BatchPolicy.objects.get(batch=batch)
    assert (policy.overlap, policy.blind_first, str(policy.due_on)) == (2, True, "2027-01-31")


@pytest.mark.parametrize("overlap", ["0", "11", "x", ""])
def test_a_bad_policy_is_shown_again_with_the_reason(
    admin_client: Client, batch: Batch, overlap: str
) -> None:
    data = {"overlap": overlap, "guideline": "typed"}
    response = admin_client.post(batch_url(batch, "policy"), data)
    assert response.status_code == 422
    assert b"typed" in response.content
    assert policy_of(batch).overlap == 1


# --- claiming and releasing -----------------------------------------------------------------------


def test_claiming_leads_to_the_workspace(annotator_client: Client, batch: Batch) -> None:
    response = annotator_client.post(batch_url(batch, "claim"))
    assignment = Assignment.objects.get()
    assert response.headers["Location"] == reverse("annotator:workspace", args=[assignment.pk])


def test_claiming_of_a_full_batch_says_so(
    other_annotator: User, annotator_client: Client, batch: Batch
) -> None:
    claim_next(other_annotator, batch)
    response = annotator_client.post(batch_url(batch, "claim"), follow=True)
    assert b"is taken" in response.content


def test_releasing_leads_home_and_is_said(annotator_client: Client, assignment: Assignment) -> None:
    url = reverse("annotator:release", args=[assignment.pk])
    response = annotator_client.post(url, follow=True)
    assert b"free for others again" in response.content
    assignment.refresh_from_db()
    assert assignment.state == "released"


def test_releasing_what_is_handed_in_is_refused(
    annotator: User, annotator_client: Client, assignment: Assignment
) -> None:
    assignment.submit(annotator)
    url = reverse("annotator:release", args=[assignment.pk])
    assert b"This assignment is submitted." in annotator_client.post(url, follow=True).content
