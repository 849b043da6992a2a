"""Which of the waiting runs is next."""

from __future__ import annotations

import threading
import time
from collections import Counter

import pytest
from django.db import connection

from tests.factories import make_batch, make_task, make_trajectory
from trajectories.models import Batch, BatchTask, Task
from validation.models import Outcome, Run, RunPriority, RunState, TreeName
from validation.services.order import Turns, places
from validation.services.results import Ending, Journal, finish
from validation.services.sweeping import sweep

pytestmark = pytest.mark.django_db


def batch_of(slug: str, n_tasks: int = 1) -> tuple[Batch, list[Task]]:
    batch = make_batch(slug=slug)
    tasks = [make_task(f"{slug}__task-{n}") for n in range(n_tasks)]
    for position, task in enumerate(tasks):
        BatchTask.objects.create(batch=batch, task=task, position=position)
    return batch, tasks


def queue(task: Task, n: int = 1, priority: RunPriority = RunPriority.BULK) -> list[int]:
    return [
        Run.objects.create(
            task_revision=task.current_revision, tree=TreeName.BASE, priority=priority
        ).pk
        for _ in range(n)
    ]


def served(turns: Turns, n: int) -> list[int]:
    """Claim and finish runs one after the other, as one worker does."""
    found = []
    for _ in range(n):
        lease = turns.claim("one")
        if lease is None:
            break
        found.append(lease.run_id)
        finish(lease, Ending(Outcome.RESOLVED), Journal())
    return found


def test_the_oldest_goes_first_where_nothing_else_counts() -> None:
    runs = queue(make_task("a__a-1"), 3)
    assert served(Turns(), 9) == runs


def test_somebody_who_waits_goes_before_bulk() -> None:
    task = make_task("a__a-1")
    bulk, person = queue(task, 3), queue(task, 2, RunPriority.PERSON)
    assert places([*bulk, *person]) == {run: n for n, run in enumerate([*person, *bulk], start=1)}
    assert served(Turns(), 9) == [*person, *bulk]


def test_batches_take_turns() -> None:
    _, (big,) = batch_of("big")
    _, (small,) = batch_of("small")
    alone = make_task("alone__alone-1")
    many, few, none = queue(big, 6), queue(small, 2), queue(alone, 1)
    # What belongs to no batch comes last for a worker that has just started with none.
    expected = [many[0], few[0], none[0], many[1], few[1], *many[2:]]
    assert served(Turns(), 99) == expected


def test_the_place_in_line_is_the_turn() -> None:
    _, (big,) = batch_of("big")
    _, (small,) = batch_of("small")
    many, few = queue(big, 50), queue(small, 2)
    assert places([many[0], *few]) == {many[0]: 1, few[0]: 2, few[1]: 4}
    assert places([]) == {}
    Run.objects.filter(pk=few[0]).update(state=RunState.FINISHED, outcome="cancelled")
    assert places(few) == {few[1]: 2}


def test_a_batch_with_fewer_runs_on_their_way_goes_first() -> None:
    _, (big,) = batch_of("big")
    _, (small,) = batch_of("small")
    many, few = queue(big, 4), queue(small, 4)
    # Each worker on its own would begin with the older batch.
    claimed = [lease.run_id for n in range(4) if (lease := Turns().claim(f"worker {n}"))]
    assert claimed == [many[0], few[0], many[1], few[1]]


def test_a_models_run_counts_for_the_batch_of_its_trajectory() -> None:
    _, (big,) = batch_of("big")
    many = queue(big, 3)
    trajectory = make_trajectory(big, n_steps=1)
    make_batch(trajectory, slug="other")
    model = Run.objects.create(
        task_revision=big.current_revision,
        tree=TreeName.MODEL,
        trajectory=trajectory,
        priority=RunPriority.BULK,
    )
    assert served(Turns(), 2) == [many[0], model.pk]


def test_the_number_of_queries_does_not_grow_with_the_line(
    django_assert_num_queries: object,
) -> None:
    for slug in ("one", "two"):
        _, (task,) = batch_of(slug)
        queue(task, 20)
    waiting = list(Run.objects.values_list("pk", flat=True))
    with django_assert_num_queries(2):  # type: ignore[operator]
        places(waiting)
    with django_assert_num_queries(4):  # type: ignore[operator]
        Turns().claim("one")


@pytest.mark.django_db(transaction=True)
def test_ten_workers_take_every_run_once() -> None:
    for slug in ("one", "two", "three"):
        _, (task,) = batch_of(slug)
        queue(task, 12)
    taken: Counter[int] = Counter()
    lock = threading.Lock()

    def work(name: str) -> None:
        turns = Turns()
        try:
            while (lease := turns.claim(name)) is not None:
                with lock:
                    taken[lease.run_id] += 1
                finish(lease, Ending(Outcome.RESOLVED), Journal())
        finally:
            connection.close()

    workers = [threading.Thread(target=work, args=(f"worker {n}",)) for n in range(10)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (len(taken), set(taken.values())) == (36, {1})
    sweep()
    assert not Run.objects.exclude(state=RunState.FINISHED).exists()


def test_ten_thousand_waiting_runs_are_chosen_from_in_a_moment() -> None:
    _, (task,) = batch_of("big")
    _, (other,) = batch_of("small")
    Run.objects.bulk_create(
        Run(
            task_revision=(task if n % 3 else other).current_revision,
            tree=TreeName.BASE,
            priority=RunPriority.BULK,
        )
        for n in range(10_000)
    )
    last = Run.objects.order_by("-pk").values_list("pk", flat=True)[0]
    started = time.monotonic()
    assert Turns().claim("one") is not None
    claimed = time.monotonic()
    assert places([last])
    print(f"claim {claimed - started:.3f} s, places {time.monotonic() - claimed:.3f} s")
    assert time.monotonic() - started < 5
