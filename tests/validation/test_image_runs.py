"""Recipes that name a container image, from the row to the verdict, in the stand-in engine."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from tests.validation.conftest import CALC, GOLD, OLD_TESTS, RUNNER, CalcRepository, trajectory_with
from tests.validation.engine import Engine, make_image
from tests.validation.engines import stand_in
from trajectories.models import Task
from validation import broker
from validation import environments as builds
from validation.broker import WorkerInfo
from validation.environments import RecipeSpec
from validation.models import Environment, EnvironmentState, Outcome, Run, TreeName
from validation.recipes import RecipeEntry
from validation.services.environments import environments_folder
from validation.services.execution import execute_run
from validation.services.recipes import assign_recipe
from validation.services.sandboxes import worker_info

pytestmark = pytest.mark.django_db(transaction=True)

IMAGE = "example/calc:1.0"
PUBLISHED = "swebench/sweb.eval.x86_64.retrace_1776_calc-1:latest"
# Prints a word that only the image's state of the file has, and needs what only it has.
CHANGED_RUNNER = RUNNER.replace("import sys\n", "import sys\nimport built\nprint(built.WORD)\n", 1)


@pytest.fixture(autouse=True)
def engine() -> Iterator[Engine]:
    pytest.importorskip("swebench", reason="swebench belongs to requirements/runs.txt")
    if shutil.which("python3", path="/usr/bin") is None:
        pytest.skip("the stand-in engine's images need a Python in /usr/bin")
    with stand_in() as engine:
        yield engine


def publish(engine: Engine, name: str) -> str:
    """Put an image of the repository into the registry; return its digest."""
    files = {
        "testbed/calc.py": CALC,
        "testbed/tests/__init__.py": "",
        "testbed/tests/test_calc.py": OLD_TESTS,
        "testbed/run_tests.py": CHANGED_RUNNER,
        "testbed/built.py": "WORD = 'built in the image'\n",
        "testbed/.git/HEAD": "ref: refs/heads/main\n",
        "opt/miniconda3/envs/testbed/bin/python": '#!/bin/sh\nexec /usr/bin/python3 "$@"\n',
    }
    folder = engine.folder / "registry"
    image = make_image(folder, files, env=("PATH=/usr/bin:/bin",))
    (folder / "opt/miniconda3/envs/testbed/bin/python").chmod(0o755)
    engine.registry[name] = image
    return image.digest


def use(task: Task, image: str) -> None:
    spec = RecipeSpec(
        test_command="python run_tests.py tests/test_calc.py",
        log_parser="parse_log_pytest",
        image=image,
    )
    assign_recipe(RecipeEntry(spec, instance_id=task.instance_id))
    task.recipe_use.refresh_from_db()


def execute(task: Task, tree: TreeName, patch: str = "") -> Run:
    run = Run.objects.create(
        task_revision=task.current_revision,
        tree=tree,
        trajectory=trajectory_with(task, patch) if tree == TreeName.MODEL else None,
        recipe=task.recipe_use.recipe,
    )
    execute_run(run.pk)
    run.refresh_from_db()
    return run


def test_a_recipe_with_nothing_but_an_image_runs(
    engine: Engine, calc_task: Task, calc: CalcRepository
) -> None:
    digest = publish(engine, IMAGE)
    use(calc_task, IMAGE)

    base, gold = (execute(calc_task, tree) for tree in (TreeName.BASE, TreeName.GOLD))

    assert (base.outcome, base.reason) == (Outcome.NOT_RESOLVED, "")
    assert (gold.outcome, gold.reason) == (Outcome.RESOLVED, "")
    assert (gold.sandbox, gold.environment_key) == ("docker", digest)
    assert gold.log.startswith("built in the image\n")
    assert engine.containers == {}
    row = Environment.objects.get()
    assert row.state == EnvironmentState.READY and IMAGE in row.log and row.size_bytes


def test_what_a_patch_changes_stays_as_the_patch_has_it(engine: Engine, calc_task: Task) -> None:
    publish(engine, IMAGE)
    use(calc_task, IMAGE)
    patch = GOLD + (
        "diff --git a/run_tests.py b/run_tests.py\n--- a/run_tests.py\n+++ b/run_tests.py\n"
        "@@ -1,2 +1,3 @@\n import sys\n+print('patched')\n import unittest\n"
    )

    run = execute(calc_task, TreeName.MODEL, patch)

    assert run.outcome == Outcome.RESOLVED
    assert run.log.startswith("patched\n")


def test_the_published_image_is_found_by_the_instance(engine: Engine, calc_task: Task) -> None:
    digest = publish(engine, PUBLISHED)
    use(calc_task, "swebench")

    assert execute(calc_task, TreeName.GOLD).environment_key == digest


def test_an_image_that_cannot_be_had_is_not_the_patchs_fault(
    engine: Engine, calc_task: Task
) -> None:
    use(calc_task, IMAGE)

    run = execute(calc_task, TreeName.GOLD)

    assert run.outcome == Outcome.INFRASTRUCTURE_FAILURE
    assert f"The image {IMAGE} could not be pulled" in run.reason
    assert "docker login" in run.reason


def test_an_image_without_an_engine_is_told_with_the_ways_out(
    engine: Engine, calc_task: Task, settings: object
) -> None:
    settings.RETRACE_SANDBOX = "bubblewrap"  # type: ignore[attr-defined]
    use(calc_task, IMAGE)

    run = execute(calc_task, TreeName.GOLD)

    assert run.outcome == Outcome.INFRASTRUCTURE_FAILURE
    assert f"only names the container image {IMAGE}" in run.reason
    assert "load_recipes" in run.reason


def test_what_was_taken_out_of_an_image_makes_room(engine: Engine, calc_task: Task) -> None:
    publish(engine, IMAGE)
    use(calc_task, IMAGE)
    execute(calc_task, TreeName.GOLD)
    (kept,) = builds.kept_environments(environments_folder())

    assert builds.remove_environment(environments_folder(), kept.key)
    assert execute(calc_task, TreeName.GOLD).outcome == Outcome.RESOLVED


def test_a_recipe_with_packages_runs_in_containers_too(
    engine: Engine, calc_task: Task, settings: object
) -> None:
    """Its environment is built and used in the engine, with this machine's own programs."""
    settings.RETRACE_SANDBOX = "docker"  # type: ignore[attr-defined]

    run = execute(calc_task, TreeName.GOLD)

    assert (run.outcome, run.reason) == (Outcome.RESOLVED, "")
    assert run.sandbox == "docker"
    networks = {body["HostConfig"]["NetworkMode"] for body in engine.created}
    assert networks == {"none", "bridge"}


def test_a_worker_says_what_it_can_run(engine: Engine, settings: object) -> None:
    settings.RETRACE_SANDBOX = "docker"  # type: ignore[attr-defined]
    assert worker_info("w").sandbox == "docker"

    engine.stop()
    refused = worker_info("w")
    assert not refused.is_usable and "does not answer" in refused.refusal

    settings.RETRACE_SANDBOX = "auto"  # type: ignore[attr-defined]
    if subprocess.run(["which", "bwrap"], capture_output=True, check=False).returncode == 0:
        found = worker_info("w")
        assert found.sandbox == "bubblewrap"
        assert [note.partition(":")[0] for note in found.notes] == ["docker"]


def test_the_status_page_says_why_a_sandbox_is_not_used(admin_client: Client) -> None:
    reason = "docker: No container engine runs on this machine. Start one <now>"
    broker.beat(WorkerInfo("runs@test", "bubblewrap", "", (reason,)))
    try:
        page = admin_client.get(reverse("validation:status")).content.decode()
    finally:
        broker.stop_beating("runs@test")

    assert "✓ sandbox: bubblewrap" in page
    assert reason.replace("<", "&lt;").replace(">", "&gt;") in page
