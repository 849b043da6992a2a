"""One of everything, held by different people, for tests of who may see what.

Nils and Olga annotate the same trajectory (`shared`); Nils also holds one of a batch that is blind
first (`blind`), Olga one of a batch that Nils has no part in (`foreign`) and has handed it in. Rosa
the reviewer has opened that submission. Ines is an annotator without any work.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.events import record
from accounts.models import Event, Role, User
from annotator.frozen_probes import frozen_probe
from annotator.models import (
    Annotation,
    Assignment,
    BatchPolicy,
    Citation,
    ReasoningStep,
    StepProbe,
    Submission,
    TimeEntry,
)
from annotator.services.claiming import claim_next
from reviews.models import Export, Thread
from reviews.services.reviewing import grant_evidence
from reviews.services.threads import open_thread
from tests.annotator.conftest import cite_thought, write
from tests.factories import make_batch, make_task, make_trajectory
from tests.probes import make_probe
from tests.reviews.factories import submit
from tests.reviews.runs import make_run
from tests.reviews.whole import whole_content
from tests.trajectories.git_repositories import SampleRepository
from trajectories.code import fetch_repository
from trajectories.loading.uploads import UPLOADED
from trajectories.models import Repository, Trajectory
from validation.environments import RecipeSpec
from validation.models import Environment, Probe, Run, TreeName
from validation.recipes import RecipeEntry
from validation.services.probes import hand_in
from validation.services.recipes import assign_recipe, store_recipe

GOLD_MARK, HINT_MARK, LOG_MARK = "gold-mark-7351", "hint-mark-7351", "log-mark-7351"
GOLD_PATCH = f"""\
diff --git a/pkg/core.py b/pkg/core.py
--- a/pkg/core.py
+++ b/pkg/core.py
@@ -1,3 +1,3 @@
 def add(a, b):
-    return a - b
+    return a + b  # {GOLD_MARK}
 
"""  # noqa: W293 (an empty context line)


@dataclass
class Held:
    """A trajectory with everything that hangs on it, for one annotator."""

    trajectory: Trajectory
    assignment: Assignment
    annotation: Annotation
    step: ReasoningStep
    citation: Citation
    gold_run: Run
    probe: Probe
    claimed: TimeEntry


@dataclass
class World:
    people: dict[str, User]
    repository: Repository
    shared: Held
    shared_of_olga: Held
    blind: Held
    foreign: Held
    submission: Submission
    thread: Thread
    export: Export
    upload: Event
    environment: Environment


def make_world(sample: SampleRepository) -> World:
    people = {name: _person(name, role) for name, role in ROLES.items()}
    repository = Repository.objects.create(name="retrace/world", source=str(sample.path))
    fetch_repository(repository)
    shared, blind, foreign = (_trajectory(repository, sample) for _ in range(3))
    batch = make_batch(shared, slug="shared")
    BatchPolicy.objects.create(batch=batch, overlap=2)
    BatchPolicy.objects.create(batch=make_batch(blind, slug="blind"), blind_first=True)
    foreign_batch = make_batch(foreign, slug="foreign")
    nils, olga = people["nils"], people["olga"]
    of_olga = _held(olga, foreign)
    checked = frozen_probe(StepProbe(probe=Probe.objects.with_results().get(pk=of_olga.probe.pk)))
    content = whole_content()
    content["reasoning_steps"][0]["probes"] = [checked]
    submission = submit(of_olga.assignment, content)
    hand_in([of_olga.probe])
    grant_evidence(people["reviewer"], foreign)
    return World(
        people=people,
        repository=repository,
        shared=_held(nils, shared),
        shared_of_olga=_held(olga, shared),
        blind=_held(nils, blind),
        foreign=of_olga,
        submission=submission,
        thread=open_thread(people["reviewer"], submission, body="Cite the line."),
        export=Export.objects.create(batch=foreign_batch, requested_by=people["admin"]),
        upload=record(people["admin"], UPLOADED, foreign_batch, kind="tasks", files=[], dataset=""),
        environment=make_environment(repository, "of no task"),
    )


def make_environment(repository: Repository, version: str) -> Environment:
    """Make a recipe for a version, and the record of what was built from it."""
    spec = RecipeSpec(packages=("pytest==8.4.2",), test_command=f"pytest tests/'{version}'")
    assign_recipe(RecipeEntry(spec, repository=repository.name, version=version))
    recipe = store_recipe(spec)
    return Environment.objects.create(
        key=recipe.digest, recipe=recipe, state="ready", size_bytes=1_000_000, log="$ uv venv\n"
    )


ROLES = {
    "admin": Role.ADMIN,
    "reviewer": Role.REVIEWER,
    "nils": Role.ANNOTATOR,
    "olga": Role.ANNOTATOR,
    "ines": Role.ANNOTATOR,
}


def add_time(assignment: Assignment, hours_ago: int = 1) -> TimeEntry:
    """Have some minutes measured, and after a pause some claimed, which is returned."""
    start = timezone.now() - timedelta(hours=hours_ago)

    def entry(first: int, last: int, **fields: Any) -> TimeEntry:
        return TimeEntry.objects.create(
            assignment=assignment,
            person=assignment.annotator,
            activity="annotating",
            started_at=start + timedelta(minutes=first),
            ended_at=start + timedelta(minutes=last),
            **fields,
        )

    entry(0, 12, kind="measured")
    return entry(20, 31, kind="claimed", reason="Read on paper")


def _person(name: str, role: str) -> User:
    return User.objects.create_user(username=name, password="a long password", role=role)


def _trajectory(repository: Repository, sample: SampleRepository) -> Trajectory:
    fields: dict[str, Any] = {"patch": GOLD_PATCH, "hints_text": HINT_MARK}
    return make_trajectory(make_task(repository=repository, base_commit=sample.commit, **fields))


def _held(user: User, trajectory: Trajectory) -> Held:
    membership = trajectory.batch_memberships.get()
    assignment = claim_next(user, membership.batch)
    step = write(assignment.annotation)
    run = make_run(trajectory, TreeName.GOLD, {"tests/test_core.py::test_add": "PASSED"})
    Run.objects.filter(pk=run.pk).update(log=LOG_MARK)
    return Held(
        trajectory=trajectory,
        assignment=assignment,
        annotation=assignment.annotation,
        step=step,
        citation=cite_thought(assignment.annotation, step),
        gold_run=run,
        probe=make_probe(user, trajectory, step),
        claimed=add_time(assignment),
    )
