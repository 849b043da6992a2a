from __future__ import annotations

import uuid

import pytest
from django.test import Client
from django.urls import reverse
from lxml import html

from accounts.models import Event, User
from annotator.models import Submission
from reviews.errors import NotReviewable
from reviews.models import Comment, Thread
from reviews.notes import notes_for
from reviews.services.reviewing import publish_review
from reviews.services.rubrics import DEFAULT_QUESTIONS
from reviews.services.threads import open_thread, reply, set_resolved
from tests.reviews.factories import ANSWERS, make_submission

HTMX = {"HX-Request": "true"}


@pytest.fixture
def submission(annotator: User) -> Submission:
    return make_submission(annotator)


@pytest.fixture
def thread(submission: Submission, reviewer: User) -> Thread:
    return open_thread(reviewer, submission, body="Why?")


def uid_of(submission: Submission) -> str:
    uid: str = submission.content["reasoning_steps"][0]["uid"]
    return uid


def open_url(submission: Submission) -> str:
    return reverse("reviews:open-thread", args=[submission.pk])


def url(name: str, thread: Thread) -> str:
    return reverse(f"reviews:{name}", args=[thread.pk])


def test_comment_on_a_step_is_blocking_as_the_form_says(
    submission: Submission, reviewer_client: Client
) -> None:
    data = {"body": "Which line?", "reasoning_step_uid": uid_of(submission), "is_blocking": "on"}
    response = reviewer_client.post(open_url(submission), data)
    assert response.headers["Location"].endswith(f"#threads-{uid_of(submission)}")
    thread = Thread.objects.get()
    assert (str(thread.reasoning_step_uid), thread.is_blocking) == (uid_of(submission), True)
    assert Event.objects.filter(verb="thread opened", object_id=str(thread.pk)).exists()


def test_page_offers_blocking_by_default(submission: Submission, reviewer_client: Client) -> None:
    address = reverse("reviews:submission", args=[submission.pk])
    page = html.fromstring(reviewer_client.get(address).content)
    assert all(box.checked for box in page.cssselect("input[name=is_blocking]"))


def test_comment_on_a_citation(submission: Submission, reviewer_client: Client) -> None:
    citation = submission.content["reasoning_steps"][0]["citations"][0]
    data = {
        "body": "Wrong line",
        "reasoning_step_uid": uid_of(submission),
        "citation_uid": citation["uid"],
    }
    response = reviewer_client.post(open_url(submission), data, headers=HTMX)
    page = html.fromstring(response.content)
    assert "pkg/core.py:2" in page.cssselect(".thread header")[0].text_content()
    assert str(Thread.objects.get().citation_uid) == citation["uid"]


def test_htmx_comment_renews_the_threads_and_what_blocks(
    submission: Submission, reviewer_client: Client
) -> None:
    response = reviewer_client.post(
        open_url(submission), {"body": "Why?", "is_blocking": "on"}, headers=HTMX
    )
    page = html.fragment_fromstring(response.content.decode(), create_parent=True)
    assert page.cssselect("#threads-whole .thread--blocking")
    [blockers] = page.cssselect("#blockers[hx-swap-oob]")
    assert "1 blocking" in blockers.text_content()


@pytest.mark.parametrize("is_htmx", [True, False])
def test_empty_comment_is_refused_with_a_sentence(
    submission: Submission, reviewer_client: Client, is_htmx: bool
) -> None:
    headers = HTMX if is_htmx else {}
    response = reviewer_client.post(open_url(submission), {"body": " "}, headers=headers)
    assert response.status_code == 422
    assert b"Write the comment first" in response.content


def test_refused_comment_keeps_its_text(submission: Submission, reviewer_client: Client) -> None:
    data = {"body": "My words", "reasoning_step_uid": str(uuid.uuid4())}
    response = reviewer_client.post(open_url(submission), data)
    assert response.status_code == 422
    assert b"holds no such reasoning step" in response.content
    assert not Thread.objects.exists()


def test_nobody_opens_a_thread_on_own_work(admin_user: User, admin_client: Client) -> None:
    own = make_submission(admin_user)
    assert admin_client.post(open_url(own), {"body": "Nice"}).status_code == 422
    assert not Thread.objects.exists()


def test_annotator_cannot_open_a_thread(submission: Submission, annotator_client: Client) -> None:
    assert annotator_client.post(open_url(submission), {"body": "x"}).status_code == 403


def test_annotator_replies_from_the_workspace(thread: Thread, annotator_client: Client) -> None:
    response = annotator_client.post(url("reply", thread), {"body": "Line 2."}, headers=HTMX)
    assert response.status_code == 204
    assert "notes-changed" in response.headers["HX-Trigger"]
    assert thread.comments.count() == 2


