"""The matrix of tests and the pages of logs: which rows are shown, and what leads where."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from tests.factories import grant
from tests.html import Page, page_of
from tests.validation.conftest import F2P, GOLD, P2P, trajectory_with
from trajectories.code import fetch_repository
from trajectories.models import Task, Trajectory
from validation import broker
from validation.models import Outcome, Run, RunState, RunTest, TestGroup, TreeName

LOG = """\
start
____ test_halve ____

E   assert 1 == 1.5

tests/test_calc.py:11: AssertionError
=========== short test summary info ===========
PASSED tests/test_calc.py::test_add
FAILED tests/test_calc.py::test_halve - assert 1 == 1.5
"""


@pytest.fixture(autouse=True)
def _own_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "QUEUE", "runs-of-matrix-tests")
    monkeypatch.setattr(broker, "_KEY", "matrix-tests:")


@pytest.fixture
def trajectory(calc_task: Task) -> Trajectory:
    fetch_repository(calc_task.repository)
    return trajectory_with(calc_task, GOLD)


def run_of(trajectory: Trajectory, tree: TreeName, statuses: dict[str, str], **fields: Any) -> Run:
    revision = trajectory.task.current_revision
    assert revision is not None
    run = Run.objects.create(
        task_revision=revision,
        trajectory=trajectory if tree == TreeName.MODEL else None,
        tree=tree,
        **{
            "state": RunState.FINISHED,
            "outcome": Outcome.NOT_RESOLVED,
            "log": LOG,
            "finished_at": timezone.now(),
            **fields,
        },
    )
    fail_to_pass = set(revision.fail_to_pass or [])
    RunTest.objects.bulk_create(
        RunTest(
            run=run,
            test_id=test_id,
            group=TestGroup.FAIL_TO_PASS if test_id in fail_to_pass else TestGroup.PASS_TO_PASS,
            status=status,
        )
        for test_id, status in statuses.items()
    )
    return run


def with_tests(trajectory: Trajectory, n_files: int, n_tests: int) -> list[str]:
    """Give the task many PASS_TO_PASS tests, `n_tests` in each of `n_files` files."""
    ids = [f"tests/test_{f}.py::test_{n}" for f in range(n_files) for n in range(n_tests)]
    revision = trajectory.task.current_revision
    assert revision is not None
    revision.pass_to_pass = ids
    revision.save()
    return ids


def matrix_of(client: Client, trajectory: Trajectory, query: str = "") -> Page:
    return page_of(client.get(f"/trajectories/{trajectory.pk}/tests/?{query}"))


def ids_of(page: Page) -> list[str]:
    return ["".join(text.split()) for text in page.texts("tbody tr:not(.test-detail-row) > th")]


# --- an open test -----------------------------------------------------------------------------


def test_a_failing_test_shows_its_source_what_the_patch_adds_and_its_failure(
    admin_client: Client, trajectory: Trajectory
) -> None:
    run = run_of(trajectory, TreeName.BASE, {F2P: "FAILED", P2P: "PASSED"})
    page = matrix_of(admin_client, trajectory)
    assert page.text(".test-source td.code") == "    def test_halve(self):"
    assert len(page.select(".test-source tr.diff-line--added")) == 2
    source, patch = page.select(".test-source header a")
    assert source.get("href").endswith(
        "?left=files&tree=tests&path=tests%2Ftest_calc.py&line=10-11"
    )
    assert "right=test&file=tests%2Ftest_calc.py&at=n10" in patch.get("href")
    assert page.texts(".test-failure .log-line--bad") == ["E   assert 1 == 1.5"]
    [place] = page.select(".test-failure header a")
    assert place.get("href") == f"/runs/{run.pk}/?test={quote(F2P, safe='')}#wanted"


@pytest.mark.parametrize(
    ("fields", "statuses", "words"),
    [
        (None, {}, "The tests have not been run on base yet."),
        ({"state": RunState.RUNNING, "outcome": ""}, {}, "The tests are being run on base."),
        ({}, {}, "The run on base gave no result for this test."),
        ({}, {F2P: "PASSED"}, "It passes at base, which the data set denies."),
        ({"log": ""}, {F2P: "MISSING"}, "MISSING: the log of the run on base does not mention it."),
    ],
)
def test_without_a_failure_a_sentence_says_why(
    admin_client: Client,
    trajectory: Trajectory,
    fields: dict[str, Any] | None,
    statuses: dict[str, str],
    words: str,
) -> None:
    if fields is not None:
        run_of(trajectory, TreeName.BASE, statuses, **fields)
    page = matrix_of(admin_client, trajectory)
    assert page.text(".test-failure").strip().startswith(words)


def test_without_the_repository_the_page_says_so_and_stands(
    admin_client: Client, calc_task: Task
) -> None:
    page = matrix_of(admin_client, trajectory_with(calc_task, GOLD))
    assert "has not been fetched yet" in page.text(".test-source")


def test_before_the_diagnosis_the_source_is_shown_and_no_outcome(
    annotator: User, annotator_client: Client, trajectory: Trajectory
) -> None:
    for tree in TreeName:
        run_of(trajectory, tree, {F2P: "FAILED", P2P: "ERROR"}, log="secret-of-the-log")
    grant(annotator, trajectory, sees_gold=False, sees_verdicts=False)
    plain = matrix_of(annotator_client, trajectory).text("#tests")
    assert "def test_halve" in plain
    for query in ("", "outcome=failing", "outcome=changed", f"test={P2P}", "match=halve"):
        page = matrix_of(annotator_client, trajectory, query)
        text = page.text("#tests")
        assert not [word for word in ("FAILED", "ERROR", "secret", "✓ PASSED") if word in text]
        assert not page.select("[data-run], [data-key=w], a[href^='/runs/']")
    # A filter by outcome keeps nothing, whatever the outcomes are.
    assert ids_of(matrix_of(annotator_client, trajectory, "outcome=failing")) == []


def test_the_log_of_gold_is_not_linked_where_it_may_not_be_read(
    annotator: User, annotator_client: Client, trajectory: Trajectory
) -> None:
    gold = run_of(trajectory, TreeName.GOLD, {F2P: "PASSED", P2P: "PASSED"})
    grant(annotator, trajectory, sees_gold=False)
    page = matrix_of(annotator_client, trajectory)
    assert page.texts("td[data-run] .test-word") == ["PASSED", "PASSED"]
    assert not page.select(f"td a[href^='/runs/{gold.pk}/']")


# --- filters and pages --------------------------------------------------------------------------


def test_filters_keep_what_changed_what_fails_and_what_is_typed(
    admin_client: Client, trajectory: Trajectory
) -> None:
    changed, steady = with_tests(trajectory, 1, 2)
    run_of(trajectory, TreeName.BASE, {F2P: "FAILED", changed: "PASSED", steady: "PASSED"})
    run_of(trajectory, TreeName.MODEL, {F2P: "PASSED", changed: "FAILED", steady: "PASSED"})
    assert ids_of(matrix_of(admin_client, trajectory)) == [F2P, changed, steady]
    assert ids_of(matrix_of(admin_client, trajectory, "outcome=changed")) == [F2P, changed]
    # That FAIL_TO_PASS fails at base is no failure.
    assert ids_of(matrix_of(admin_client, trajectory, "outcome=failing")) == [changed]
    assert ids_of(matrix_of(admin_client, trajectory, "match=TEST_0.py")) == [changed, steady]
    assert ids_of(matrix_of(admin_client, trajectory, "outcome=nonsense&rows=x")) != []


def test_what_contradicts_the_data_set_is_marked_and_counts_as_changed(
    admin_client: Client, trajectory: Trajectory
) -> None:
    run_of(trajectory, TreeName.BASE, {F2P: "PASSED", P2P: "PASSED"})
    page = matrix_of(admin_client, trajectory, "outcome=changed")
    assert ids_of(page) == [F2P]
    assert len(page.select(".test-unclaimed")) == 1


def test_many_tests_are_folded_by_file_and_shown_a_page_at_a_time(
    admin_client: Client, trajectory: Trajectory
) -> None:
    ids = with_tests(trajectory, n_files=3, n_tests=120)
    page = matrix_of(admin_client, trajectory)
    assert ids_of(page) == [F2P, *(f"tests/test_{n}.py120" for n in range(3))]
    page = matrix_of(admin_client, trajectory, "within=tests/test_1.py")
    assert ids_of(page) == ids[120:220]
    later = matrix_of(admin_client, trajectory, "within=tests/test_1.py&rows=2")
    assert ids_of(later) == ids[220:240]
    assert (
        ids_of(matrix_of(admin_client, trajectory, "within=tests/test_1.py&rows=99"))
        == ids[220:240]
    )


@pytest.mark.parametrize(
    "more", ["", "&outcome=failing", "&match=nothing", "&within=tests/test_0.py"]
)
def test_an_address_opens_the_page_with_the_test_and_marks_it(
    admin_client: Client, trajectory: Trajectory, more: str
) -> None:
    ids = with_tests(trajectory, n_files=3, n_tests=120)
    page = matrix_of(admin_client, trajectory, f"test={ids[-1]}{more}")
    [row] = page.select("tr.is-target[data-wanted]")
    assert "".join(row.text_content().split()).startswith(ids[-1])
    assert ids[-1] in ids_of(page)
    assert len(ids_of(page)) <= 100
    assert page.select("tr.is-target + tr.test-detail-row")


def test_the_fragment_puts_what_is_open_into_the_address(
    admin_client: Client, trajectory: Trajectory
) -> None:
    headers = {
        "HX-Request": "true",
        "HX-Current-URL": f"http://testserver/trajectories/{trajectory.pk}/?left=issue",
    }
    address = f"/trajectories/{trajectory.pk}/tests/?test={P2P}"
    response = admin_client.get(address, headers=headers)
    assert response["HX-Replace-Url"] == (
        f"/trajectories/{trajectory.pk}/?left=issue&right=tests"
        "&test=tests%2Ftest_calc.py%3A%3Atest_add"
    )
    whole = page_of(admin_client.get(response["HX-Replace-Url"]))
    assert whole.select("#tests tr.is-target[data-wanted]")


def test_next_failed_goes_round(admin_client: Client, trajectory: Trajectory) -> None:
    first, passes, last = with_tests(trajectory, 3, 1)
    run_of(
        trajectory,
        TreeName.MODEL,
        {F2P: "PASSED", first: "FAILED", passes: "PASSED", last: "ERROR"},
    )
    at = {"": first, first: last, passes: last, last: first}
    for current, following in at.items():
        [link] = matrix_of(admin_client, trajectory, f"test={current}").select("[data-key=w]")
        assert link.get("hx-get").endswith(f"test={quote(following, safe='')}")


def test_a_hostile_id_is_text(admin_client: Client, trajectory: Trajectory) -> None:
    revision = trajectory.task.current_revision
    assert revision is not None
    revision.pass_to_pass = ['"><script>alert(1)</script>&test=x', "a\nb", "_"]
    revision.save()
    page = matrix_of(admin_client, trajectory, "test=%22><script>alert(1)</script>%26test=x")
    assert not page.select("script")
    assert page.select("tr.is-target")


# --- the log ------------------------------------------------------------------------------------


def test_a_status_leads_to_its_lines_in_the_log(
    admin_client: Client, trajectory: Trajectory
) -> None:
    run_of(trajectory, TreeName.BASE, {F2P: "FAILED", P2P: "PASSED"})
    [failed, passed] = matrix_of(admin_client, trajectory).select("td[data-run] a")
    page = page_of(admin_client.get(failed.get("href")))
    assert [row.get("data-line") for row in page.select("tr.is-target")] == [
        "2",
        "3",
        "4",
        "5",
        "6",
    ]
    [wanted] = page.select("tr[data-wanted]")
    assert (wanted.get("data-line"), wanted.get("id")) == ("2", "wanted")
    page = page_of(admin_client.get(passed.get("href")))
    assert page.texts("tr.is-target .code") == ["PASSED tests/test_calc.py::test_add"]


def test_an_address_of_lines_opens_a_long_log_there(
    admin_client: Client, trajectory: Trajectory
) -> None:
    log = "\n".join(f"line {n}" for n in range(1, 5_001))
    run = run_of(trajectory, TreeName.BASE, {}, log=log)
    page = page_of(admin_client.get(f"/runs/{run.pk}/?line=2500-2502"))
    assert page.texts("tr.is-target .code") == ["line 2500", "line 2501", "line 2502"]
    assert len(page.select(".run-log tr")) < 300
    [before, after] = page.select(".log-gap a")
    rows = Page.of_text(f"<table>{admin_client.get(after.get('hx-get')).content.decode()}</table>")
    assert rows.texts(".code")[0] == "line 2533"
    assert len(rows.select(".log-gap")) == 1
    plain = page_of(admin_client.get(before.get("href")))
    assert "line 41" in plain.texts(".code"), "without JavaScript the gap opens in the page"


@pytest.mark.parametrize("query", ["line=0", "line=x", "line=9-2", "line=99999", "from=0", "test="])
def test_a_senseless_address_opens_the_log(
    admin_client: Client, trajectory: Trajectory, query: str
) -> None:
    run = run_of(trajectory, TreeName.BASE, {})
    page = page_of(admin_client.get(f"/runs/{run.pk}/?{query}"))
    assert page.texts(".run-log .code")[0] == "start"
    assert not page.select(".is-target")


def test_a_test_that_the_log_does_not_mention_is_named(
    admin_client: Client, trajectory: Trajectory
) -> None:
    run = run_of(trajectory, TreeName.BASE, {})
    page = page_of(admin_client.get(f"/runs/{run.pk}/?test=<b>gone</b>"))
    assert "The log does not mention <b>gone</b>." in page.text(".notice--warn")


def test_a_very_long_line_is_cut(admin_client: Client, trajectory: Trajectory) -> None:
    run = run_of(trajectory, TreeName.BASE, {}, log="x" * 900_000)
    response = admin_client.get(f"/runs/{run.pk}/")
    assert len(response.content) < 40_000
    assert page_of(response).text(".log-cut") == " … 898,000 more characters in the plain text"


# --- the number of queries ----------------------------------------------------------------------


def queries(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    return len(captured)


def test_pages_ask_the_same_number_of_queries_for_twice_the_tests(
    admin_client: Client, trajectory: Trajectory
) -> None:
    counts = []
    for n in (40, 80):
        ids = with_tests(trajectory, 2, n)
        Run.objects.all().delete()
        for tree in TreeName:
            run = run_of(trajectory, tree, {F2P: "FAILED", **dict.fromkeys(ids, "PASSED")})
        counts.append(
            [
                queries(admin_client, address)
                for address in (
                    f"/trajectories/{trajectory.pk}/tests/",
                    f"/trajectories/{trajectory.pk}/tests/?test={ids[-1]}",
                    f"/trajectories/{trajectory.pk}/?right=tests",
                    f"/runs/{run.pk}/?test={F2P}",
                )
            ]
        )
    assert counts[0] == counts[1]
    assert max(counts[0]) <= 20
