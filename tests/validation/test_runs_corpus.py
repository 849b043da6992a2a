"""Real instances the whole way: source distribution, mirror, environment, base, gold, verdict."""

from __future__ import annotations

import json
import os
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from annotator.config import env
from tests.conftest import PROJECT_FOLDER
from tests.validation.sdists import IndexUnreachable, RealInstance, real_instance
from validation.environments.build import UNREACHABLE
from validation.models import Outcome, RunCommand
from validation.sandbox import SandboxUnavailable, choose_sandbox

pytestmark = [pytest.mark.corpus, pytest.mark.django_db(transaction=True)]

INSTANCES = (
    "pallets__flask-5063",
    "sympy__sympy-24909",
    "django__django-16595",
    "pydicom__pydicom-1694",
)


def skip(reason: str) -> None:
    """Skip, except in CI, where what this test shows must have been shown."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def cache() -> Path:
    """Return what is kept between test runs: source distributions and built environments."""
    folder = env.folder("RETRACE_DATA", PROJECT_FOLDER / "data") / "tests" / "real"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(params=INSTANCES)
def instance(request: pytest.FixtureRequest, corpus: Path, cache: Path) -> RealInstance:
    if find_spec("swebench") is None:
        skip("swebench is not installed: it belongs to requirements/runs.txt")
    try:
        choose_sandbox()
    except SandboxUnavailable as error:
        skip(str(error))
    try:
        return real_instance(corpus, cache, request.param)
    except IndexUnreachable as error:
        pytest.skip(f"the package index did not answer: {error}")


def load(instance: RealInstance, folder: Path) -> None:
    """Load the instance by the same commands as anybody would."""
    rows, recipes = folder / "rows.jsonl", folder / "recipes.jsonl"
    rows.write_text(json.dumps(instance.row) + "\n")
    recipes.write_text(json.dumps(instance.entry) + "\n")
    call_command("load_tasks", str(rows), batch="real")
    call_command("add_repository", instance.row["repo"], source=str(instance.repository))
    call_command("load_recipes", str(recipes))


def index_failure() -> str:
    """Return what a build said when the package index did not answer, or an empty text."""
    failed = RunCommand.objects.filter(
        run__outcome=Outcome.INFRASTRUCTURE_FAILURE, phase__startswith="build"
    )
    said = [command.output for command in failed if UNREACHABLE.search(command.output.encode())]
    return said[0][-500:] if said else ""


def counts(run: dict[str, object], ids: list[str]) -> dict[str, int]:
    tests = run["tests"]
    assert isinstance(tests, dict)
    return dict(Counter(tests[test_id] for test_id in dict.fromkeys(ids)))


def test_a_real_instance_gets_the_verdict_it_is_known_for(
    instance: RealInstance, cache: Path, tmp_path: Path
) -> None:
    environments = cache / "environments"
    environments.mkdir(exist_ok=True)
    (settings.RETRACE_DATA / "environments").symlink_to(environments)
    load(instance, tmp_path)
    report = tmp_path / "report.json"
    call_command("validate", instance.instance_id, wait=True, report=report, timeout=900)
    runs = {run["tree"]: run for run in json.loads(report.read_text())["runs"]}
    if not_reached := index_failure():
        pytest.skip(f"the package index did not answer: {not_reached}")
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
