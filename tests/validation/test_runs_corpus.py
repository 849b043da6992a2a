"""Real instances the whole way: source distribution, mirror, environment, base, gold, verdict."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.validation.real_runs import (
    keep_environments,
    runnable_instance,
    skip_if_index_failed,
    write_row,
)
from tests.validation.sdists import RealInstance
from trajectories.models import Trajectory

pytestmark = [pytest.mark.corpus, pytest.mark.django_db(transaction=True)]

INSTANCES = (
    "pallets__flask-5063",
    "sympy__sympy-24909",
    "django__django-16595",
    "pydicom__pydicom-1694",
)


@pytest.fixture(params=INSTANCES)
def instance(request: pytest.FixtureRequest, corpus: Path) -> RealInstance:
    return runnable_instance(corpus, request.param)


def load(instance: RealInstance, corpus: Path, folder: Path) -> None:
    """Load the instance and the runs of agents on it by the same commands as anybody would."""
    recipes = folder / "recipes.jsonl"
    recipes.write_text(json.dumps(instance.entry) + "\n")
    call_command("load_tasks", str(write_row(instance, folder)), batch="real")
    call_command("add_repository", instance.row["repo"], source=str(instance.repository))
    call_command("load_recipes", str(recipes))
    if files := sorted((corpus / "runnable" / "trajectories").glob(f"{instance.instance_id}.*")):
        call_command("load_trajectories", *map(str, files), batch="real")


def test_a_real_instance_gets_the_verdict_it_is_known_for(
    instance: RealInstance, corpus: Path, tmp_path: Path
) -> None:
    keep_environments()
    load(instance, corpus, tmp_path)
    report = tmp_path / "report.json"
    expectations = str(corpus / "runnable" / "instances.jsonl")
    failure = ""
    try:
        call_command(
            "check_instances", expectations, instance.instance_id, report=report, timeout=900
        )
    except CommandError as error:
        failure = str(error)
    skip_if_index_failed()
    (checked,) = json.loads(report.read_text())["instances"]
    assert failure == "", checked
    assert [run["tree"] for run in checked["runs"]][:3] == ["base", "empty", "gold"]
    n_trajectories = Trajectory.objects.count()
    assert [run["tree"] for run in checked["runs"]][3:] == ["model"] * n_trajectories
    assert checked["is_admitted"]