def test_empty_reply_from_the_workspace_is_a_sentence(
    thread: Thread, annotator_client: Client
) -> None:
    response = annotator_client.post(url("reply", thread), {"body": ""}, headers=HTMX)
    assert (response.status_code, response.headers["Content-Type"]) == (400, "text/plain")


def test_other_annotator_does_not_find_the_thread(
    thread: Thread, other_annotator_client: Client
) -> None:
    for name in ("reply", "resolve", "reopen"):
        status = other_annotator_client.post(url(name, thread), {"body": "x"}).status_code
        assert status == (404 if name == "reply" else 403)
    assert Comment.objects.count() == 1


def test_annotator_cannot_resolve(thread: Thread, annotator_client: Client) -> None:
    assert annotator_client.post(url("resolve", thread)).status_code == 403
    thread.refresh_from_db()
    assert thread.resolved_at is None


def test_admin_cannot_resolve_threads_about_own_work(
    admin_user: User, reviewer: User, admin_client: Client
) -> None:
    thread = open_thread(reviewer, make_submission(admin_user), body="Why?")
    assert admin_client.post(url("resolve", thread)).status_code == 422
    with pytest.raises(NotReviewable):
        set_resolved(admin_user, thread, True)


def test_reviewer_replies_on_the_page(thread: Thread, reviewer_client: Client) -> None:
    data = {"body": "And this?", "submission": thread.submission_id}
    response = reviewer_client.post(url("reply", thread), data, headers=HTMX)
    page = html.fragment_fromstring(response.content.decode(), create_parent=True)
    assert len(page.cssselect(f"#thread-{thread.pk} .comment")) == 2


def test_resolve_and_reopen(thread: Thread, reviewer: User, reviewer_client: Client) -> None:
    response = reviewer_client.post(url("resolve", thread), headers=HTMX)
    assert b"resolved by rosa" in response.content
    assert b"1 blocking" not in response.content
    response = reviewer_client.post(url("reopen", thread), headers=HTMX)
    assert b"1 blocking" in response.content
    verbs = Event.objects.filter(object_id=str(thread.pk), actor=reviewer, verb__contains="re")
    assert set(verbs.values_list("verb", flat=True)) >= {"thread resolved", "thread reopened"}


def test_resolving_twice_writes_one_event(thread: Thread, reviewer: User) -> None:
    set_resolved(reviewer, thread, True)
    set_resolved(reviewer, thread, True)
    assert Event.objects.filter(verb="thread resolved").count() == 1


def test_nothing_reopens_after_an_approval_but_replies_go_on(
    thread: Thread, submission: Submission, reviewer: User, annotator: User
) -> None:
    set_resolved(reviewer, thread, True)
    publish_review(reviewer, submission, verdict="approve", summary="", scores=ANSWERS)
    with pytest.raises(NotReviewable, match="approved"):
        set_resolved(reviewer, thread, False)
    with pytest.raises(NotReviewable, match="approved"):
        open_thread(reviewer, submission, body="One more")
    reply(annotator, thread, body="Thanks")


def test_notes_carry_the_threads_to_the_workspace(thread: Thread, annotator: User) -> None:
    reply(annotator, thread, body="Because.")
    [note] = notes_for(thread.annotation)
    assert [entry.body for entry in note.entries] == ["Why?", "Because."]
    assert (note.is_blocking, note.is_resolved, note.resolve_url) == (True, False, "")
    assert note.reply_url == url("reply", thread)


def test_thread_addresses_take_no_get(thread: Thread, reviewer_client: Client) -> None:
    for name in ("reply", "resolve", "reopen"):
        assert reviewer_client.get(url(name, thread)).status_code == 405


def test_notes_begin_with_the_review_and_what_was_answered_no(
    thread: Thread, submission: Submission, reviewer: User
) -> None:
    scores = {**ANSWERS, "c1": False}
    publish_review(
        reviewer, submission, verdict="request_changes", summary="Cite *more*.", scores=scores
    )
    review, _thread = notes_for(thread.annotation)
    [entry] = review.entries
    assert entry.author == "rosa"
    assert "Changes requested" in entry.body and "Cite *more*." in entry.body
    assert DEFAULT_QUESTIONS[0] in entry.body and DEFAULT_QUESTIONS[1] not in entry.body
    assert (review.is_blocking, review.is_resolved, review.reply_url) == (True, False, "")


def test_plain_reply_goes_back_to_the_workspace(thread: Thread, annotator_client: Client) -> None:
    response = annotator_client.post(url("reply", thread), {"body": "Line 2."})
    workspace = reverse("annotator:workspace", args=[thread.annotation.assignment_id])
    assert response.headers["Location"] == f"{workspace}#thread-{thread.pk}"
