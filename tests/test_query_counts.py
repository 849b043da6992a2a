"""No page asks the database more often because there is more to show.

Every address that `test_every_url` knows is opened, with every tab of the pages that have any, in a
world that then gets as much again of everything: steps, files, tasks, batches, people, runs, tests,
reasoning steps, citations, submissions, threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from annotator.services.timekeeping import correct_time
from reviews.models import Export
from reviews.services.threads import open_thread
from tests.annotator.conftest import cite_thought, write
from tests.conftest import make_user, signed_in
from tests.factories import PATCH, make_batch, make_step, make_task, make_trajectory
from tests.reviews.factories import make_assignment, make_submission
from tests.reviews.runs import make_run
from tests.test_every_url import RULES, pages_of
from tests.trajectories.git_repositories import make_sample
from tests.world import Held, World, add_time, make_environment, make_world
from trajectories.models import BatchTask, Step, Trajectory
from validation.models import TreeName

N = 3
_TREES = (TreeName.BASE, TreeName.GOLD, TreeName.MODEL)


def grow(world: World, round_: int) -> None:
    """Add N of everything to the world."""
    for held in (world.shared, world.foreign):
        _add_time(held, round_)
        _add_steps(held.trajectory)
        _add_writing(held)
        _add_files(held.trajectory, round_)
        _add_runs(held.trajectory)
    for number in range(N):
        _add_tasks(world, number)
        make_environment(world.repository, f"{round_}.{number}")
        make_user(f"person-{round_}-{number}", "annotator")
        open_thread(world.people["reviewer"], world.submission, body="Why?")
        make_submission(world.people["olga"])
        Export.objects.create(
            batch=world.export.batch, requested_by=world.people["admin"], state="failed"
        )


def _add_steps(trajectory: Trajectory) -> None:
    first = trajectory.n_steps + 1
    Step.objects.bulk_create(make_step(trajectory, first + number) for number in range(N))
    trajectory.n_steps += N
    trajectory.save(update_fields=["n_steps"])


def _add_writing(held: Held) -> None:
    if held.assignment.is_writable:
        for _ in range(N):
            cite_thought(held.annotation, write(held.annotation))


def _add_time(held: Held, round_: int) -> None:
    for number in range(N):
        claim = add_time(held.assignment, hours_ago=10 * round_ + number + 2)
        correct_time(claim.person, claim, 60, "less", timezone.now())


def _add_files(trajectory: Trajectory, round_: int) -> None:
    added = "".join(
        f"diff --git a/new-{round_}-{number}.py b/new-{round_}-{number}.py\nnew file mode 100644\n"
        f"--- /dev/null\n+++ b/new-{round_}-{number}.py\n@@ -0,0 +1 @@\n+x = {number}\n"
        for number in range(N)
    )
    trajectory.model_patch = (trajectory.model_patch or PATCH) + added
    trajectory.save(update_fields=["model_patch"])


def _add_runs(trajectory: Trajectory) -> None:
    for tree in _TREES:
        names = [f"tests/test_core.py::test_{number}" for number in range(N)]
        make_run(trajectory, tree, dict.fromkeys(names, "PASSED"))


def _add_tasks(world: World, number: int) -> None:
    batch = world.foreign.assignment.membership.batch
    trajectory = make_trajectory(make_task(repository=world.repository))
    BatchTask.objects.create(
        batch=batch, task=trajectory.task, position=1000 + batch.task_memberships.count()
    )
    make_assignment(world.people["olga"], batch, trajectory)
    make_trajectory(world.shared.trajectory.task)
    make_batch(make_trajectory())


def addresses(world: World) -> Iterator[str]:
    """Name everything that can be opened; pages with tabs once for each."""
    for rule in RULES:
        if rule.method == "get":
            yield reverse(rule.name, args=rule.arguments(world)) + rule.query
    for about in ("shared", "foreign"):
        yield from pages_of(world, about)


def counts(world: World, who: str) -> dict[str, int]:
    """Return the number of queries by address, for what this person may open."""
    client = signed_in(world.people[who])
    found = {}
    for address in dict.fromkeys(addresses(world)):
        # The first answer may make what later ones find (a policy, a session's last use).
        if client.get(address).status_code == 200:
            found[address] = queries_of(client, address)
    return found


def queries_of(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        client.get(address)
    return len(captured)


@pytest.mark.parametrize("who", ["admin", "nils", "olga", "reviewer"])
def test_queries_do_not_grow_with_what_there_is(who: str, db: None, tmp_path: Path) -> None:
    world = make_world(make_sample(tmp_path / "sample"))
    grow(world, 1)
    once = counts(world, who)
    grow(world, 2)
    twice = counts(world, who)
    assert {address: n for address, n in twice.items() if n != once.get(address)} == {}
