from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from lxml import html
from lxml.html import HtmlElement

from accounts.models import User
from annotator.models import Assignment, Submission
from reviews.models import Review
from reviews.services.reviewing import publish_review
from reviews.services.threads import open_thread
from tests.reviews.factories import (
    ANSWERS,
    make_content,
    make_submission,
    step_content,
    submit,
)
from tests.reviews.runs import make_run
from trajectories.access import Sight, sight_of


@pytest.fixture
def submission(annotator: User) -> Submission:
    return make_submission(annotator)


def get(client: Client, submission: Submission) -> HtmlElement:
    response = client.get(reverse("reviews:submission", args=[submission.pk]))
    assert response.status_code == 200
    return html.fromstring(response.content)


def text(page: HtmlElement, selector: str) -> list[str]:
    return [" ".join(found.text_content().split()) for found in page.cssselect(selector)]


def answers(verdict: str = "approve", summary: str = "") -> dict[str, str]:
    scores = {f"score-{key}": "yes" for key in ANSWERS}
    return {"verdict": verdict, "summary": summary, **scores}


def next_submission(reviewer: User, first: Submission, content: dict[str, object]) -> Submission:
    publish_review(reviewer, first, verdict="request_changes", summary="More.", scores=ANSWERS)
    return submit(Assignment.objects.get(annotation=first.annotation), content)


def test_page_shows_the_frozen_steps_beside_the_evidence(
    submission: Submission, reviewer_client: Client
) -> None:
    page = get(reviewer_client, submission)
    assert text(page, ".review-step h3") == ["add() subtracts its second argument"]
    assert text(page, ".review-quote") == ["return a - b"]
    assert page.cssselect("#outline") and page.cssselect("#left-pane")


def test_opening_a_submission_opens_its_evidence(
    submission: Submission, reviewer: User, reviewer_client: Client
) -> None:
    trajectory = submission.annotation.assignment.membership.trajectory
    assert sight_of(reviewer, trajectory) == Sight(False, False)
    get(reviewer_client, submission)
    assert sight_of(reviewer, trajectory) == Sight(True, True)


def test_hostile_markdown_is_cleaned(annotator: User, reviewer_client: Client) -> None:
    step = step_content(claim="<b>x</b>", rationale="<script>alert(1)</script>\n\n*hi*")
    page = get(reviewer_client, make_submission(annotator, content=make_content(step)))
    [article] = page.cssselect(".review-step")
    assert not article.cssselect("script")
    assert text(article, "h3") == ["<b>x</b>"]
    assert text(article, ".prose em") == ["hi"]


def test_annotator_is_refused(submission: Submission, annotator_client: Client) -> None:
    url = reverse("reviews:submission", args=[submission.pk])
    assert annotator_client.get(url).status_code == 403


def test_reviewer_does_not_find_own_submission(reviewer: User, reviewer_client: Client) -> None:
    own = make_submission(reviewer)
    url = reverse("reviews:submission", args=[own.pk])
    assert reviewer_client.get(url).status_code == 404
    publish = reverse("reviews:publish", args=[own.pk])
    assert reviewer_client.post(publish, answers()).status_code == 404


def test_admin_reads_own_submission_without_a_form(admin_user: User, admin_client: Client) -> None:
    own = make_submission(admin_user)
    page = get(admin_client, own)
    assert not page.cssselect("#decide form")
    assert "You wrote this" in text(page, "#decide")[0]
    url = reverse("reviews:publish", args=[own.pk])
    assert admin_client.post(url, answers()).status_code == 409
    assert not Review.objects.exists()


def test_unknown_submission_is_not_found(reviewer_client: Client) -> None:
    assert reviewer_client.get(reverse("reviews:submission", args=[999])).status_code == 404


def test_older_submission_is_readable_and_names_the_newer(
    submission: Submission, reviewer: User, reviewer_client: Client
) -> None:
    newer = next_submission(reviewer, submission, make_content())
    page = get(reviewer_client, submission)
    [notice] = page.cssselect(".review-notice:not(ul).notice--warn")
    assert notice.cssselect("a")[0].get("href") == reverse("reviews:submission", args=[newer.pk])
    assert text(page, ".review-step h3")
    assert not page.cssselect("#decide form, .comment-form form[action$='/threads/']")


def test_changes_since_the_reviewed_submission_are_marked(
    annotator: User, reviewer: User, reviewer_client: Client
) -> None:
    kept, changed, removed = step_content(), step_content(claim="It adds"), step_content()
    first = make_submission(annotator, content=make_content(kept, changed, removed))
    after = make_content(kept, {**changed, "claim": "It subtracts"}, step_content())
    page = get(reviewer_client, next_submission(reviewer, first, after))
    marks = text(page, ".review-step-head .chip")
    assert marks == ["changed", "new", "removed"]
    assert text(page, ".word-diff del") == ["adds"]
    assert text(page, ".word-diff ins") == ["subtracts"]


def test_earlier_threads_stay_visible_even_on_removed_steps(
    submission: Submission, reviewer: User, reviewer_client: Client
) -> None:
    [step] = submission.content["reasoning_steps"]
    open_thread(reviewer, submission, body="Why *this*?", reasoning_step_uid=step["uid"])
    newer = next_submission(reviewer, submission, make_content(step_content()))
    page = get(reviewer_client, newer)
    assert text(page, ".review-step--removed .comment em") == ["this"]
    assert "opened on submission 1" in text(page, ".thread > header")[0]


