from __future__ import annotations

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from lxml import html

from accounts.models import User
from annotator.models import Assignment
from reviews.services.reviewing import publish_review
from reviews.services.threads import open_thread
from tests.reviews.factories import ANSWERS, make_assignment, make_submission, submit

QUEUE = reverse("reviews:queue")


def hrefs(client: Client, section: str = "waiting-title", **query: str) -> list[str]:
    page = html.fromstring(client.get(QUEUE, query).content)
    return [
        link.get("href", "")
        for link in page.cssselect(f"section[aria-labelledby={section}] tbody td:first-child a")
    ]


def address(pk: int) -> str:
    return reverse("reviews:submission", args=[pk])


def test_oldest_submission_comes_first(
    annotator: User, other_annotator: User, reviewer_client: Client
) -> None:
    first, second = make_submission(annotator), make_submission(other_annotator)
    assert hrefs(reviewer_client) == [address(first.pk), address(second.pk)]


def test_only_the_latest_submission_of_an_annotation_waits(
    annotator: User, reviewer: User, reviewer_client: Client
) -> None:
    first = make_submission(annotator)
    publish_review(reviewer, first, verdict="request_changes", summary="More.", scores=ANSWERS)
    assert hrefs(reviewer_client) == []
    second = submit(Assignment.objects.get(annotation=first.annotation))
    assert hrefs(reviewer_client) == [address(second.pk)]
    assert hrefs(reviewer_client, "lately-title") == [address(first.pk)]


def test_draft_is_not_in_the_queue(annotator: User, reviewer_client: Client) -> None:
    make_assignment(annotator)
    assert hrefs(reviewer_client) == []


def test_nobody_finds_own_work_in_the_queue(admin_user: User, admin_client: Client) -> None:
    make_submission(admin_user)
    assert hrefs(admin_client) == []


def test_batch_filter_leaves_other_batches_out(
    annotator: User, other_annotator: User, reviewer_client: Client
) -> None:
    wanted = make_submission(annotator)
    make_submission(other_annotator)
    slug = wanted.annotation.assignment.membership.batch.slug
    assert hrefs(reviewer_client, batch=slug) == [address(wanted.pk)]


def test_unknown_batch_in_the_filter_shows_all(annotator: User, reviewer_client: Client) -> None:
    submission = make_submission(annotator)
    assert hrefs(reviewer_client, batch="nope") == [address(submission.pk)]


def test_row_counts_open_threads(annotator: User, reviewer: User, reviewer_client: Client) -> None:
    submission = make_submission(annotator)
    open_thread(reviewer, submission, body="Why?")
    open_thread(reviewer, submission, body="How?", is_blocking=False)
    page = html.fromstring(reviewer_client.get(QUEUE).content)
    assert [chip.text_content() for chip in page.cssselect("#queue tbody .chip--warn")] == ["2"]


def test_htmx_gets_the_lists_alone(annotator: User, reviewer_client: Client) -> None:
    make_submission(annotator)
    response = reviewer_client.get(QUEUE, headers={"HX-Request": "true"})
    assert b"<html" not in response.content
    assert b'id="queue"' in response.content
    assert "HX-Request" in response.headers["Vary"]


def test_empty_queue_says_what_will_be_there(reviewer_client: Client) -> None:
    assert b"Nothing waits for you" in reviewer_client.get(QUEUE).content


def test_annotator_is_refused(annotator_client: Client) -> None:
    assert annotator_client.get(QUEUE).status_code == 403


def test_stranger_is_sent_to_sign_in(db: None) -> None:
    assert Client().get(QUEUE).status_code == 302


def test_queue_takes_the_same_queries_for_twice_the_rows(
    annotator: User, reviewer: User, reviewer_client: Client
) -> None:
    def count() -> int:
        submission = make_submission(annotator)
        open_thread(reviewer, submission, body="Why?")
        done = make_submission(annotator)
        publish_review(reviewer, done, verdict="approve", summary="", scores=ANSWERS)
        with CaptureQueriesContext(connection) as queries:
            reviewer_client.get(QUEUE)
        return len(queries)

    assert count() == count()
