"""Pages and fragments of runs, and who may see them."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from lxml import html

from accounts.models import User
from tests.factories import grant
from tests.validation.conftest import F2P, GOLD, P2P, trajectory_with
from trajectories.models import Task, Trajectory
from validation import broker
from validation.models import Outcome, Run, RunState, RunTest, TestGroup, TreeName

HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _own_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker, "QUEUE", "runs-of-view-tests")
    monkeypatch.setattr(broker, "_KEY", "view-tests:")


@pytest.fixture
def trajectory(calc_task: Task) -> Trajectory:
    return trajectory_with(calc_task, GOLD)


def finished(trajectory: Trajectory, tree: TreeName, f2p: str = "FAILED", **fields: object) -> Run:
    outcome = Outcome.RESOLVED if f2p == "PASSED" else Outcome.NOT_RESOLVED
    run = Run.objects.create(
        task_revision=trajectory.task.current_revision,
        trajectory=trajectory if tree == TreeName.MODEL else None,
        tree=tree,
        **{
            "state": RunState.FINISHED,
            "outcome": outcome,
            "log": "<script>alert(1)</script>\x1b[31m\n",
            "finished_at": timezone.now(),
            "started_at": timezone.now(),
            **fields,
        },
    )
    RunTest.objects.create(run=run, test_id=F2P, group=TestGroup.FAIL_TO_PASS, status=f2p)
    RunTest.objects.create(run=run, test_id=P2P, group=TestGroup.PASS_TO_PASS, status="PASSED")
    return run


def page(response: HttpResponse, status: int = 200) -> html.HtmlElement:
    assert response.status_code == status
    return html.fromstring(response.content.decode())


def words(element: html.HtmlElement, selector: str) -> list[str]:
    return [" ".join(found.text_content().split()) for found in element.cssselect(selector)]


def with_progress(found: html.HtmlElement) -> str:
    """Return the address that a fragment asks next, with what it includes."""
    seen = found.cssselect("input[name=progress]")[0].get("value")
    return f"{found.get('hx-get')}&{urlencode({'progress': seen})}"


def test_the_matrix_shows_every_test_in_every_run(
    admin_client: Client, trajectory: Trajectory
) -> None:
    finished(trajectory, TreeName.BASE)
    gold = finished(trajectory, TreeName.GOLD, "PASSED")
    found = page(admin_client.get(f"/trajectories/{trajectory.pk}/tests/"))
    assert words(found, ".tests-head .chip") == [
        "base fails 1/1 ✓",
        "gold passes ✓",
        "model: not run",
    ]
    assert words(found, "tbody th[scope=row]") == [F2P, P2P]
    assert words(found, "tbody td.test-status") == [
        *("✗ FAILED ↗in the log of base", "✓ PASSED ↗in the log of gold", "–"),
        *("✓ PASSED ↗in the log of base", "✓ PASSED ↗in the log of gold", "–"),
    ]
    cell = found.cssselect(f'td[data-run="{gold.pk}"]')[0]
    assert (cell.get("data-cite-kind"), cell.get("data-test-id")) == ("test", F2P)
    assert found.get("hx-trigger") is None


@pytest.mark.parametrize(
    ("purpose", "said"),
    [("admission", "base: 1 of 1 already pass ✗"), ("probe", "base fails 1/1 ✓")],
)
def test_the_newest_run_is_the_verdict_of_its_tree_but_for_probes(
    admin_client: Client, trajectory: Trajectory, purpose: str, said: str
) -> None:
    finished(trajectory, TreeName.BASE)
    finished(trajectory, TreeName.BASE, "PASSED", purpose=purpose)
    for name in ("tests", "verdicts"):
        found = page(admin_client.get(f"/trajectories/{trajectory.pk}/{name}/"))
        assert words(found, ".chip")[0] == said


def test_an_admission_on_its_way_hides_no_verdict(
    admin_client: Client, trajectory: Trajectory
) -> None:
    finished(trajectory, TreeName.BASE)
    Run.objects.create(
        task_revision=trajectory.task_revision, tree=TreeName.BASE, purpose="admission"
    )
    found = page(admin_client.get(f"/trajectories/{trajectory.pk}/verdicts/"))
    assert words(found, ".chip")[0] == "base fails 1/1 ✓"


def test_without_sight_of_verdicts_only_the_tests_are_shown(
    annotator: User, annotator_client: Client, trajectory: Trajectory
) -> None:
    finished(trajectory, TreeName.GOLD, "PASSED")
    grant(annotator, trajectory, sees_gold=False, sees_verdicts=False)
    found = page(annotator_client.get(f"/trajectories/{trajectory.pk}/tests/"))
    assert words(found, "tbody th[scope=row]") == [F2P, P2P]
    assert "PASSED" not in found.text_content()
    assert "first diagnosis" in found.text_content()
    assert words(found, "button") == []


def test_a_stranger_sees_no_fragment(annotator_client: Client, trajectory: Trajectory) -> None:
    for name in ("tests", "verdicts"):
        response = annotator_client.get(f"/trajectories/{trajectory.pk}/{name}/")
        assert response.status_code == 404


def test_a_run_on_its_way_is_polled_until_something_changes(
    admin_client: Client, trajectory: Trajectory
) -> None:
    run = finished(trajectory, TreeName.BASE, state=RunState.RUNNING, outcome="")
    found = page(admin_client.get(f"/trajectories/{trajectory.pk}/tests/"))
    assert found.get("hx-trigger") == "every 2s"
    assert words(found, ".tests-head .chip")[0] == "base: running …"
    again = admin_client.get(with_progress(found), headers=HTMX)
    assert again.status_code == 204
    Run.objects.filter(pk=run.pk).update(state=RunState.FINISHED, outcome=Outcome.TIMED_OUT)
    found = page(admin_client.get(found.get("hx-get"), headers=HTMX))
    assert found.get("hx-trigger") is None
    assert words(found, ".tests-head .chip")[0] == "base: timed out ✗"


def test_verdict_chips_refresh_when_runs_are_asked_for(
    admin_client: Client, trajectory: Trajectory
) -> None:
    finished(trajectory, TreeName.MODEL, is_suspect=True, suspect_reasons=["It cheats."])
    found = page(admin_client.get(f"/trajectories/{trajectory.pk}/verdicts/"))
    assert words(found, ".chip") == ["model: 1 still fails ✗ · suspect"]
    assert found.cssselect(".chip")[0].get("title") == "It cheats."
    assert found.get("hx-trigger") == "runs-requested from:body"


@pytest.mark.django_db(transaction=True)
def test_the_button_queues_base_gold_and_model(
    annotator: User, annotator_client: Client, trajectory: Trajectory
) -> None:
    grant(annotator, trajectory)
    address = f"/trajectories/{trajectory.pk}/validate/"
    response = annotator_client.post(address, headers=HTMX)
    found = page(response)
    assert words(found, ".tests-head .chip") == [
        "base: queued, next in line …",
        "gold: queued, 2nd in line …",
        "model: queued, 3rd in line …",
    ]
    assert response.headers["HX-Trigger"] == '{"runs-requested": {}}'
    again = annotator_client.post(address)
    assert (again.status_code, again.headers["Location"]) == (
        302,
        f"/trajectories/{trajectory.pk}/?right=tests",
    )
    assert Run.objects.count() == 3, "runs on their way are not asked for twice"
    assert set(Run.objects.values_list("requested_by", flat=True)) == {annotator.pk}


def test_running_needs_sight_of_verdicts_and_a_post(
    annotator: User, annotator_client: Client, trajectory: Trajectory
) -> None:
    address = f"/trajectories/{trajectory.pk}/validate/"
    assert annotator_client.post(address).status_code == 404
    grant(annotator, trajectory, sees_verdicts=False)
    assert annotator_client.post(address).status_code == 403
    assert annotator_client.get(address).status_code == 405
    assert not Run.objects.exists()


def test_without_sandbox_the_reason_is_shown_and_nothing_is_queued(
    admin_client: Client, trajectory: Trajectory
) -> None:
    broker.beat(broker.WorkerInfo("runs@one", "", "Install it: apt install bubblewrap"))
    try:
        found = page(admin_client.get(f"/trajectories/{trajectory.pk}/tests/"))
        assert "apt install bubblewrap" in found.cssselect(".notice")[0].text_content()
        assert words(found, "button") == []
        response = admin_client.post(f"/trajectories/{trajectory.pk}/validate/", headers=HTMX)
        assert "apt install bubblewrap" in page(response, 422).text_content()
    finally:
        broker.stop_beating("runs@one")
    assert not Run.objects.exists()


def test_the_run_page_shows_the_log_as_text(admin_client: Client, trajectory: Trajectory) -> None:
    run = finished(trajectory, TreeName.BASE)
    run.commands.create(
        phase="test", command="pytest", exit_code=1, started_at=timezone.now(), duration_seconds=1
    )
    response = admin_client.get(f"/runs/{run.pk}/")
    found = page(response)
    assert words(found, ".run-log .code") == ["<script>alert(1)</script>"]
    assert b"<script>alert" not in response.content
    assert words(found, ".run-command summary code") == ["pytest"]
    plain = admin_client.get(f"/runs/{run.pk}/log/")
    assert plain.headers["Content-Type"] == "text/plain; charset=utf-8"


def test_a_run_is_hidden_from_who_may_not_know_its_outcome(
    annotator: User, annotator_client: Client, trajectory: Trajectory
) -> None:
    run = finished(trajectory, TreeName.MODEL)
    grant(annotator, trajectory, sees_verdicts=False)
    assert annotator_client.get(f"/runs/{run.pk}/").status_code == 404
    assert annotator_client.get(f"/runs/{run.pk}/log/").status_code == 404


def test_the_log_of_gold_needs_sight_of_gold(
    annotator: User, annotator_client: Client, trajectory: Trajectory
) -> None:
    run = finished(trajectory, TreeName.GOLD, "PASSED")
    grant(annotator, trajectory, sees_gold=False)
    found = page(annotator_client.get(f"/runs/{run.pk}/"))
    assert words(found, ".run-log") == []
    assert annotator_client.get(f"/runs/{run.pk}/log/").status_code == 404


def test_only_an_admin_cancels(
    annotator: User, annotator_client: Client, admin_client: Client, trajectory: Trajectory
) -> None:
    grant(annotator, trajectory)
    run = finished(trajectory, TreeName.BASE, state=RunState.QUEUED, outcome="")
    assert annotator_client.post(f"/runs/{run.pk}/cancel/").status_code == 403
    assert admin_client.post(f"/runs/{run.pk}/cancel/").status_code == 302
    run.refresh_from_db()
    assert (run.state, run.outcome) == (RunState.FINISHED, Outcome.CANCELLED)


def test_the_task_page_hides_runs_from_who_may_not_know_outcomes(
    annotator: User, annotator_client: Client, admin_client: Client, trajectory: Trajectory
) -> None:
    finished(trajectory, TreeName.GOLD, "PASSED")
    grant(annotator, trajectory, sees_verdicts=False, sees_gold=False)
    address = f"/tasks/{trajectory.task.instance_id}/"
    found = page(annotator_client.get(address))
    assert words(found, "main h2") == ["Issue", "Trajectories", "Recipe", "Revisions"]
    assert words(found, "form button") == ["Sign out"]
    found = page(admin_client.get(address))
    assert "Runs" in words(found, "h2")
    assert words(found, "form .button--primary") == ["Run tests on base, gold and 1 patch"]


@pytest.mark.django_db(transaction=True)
def test_an_admin_validates_a_whole_task(
    annotator_client: Client, admin_client: Client, trajectory: Trajectory
) -> None:
    address = f"/tasks/{trajectory.task.instance_id}/validate/"
    assert annotator_client.post(address).status_code == 403
    assert admin_client.post(address).status_code == 302
    assert sorted(Run.objects.values_list("tree", flat=True)) == ["base", "gold", "model"]


def test_the_reading_page_shows_steps_evidence_and_verdicts(
    annotator: User, annotator_client: Client, trajectory: Trajectory
) -> None:
    finished(trajectory, TreeName.BASE)
    grant(annotator, trajectory)
    found = page(annotator_client.get(f"/trajectories/{trajectory.pk}/?right=tests"))
    assert words(found, ".reading-head .verdicts .chip") == ["base fails 1/1 ✓"]
    assert words(found, "#tests tbody th") == [F2P, P2P]


def test_the_status_page_is_for_admins(admin_client: Client, annotator_client: Client) -> None:
    broker.beat(broker.WorkerInfo("runs@one", "", "bubblewrap is missing"))
    try:
        found = page(admin_client.get("/status/"))
    finally:
        broker.stop_beating("runs@one")
    assert "bubblewrap is missing" in found.text_content()
    assert annotator_client.get("/status/").status_code == 403


@pytest.mark.parametrize("n", [1, 4])
def test_the_number_of_queries_does_not_grow_with_tests(
    admin_client: Client,
    trajectory: Trajectory,
    n: int,
    django_assert_max_num_queries: object,
) -> None:
    run = finished(trajectory, TreeName.BASE)
    for number in range(n):
        RunTest.objects.create(
            run=run, test_id=f"t{number}", group=TestGroup.PASS_TO_PASS, status="PASSED"
        )
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        admin_client.get(f"/trajectories/{trajectory.pk}/tests/")