def test_publishing_goes_back_to_the_submission_with_its_review(
    submission: Submission, reviewer_client: Client
) -> None:
    url = reverse("reviews:publish", args=[submission.pk])
    response = reviewer_client.post(url, answers(summary="Well *cited*."), follow=True)
    page = html.fromstring(response.content)
    assert text(page, "#decide .chip--good") == ["✓ approved"]
    assert text(page, "#decide .prose em") == ["cited"]
    assert len(text(page, ".answers li")) == len(ANSWERS)


def test_htmx_publishing_redirects_the_browser(
    submission: Submission, reviewer_client: Client
) -> None:
    url = reverse("reviews:publish", args=[submission.pk])
    response = reviewer_client.post(url, answers(), headers={"HX-Request": "true"})
    assert response.headers["HX-Redirect"] == reverse("reviews:submission", args=[submission.pk])


@pytest.mark.parametrize("verdict", ["request_changes", "reject"])
@pytest.mark.parametrize("is_htmx", [True, False])
def test_verdict_that_asks_for_something_needs_a_summary_and_keeps_the_answers(
    submission: Submission, reviewer_client: Client, verdict: str, is_htmx: bool
) -> None:
    url = reverse("reviews:publish", args=[submission.pk])
    headers = {"HX-Request": "true"} if is_htmx else {}
    response = reviewer_client.post(url, answers(verdict), headers=headers)
    assert response.status_code == 422
    page = html.fromstring(response.content)
    assert "Say what has to change" in text(page, "#decide .errors")[0]
    assert len(page.cssselect("#decide input[value=yes][checked]")) == len(ANSWERS)
    assert not Review.objects.exists()


def test_rubric_must_be_answered(submission: Submission, reviewer_client: Client) -> None:
    url = reverse("reviews:publish", args=[submission.pk])
    data = answers(summary="My words")
    del data["score-c2"]
    response = reviewer_client.post(url, data)
    page = html.fromstring(response.content)
    assert response.status_code == 422
    assert text(page, "#decide .errors") == ["Answer yes or no."]
    assert text(page, "#decide textarea") == ["My words"]


def test_approval_with_a_blocking_thread_names_it_and_keeps_the_text(
    submission: Submission, reviewer: User, reviewer_client: Client
) -> None:
    open_thread(reviewer, submission, body="Why?")
    url = reverse("reviews:publish", args=[submission.pk])
    response = reviewer_client.post(url, answers(summary="Fine"), headers={"HX-Request": "true"})
    page = html.fromstring(response.content)
    assert response.status_code == 422
    assert "1 blocking thread is open: the whole submission" in text(page, "#decide .notice")[0]
    assert text(page, "#decide textarea") == ["Fine"]


def test_second_reviewer_is_told_and_keeps_the_text(
    submission: Submission, reviewer: User, admin_client: Client
) -> None:
    publish_review(reviewer, submission, verdict="approve", summary="", scores=ANSWERS)
    url = reverse("reviews:publish", args=[submission.pk])
    response = admin_client.post(url, answers("reject", "No, because"))
    page = html.fromstring(response.content)
    assert response.status_code == 409
    assert "rosa published a review" in text(page, ".notice--bad")[0]
    assert text(page, "#decide textarea") == ["No, because"]


def test_get_does_not_publish(submission: Submission, reviewer_client: Client) -> None:
    assert reviewer_client.get(reverse("reviews:publish", args=[submission.pk])).status_code == 405


def test_annotator_cannot_publish(submission: Submission, annotator_client: Client) -> None:
    url = reverse("reviews:publish", args=[submission.pk])
    assert annotator_client.post(url, answers()).status_code == 403


def test_missing_and_contradicting_runs_are_named(
    submission: Submission, reviewer_client: Client
) -> None:
    trajectory = submission.annotation.assignment.membership.trajectory
    make_run(trajectory, "gold", {"tests/test_core.py::test_add": "FAILED"})
    page = get(reviewer_client, submission)
    missing, contradicting = text(page, ".review-warnings li")
    assert missing == "No finished test run of base and model."
    assert "gold: 1 still fails" in contradicting


def test_runs_as_the_task_claims_need_no_warning(
    submission: Submission, reviewer_client: Client
) -> None:
    trajectory = submission.annotation.assignment.membership.trajectory
    make_run(trajectory, "base", {"tests/test_core.py::test_add": "FAILED"})
    make_run(trajectory, "gold", {"tests/test_core.py::test_add": "PASSED"})
    make_run(trajectory, "model", {"tests/test_core.py::test_add": "FAILED"})
    assert text(get(reviewer_client, submission), ".review-warnings") == []


def test_page_takes_the_same_queries_for_twice_the_steps_and_threads(
    annotator: User, reviewer: User, reviewer_client: Client
) -> None:
    def count(n: int) -> int:
        steps = [step_content() for _ in range(n)]
        submission = make_submission(annotator, content=make_content(*steps))
        for step in steps:
            open_thread(reviewer, submission, body="Why?", reasoning_step_uid=step["uid"])
        get(reviewer_client, submission)
        with CaptureQueriesContext(connection) as queries:
            get(reviewer_client, submission)
        return len(queries)

    assert count(3) == count(6)
