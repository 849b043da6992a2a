"""Real instances the whole way: source distribution, mirror, environment, base, gold, verdict."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.validation.real_runs import (
    keep_environments,
    runnable_instance,
    skip_if_index_failed,
    write_row,
)
from tests.validation.sdists import RealInstance

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


def load(instance: RealInstance, folder: Path) -> None:
    """Load the instance by the same commands as anybody would."""
    recipes = folder / "recipes.jsonl"
    recipes.write_text(json.dumps(instance.entry) + "\n")
    call_command("load_tasks", str(write_row(instance, folder)), batch="real")
    call_command("add_repository", instance.row["repo"], source=str(instance.repository))
    call_command("load_recipes", str(recipes))


def counts(run: dict[str, object], ids: list[str]) -> dict[str, int]:
    tests = run["tests"]
    assert isinstance(tests, dict)
    return dict(Counter(tests[test_id] for test_id in dict.fromkeys(ids)))


def test_a_real_instance_gets_the_verdict_it_is_known_for(
    instance: RealInstance, tmp_path: Path
) -> None:
    keep_environments()
    load(instance, tmp_path)
    report = tmp_path / "report.json"
    call_command("validate", instance.instance_id, wait=True, report=report, timeout=900)
    runs = {run["tree"]: run for run in json.loads(report.read_text())["runs"]}
    skip_if_index_failed()
    reasons = {tree: run["reason"] for tree, run in runs.items()}
    assert {tree: run["outcome"] for tree, run in runs.items()} == {
        "base": "not_resolved",
        "gold": "resolved",
    }, reasons
    for tree, expected in (("base", "expected_before"), ("gold", "expected_after")):
        f2p = json.loads(instance.row["FAIL_TO_PASS"])
        p2p = json.loads(instance.row["PASS_TO_PASS"])
        assert counts(runs[tree], f2p) == instance.entry[expected]["fail_to_pass"], tree
        assert counts(runs[tree], p2p) == instance.entry[expected]["pass_to_pass"], tree
