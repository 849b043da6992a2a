"""What the review page shows of a submission of version 3."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from lxml.html import HtmlElement

from accounts.models import User
from annotator.models import CheckReport, Submission
from annotator.submissions import schema_violations
from reviews.services.threads import open_thread
from tests.reviews.factories import make_submission
from tests.reviews.test_submission_page import get, next_submission, text
from tests.reviews.whole import judged, overview, whole_content, whole_step


@pytest.fixture
def submission(annotator: User) -> Submission:
    return make_submission(annotator, content=whole_content())


@pytest.fixture
def page(submission: Submission, reviewer_client: Client) -> HtmlElement:
    return get(reviewer_client, submission)


def fields_of(page: HtmlElement, name: str) -> dict[str, str]:
    """Return label to value of the card whose head begins with `name`."""
    cards = page.cssselect(".review-card")
    [card] = [
        card
        for card in cards
        if text(card, "header")[:1] and text(card, "header")[0].startswith(name)
    ]
    labels = text(card, ".read-fields dt")
    return dict(zip(labels, text(card, ".read-fields dd"), strict=True))


def finding(**fields: Any) -> dict[str, Any]:
    return {
        "check": "citation-resolves",
        "severity": "warn",
        "message": "R1 cites a line that is not there.",
        "place": "//",
        "is_waivable": True,
        "offer": "",
        **fields,
    }


def test_the_contents_of_these_tests_fit_the_schema(submission: Submission) -> None:
    assert schema_violations(submission.content) == []


def test_the_overview_stands_on_top(page: HtmlElement) -> None:
    shown = fields_of(page, "Overview")
    assert shown["Kind of task"] == "Bug fix"
    assert shown["Difficulty"] == "under 15 minutes"
    assert shown["Explains"] == "the gold patch"
    assert shown["Exit"].startswith("Error found")
    assert shown["Why it ended so"] == "The agent never ran the test."
    assert shown["Are the tests fair?"].endswith("They ask for a name.")
    assert text(page, "#overview .prose strong") == ["body"]


def test_the_root_cause_stands_beside_the_first_diagnosis(page: HtmlElement) -> None:
    cause, diagnosis = page.cssselect(".review-cause .card")
    assert text(cause, "h3") == ["add() subtracts"]
    assert text(cause, ".review-quote") == ["return a - b"]
    assert text(diagnosis, ".prose") == ["The sign is wrong."]
    assert "2026-11-23 07:01 UTC" in text(diagnosis, "p")[0]


def test_each_kind_shows_its_fields(page: HtmlElement) -> None:
    assert fields_of(page, "R2")["How it ended"] == "confirmed by R3 Called with 2 and 3"
    assert fields_of(page, "R2")["Supports"] == "the root cause"
    assert fields_of(page, "R3")["Stands on"] == "what the trajectory did"
    assert fields_of(page, "R4")["Question"] == "Operator or operand?"
    assert fields_of(page, "R5") == {
        "Hunks": "pkg/core.py −1,2 +1,2",
        "What else had to change": "Nothing.",
        "Answers": "R4 Change the operator",
    }
    assert fields_of(page, "R6")["What they do not show"] == "Overflow."
    assert fields_of(page, "R7")["Could be seen from step"] == "step 2"


def test_options_show_who_considered_them_and_their_evidence(page: HtmlElement) -> None:
    chosen, other = page.cssselect(".read-options tr")
    assert "considered by both" in text(chosen, "th")[0]
    [evidence] = chosen.cssselect("a")
    assert evidence.text == "[1]" and evidence.get("hx-target") == "#right-pane"
    assert "considered by neither" in text(other, "th")[0]


def test_hunks_tests_and_steps_open_in_the_evidence(page: HtmlElement) -> None:
    for query in ("right=gold&file=pkg%2Fcore.py&at=n1", "right=tests&test=", "left=step&step=2"):
        assert page.cssselect(f'.read-fields a[href*="{query}"]')


def test_missteps_name_kind_and_remedy_and_decisive_steps_are_marked(page: HtmlElement) -> None:
    first, second = text(page, "#judgements tbody tr")[:2]
    assert first == "1 Productive"
    assert second == "2 Misstep Overreach decisive should have Stop."


def test_the_chain_is_drawn_with_links_to_its_steps(
    page: HtmlElement, submission: Submission
) -> None:
    targets = [a.get("href") for a in page.cssselect("a.graph-step")]
    assert len(targets) == 8
    assert all(page.cssselect(target) for target in targets)
    assert "R2 supports Cause" in text(page, "#graph-desc")[0]


def test_waivers_are_shown_with_their_reason_before_the_checks_ran(page: HtmlElement) -> None:
    assert "Only white space." in text(page, ".review-finding--waived")[0]
    [card] = page.cssselect("#findings[hx-get]")
    assert "have not reported yet" in text(card, "p")[0]


def test_findings_name_message_check_and_place(
    submission: Submission, reviewer_client: Client
) -> None:
    step = submission.content["reasoning_steps"][0]["uid"]
    waived = finding(check="hunk-explained", place="//gold:x", reason="Only white space.")
    found = [finding(place=f"{step}/citations/x"), finding(severity="inform")]
    CheckReport.objects.create(
        submission=submission, findings=found, waived=[waived], checked=["citation-resolves"]
    )
    url = reverse("reviews:findings", args=[submission.pk])
    assert b"hx-get" not in reviewer_client.get(url).content.split(b">")[0]
    page = get(reviewer_client, submission)
    assert text(page, "#findings .chip") == ["1 warning", "1 to look at", "1 waived"]
    [warned] = page.cssselect(".review-finding--warn")
    assert "R1 cites a line" in text(warned, "p")[0]
    assert warned.cssselect("a")[0].get("href") == f"#reasoning-{step}"
    [let_stand] = page.cssselect(".review-finding--waived")
    assert "Reason: Only white space." in text(let_stand, "p")


def test_checks_that_could_not_be_run_say_why(
    submission: Submission, reviewer_client: Client
) -> None:
    CheckReport.objects.create(submission=submission, failure="no mirror")
    assert text(get(reviewer_client, submission), "#findings .notice") == [
        "Could not be checked: no mirror"
    ]


def test_the_root_cause_can_be_commented_on(
    submission: Submission, reviewer: User, reviewer_client: Client
) -> None:
    uid = submission.content["root_cause"]["uid"]
    open_thread(reviewer, submission, body="Which line?", reasoning_step_uid=uid)
    page = get(reviewer_client, submission)
    assert text(page, f"#threads-{uid} .comment .prose") == ["Which line?"]
    assert "the root cause" in text(page, "#decide")[0]


def test_what_changed_since_the_review_is_told_for_every_part(
    submission: Submission, reviewer: User, reviewer_client: Client
) -> None:
    after = copy.deepcopy(submission.content)
    after["overview"] = overview(exit="solved", strategy="Read the **tests** first.")
    after["root_cause"]["claim"] = "add() subtracts b"
    after["judgements"][0] = judged(1, "neutral")
    after["waivers"] = []
    after["reasoning_steps"][4]["details"]["hunks"] = []
    page = get(reviewer_client, next_submission(reviewer, submission, after))
    assert text(page, "#overview .review-changes summary") == ["What changed: exit, strategy"]
    assert text(page, "#overview ins")[-1] == "tests"
    assert text(page, ".review-cause .review-step-head .chip") == ["changed"]
    assert text(page, "#judgements .word-diff ins") == ["neutral"]
    assert "waiver of hunk-explained" in " ".join(text(page, ".review-changes summary"))
    assert "pkg/core.py −1,2 +1,2" in text(page, ".review-step .word-diff del")[0]


def test_a_first_submission_of_version_2_is_compared_with_one_of_version_3(
    annotator: User, reviewer: User, reviewer_client: Client
) -> None:
    first = make_submission(annotator)
    page = get(reviewer_client, next_submission(reviewer, first, whole_content()))
    assert text(page, ".review-cause .review-step-head .chip") == ["new"]
    assert text(page, ".review-step--removed h3") == ["add() subtracts its second argument"]
    assert not page.cssselect(".review-step--removed .read-fields")


def test_a_submission_of_version_1_is_shown_as_before(
    annotator: User, reviewer_client: Client
) -> None:
    page = get(reviewer_client, make_submission(annotator))
    assert not page.cssselect("#overview, #graph, .read-fields")
    assert text(page, ".review-step h3") == ["add() subtracts its second argument"]


def test_a_step_that_much_is_written_about_names_the_first(
    annotator: User, reviewer_client: Client
) -> None:
    content = whole_content()
    for step in content["reasoning_steps"]:
        step["covers"] = [1]
    page = get(reviewer_client, make_submission(annotator, content=content))
    assert text(page, "li[data-step='1'] [data-mark]") == ["R1 R2 +5"]


def test_hostile_texts_stay_texts(annotator: User, reviewer_client: Client) -> None:
    content = whole_content(
        overview=overview(strategy="<script>1</script>", exit_reason="<b>x</b>")
    )
    content["reasoning_steps"].append(
        whole_step(
            "dead_end", "<i>", details={"visible_from": 9999, "cost_steps": None, "instead": "<u>"}
        )
    )
    page = get(reviewer_client, make_submission(annotator, content=content))
    assert not page.cssselect(".review-column script, .review-column u, .read-fields b")


def test_it_takes_the_same_queries_for_twice_the_steps_and_findings(
    annotator: User, reviewer_client: Client
) -> None:
    def count(n: int) -> int:
        content = whole_content()
        content["reasoning_steps"] = [
            step for _ in range(n) for step in whole_content()["reasoning_steps"]
        ]
        submission = make_submission(annotator, content=content)
        CheckReport.objects.create(submission=submission, findings=[finding()] * n)
        get(reviewer_client, submission)
        with CaptureQueriesContext(connection) as queries:
            get(reviewer_client, submission)
        return len(queries)

    assert count(2) == count(4)


@pytest.mark.parametrize(
    ("place", "name", "leads_to"),
    [
        ("/hunks/gold:pkg/core.py:-1,2+1,2", "pkg/core.py −1,2 +1,2", "right=gold&file="),
        ("/hunks/nonsense", "nonsense", None),
        (
            "/tests/tests/test_core.py::test_add",
            "tests/test_core.py::test_add",
            "right=tests&test=",
        ),
        ("/judgements/2", "step 2", "#judgements"),
        ("/first_diagnosis/", "the first diagnosis", "#diagnosis"),
        ("/exit_reason/", "exit reason", "#overview"),
        ("/root_cause/", "the root cause", None),
        ("/steps/", "the chain", None),
        ("//", "the whole", None),
        ("11111111-1111-1111-1111-111111111111/claim/", "a step that is gone", None),
    ],
)
def test_a_finding_leads_to_its_place(
    submission: Submission, reviewer_client: Client, place: str, name: str, leads_to: str | None
) -> None:
    CheckReport.objects.create(submission=submission, findings=[finding(place=place)])
    [row] = get(reviewer_client, submission).cssselect(".review-finding--warn")
    assert text(row, "p")[1].endswith(f"· {name}")
    links = [link.get("href") for link in row.cssselect("a")]
    assert len(links) == (leads_to is not None)
    assert not leads_to or leads_to in links[0]
