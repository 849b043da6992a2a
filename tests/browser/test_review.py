"""Reviewing in a real browser: drafts, threads, the verdict, the way to the evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import connection
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from annotator.models import Submission
from reviews.models import Export
from reviews.services.exports import run_export
from tests.browser.chromium import signed_in_browser
from tests.reviews.factories import (
    citation_content,
    make_approved,
    make_content,
    make_submission,
    step_content,
)
from tests.reviews.whole import whole_content

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def submission(annotator: User) -> Submission:
    cited = citation_content(kind="observation", target={"step": 2, "index": 0}, quote="line 2")
    return make_submission(annotator, content=make_content(step_content(citations=[cited])))


@contextmanager
def signed_in_page(live_server: LiveServer, user: User, address: str) -> Iterator[Page]:
    with signed_in_browser(live_server, user) as context:
        page = context.new_page()
        page.goto(f"{live_server.url}{address}")
        yield page


@pytest.fixture
def page(live_server: LiveServer, submission: Submission, reviewer: User) -> Iterator[Page]:
    """The submission's page in Chromium, signed in as a reviewer."""
    address = f"/reviews/submissions/{submission.pk}/"
    with signed_in_page(live_server, reviewer, address) as page:
        yield page


def comment_box(page: Page) -> None:
    page.locator(".review-step .comment-form > summary").get_by_text("Comment").click()


def test_a_filtered_list_still_says_which_steps_were_judged(page: Page) -> None:
    row = page.locator("li[data-step='1']")
    expect(row.locator("[data-mark]")).to_have_text("R1")
    page.get_by_label("Filter by words").fill("reproduce_1")
    expect(page.locator("li[data-step]")).to_have_count(1)
    expect(row.locator("[data-mark]")).to_have_text("R1")
    expect(row).to_have_class(re.compile("steps-row--productive"))


def test_comment_draft_survives_a_reload_and_ends_with_the_comment(page: Page) -> None:
    comment_box(page)
    page.get_by_label("Comment", exact=True).first.fill("Which line?")
    page.reload()
    expect(page.get_by_label("Comment", exact=True).first).to_have_value("Which line?")
    page.get_by_role("button", name="Comment").first.click()
    expect(page.locator(".thread .comment")).to_contain_text("Which line?")
    expect(page.locator("#blockers")).to_contain_text("1 blocking")
    page.reload()
    comment_box(page)
    expect(page.get_by_label("Comment", exact=True).first).to_have_value("")


def test_comment_that_could_not_be_sent_is_still_there(page: Page) -> None:
    comment_box(page)
    page.get_by_label("Comment", exact=True).first.fill("Which line?")
    page.route("**/threads/", lambda route: route.abort())
    page.get_by_role("button", name="Comment").first.click()
    expect(page.locator("[data-messages] [role=alert]")).to_contain_text("cannot be reached")
    page.unroute("**/threads/")
    page.reload()
    expect(page.get_by_label("Comment", exact=True).first).to_have_value("Which line?")


def test_citation_opens_its_place_in_the_evidence(page: Page) -> None:
    page.get_by_role("link", name="show").click()
    expect(page.locator("#left-pane")).to_contain_text("Step 2")
    expect(page).to_have_url(re.compile("step=2"))


def test_thread_is_resolved_and_the_submission_approved(page: Page) -> None:
    comment_box(page)
    page.get_by_label("Comment", exact=True).first.fill("Which line?")
    page.get_by_role("button", name="Comment").first.click()
    for answer in page.get_by_role("radio", name="Yes").all():
        answer.check()
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("#decide [role=alert]")).to_contain_text("1 blocking thread is open")
    page.get_by_role("button", name="Resolve").click()
    expect(page.locator("#blockers")).not_to_contain_text("blocking")
    page.get_by_role("button", name="Approve").click()
    expect(page.locator("#decide .chip--good")).to_have_text("✓ approved")


def test_export_appears_without_a_reload(
    live_server: LiveServer, annotator: User, reviewer: User, admin_user: User
) -> None:
    batch = make_approved(annotator, reviewer).annotation.assignment.membership.batch

    def work() -> None:
        run_export(Export.objects.get().pk)
        connection.close()

    with signed_in_page(live_server, admin_user, f"/batches/{batch.slug}/export/") as page:
        page.get_by_role("button", name="Export").click()
        expect(page.locator("#exports tbody")).to_contain_text("queued")
        # Playwright's loop runs in this thread, where Django refuses to query.
        with ThreadPoolExecutor() as pool:
            pool.submit(work).result()
        expect(page.locator("#exports tbody")).to_contain_text("finished")
        with page.expect_download() as download:
            page.get_by_role("link", name="Download").click()
        assert download.value.suggested_filename.endswith(".zip")


def test_a_step_of_the_drawn_chain_leads_to_its_card(
    live_server: LiveServer, annotator: User, reviewer: User
) -> None:
    submission = make_submission(annotator, content=whole_content())
    address = f"/reviews/submissions/{submission.pk}/"
    with signed_in_page(live_server, reviewer, address) as page:
        page.get_by_text("Chain as a graph").click()
        page.get_by_label("R5, change: The operator becomes a plus").click()
        uid = submission.content["reasoning_steps"][4]["uid"]
        expect(page).to_have_url(re.compile(f"#reasoning-{uid}$"))
        card = page.locator(f"#reasoning-{uid}")
        expect(card).to_be_in_viewport()
        card.get_by_role("link", name="pkg/core.py −1,2 +1,2").click()
        expect(page.locator("#right-pane")).to_contain_text("return a + b")
