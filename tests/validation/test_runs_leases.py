"""Who works on a run."""

from __future__ import annotations

import threading
import uuid
from pathlib import Path

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from trajectories.models import Task
from validation import broker
from validation.broker import WorkerInfo, sandbox_refusal
from validation.models import Outcome, Run, RunState, TreeName
from validation.services import leases
from validation.services.leases import MAX_ATTEMPTS, Lease, LeaseLost, claim
from validation.services.results import Ending, Journal, finish, put_back
from validation.services.sweeping import remove_abandoned_folders, sweep
from validation.working_trees import folder_name


@pytest.fixture
def run(calc_task: Task) -> Run:
    return Run.objects.create(task_revision=calc_task.current_revision, tree=TreeName.BASE)


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use a queue of the test's own: tests in other processes share the broker."""
    monkeypatch.setattr(broker, "QUEUE", f"runs-{uuid.uuid4()}")
    monkeypatch.setattr(broker, "_KEY", f"worker-{uuid.uuid4()}:")


def expire(run: Run) -> None:
    Run.objects.filter(pk=run.pk).update(lease_expires_at=Now() - timezone.timedelta(seconds=1))


def test_a_run_is_claimed_once(run: Run) -> None:
    first = claim(run.pk, "one")
    assert first is not None
    assert claim(run.pk, "two") is None
    run.refresh_from_db()
    assert (run.state, run.worker, run.attempt) == (RunState.PREPARING, "one", 1)


def test_an_expired_lease_can_be_taken(run: Run) -> None:
    first = claim(run.pk, "one")
    expire(run)
    second = claim(run.pk, "two")
    assert first is not None
    assert second is not None
    assert not first.renew()
    assert second.renew()


def test_a_finished_run_is_not_claimed(run: Run) -> None:
    lease = claim(run.pk, "one")
    assert lease is not None
    finish(lease, Ending(Outcome.RESOLVED), Journal())
    assert claim(run.pk, "two") is None


def test_who_lost_the_lease_writes_nothing(run: Run) -> None:
    first = claim(run.pk, "one")
    expire(run)
    claim(run.pk, "two")
    assert first is not None
    with pytest.raises(LeaseLost):
        finish(first, Ending(Outcome.RESOLVED), Journal())
    with pytest.raises(LeaseLost):
        first.advance(RunState.RUNNING)
    assert first.is_lost
    run.refresh_from_db()
    assert (run.state, run.outcome) == (RunState.PREPARING, "")


@pytest.mark.django_db(transaction=True)
def test_a_lease_renews_itself_and_notices_its_loss(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "RENEW_SECONDS", 0.05)
    lease = claim(run.pk, "one")
    assert lease is not None
    before = Run.objects.get(pk=run.pk).lease_expires_at
    with lease:
        wait_for(lambda: Run.objects.get(pk=run.pk).lease_expires_at != before)
        Run.objects.filter(pk=run.pk).update(state=RunState.FINISHED, outcome=Outcome.CANCELLED)
        wait_for(lambda: lease.is_lost)
    with pytest.raises(LeaseLost):
        lease.check()


def wait_for(condition: object, seconds: float = 10) -> None:
    assert callable(condition)
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        pause.wait(0.02)
    raise AssertionError("It did not happen in time.")


def test_abandoned_runs_are_queued_again(run: Run, queue: None) -> None:
    claim(run.pk, "one")
    expire(run)
    sweep()
    run.refresh_from_db()
    assert run.state == RunState.QUEUED
    assert broker.queue_length() == 1


def test_a_run_abandoned_too_often_ends_as_infrastructure_failure(run: Run, queue: None) -> None:
    for _ in range(MAX_ATTEMPTS):
        assert claim(run.pk, "one")
        expire(run)
    assert claim(run.pk, "one") is None
    sweep()
    run.refresh_from_db()
    assert run.outcome == Outcome.INFRASTRUCTURE_FAILURE
    assert f"{MAX_ATTEMPTS} workers" in run.reason


def test_a_run_whose_message_was_lost_is_sent_again(run: Run, queue: None) -> None:
    sweep()
    assert broker.queue_length() == 0, "a young run's message may be on its way"
    Run.objects.filter(pk=run.pk).update(created_at=Now() - timezone.timedelta(minutes=1))
    sweep()
    sweep()
    assert broker.queue_length() == 1


def test_a_run_that_is_held_is_left_alone(run: Run, queue: None) -> None:
    lease = claim(run.pk, "one")
    sweep()
    assert lease is not None
    assert lease.renew()
    assert broker.queue_length() == 0


def test_a_run_that_is_put_back_keeps_the_reason_and_waits_a_while(run: Run, queue: None) -> None:
    lease = claim(run.pk, "one")
    assert lease is not None
    assert put_back(lease, "the index did not answer", attempt=1)
    run.refresh_from_db()
    assert (run.state, run.reason) == (RunState.QUEUED, "the index did not answer")
    Run.objects.filter(pk=run.pk).update(created_at=Now() - timezone.timedelta(minutes=1))
    sweep()
    assert broker.queue_length() == 0
    assert claim(run.pk, "two") is None
    expire(run)
    sweep()
    assert broker.queue_length() == 1
    assert claim(run.pk, "two") is not None


def test_folders_of_abandoned_runs_are_removed(run: Run, tmp_path: Path) -> None:
    mine, other = claim(run.pk, "one"), tmp_path / "other"
    assert mine is not None
    held = tmp_path / folder_name(run.pk, mine.token)
    for folder in (held, other):
        folder.mkdir()
    remove_abandoned_folders(tmp_path)
    assert held.exists()
    expire(run)
    remove_abandoned_folders(tmp_path)
    assert not held.exists()
    assert other.exists()


def test_a_worker_without_sandbox_refuses_with_its_reason(db: None, queue: None) -> None:
    assert sandbox_refusal() == ""
    broker.beat(WorkerInfo("runs@one", "", "bubblewrap is missing: apt install bubblewrap"))
    assert "apt install bubblewrap" in sandbox_refusal()
    broker.beat(WorkerInfo("runs@two", "bubblewrap", ""))
    assert sandbox_refusal() == ""
    assert [worker.name for worker in broker.alive_workers()] == ["runs@one", "runs@two"]


def test_connections_of_threads_are_closed(run: Run) -> None:
    lease = Lease(run.pk, claim(run.pk, "one").token)  # type: ignore[union-attr]
    with lease:
        pass
    assert connection.is_usable()
