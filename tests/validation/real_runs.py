"""Run real instances in tests: what is needed, what is kept between test runs, what is skipped."""

from __future__ import annotations

import json
import os
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import pytest
from django.conf import settings

from annotator.config import env
from tests.paths import PROJECT_FOLDER
from tests.validation.sdists import IndexUnreachable, RealInstance, real_instance
from validation.environments.building import UNREACHABLE
from validation.models import Outcome, RunCommand
from validation.sandbox import SandboxUnavailable, choose_sandbox


def skip(reason: str) -> NoReturn:
    """Skip, except in CI, where what this test shows must have been shown."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def runnable_instance(corpus: Path, instance_id: str) -> RealInstance:
    """Return the instance ready to be loaded and run; skip where it cannot be."""
    if find_spec("swebench") is None:
        skip("swebench is not installed: it belongs to requirements/runs.txt")
    try:
        choose_sandbox()
    except SandboxUnavailable as error:
        skip(str(error))
    try:
        return real_instance(corpus, cache_folder(), instance_id)
    except IndexUnreachable as error:
        pytest.skip(f"the package index did not answer: {error}")


def cache_folder() -> Path:
    """Return what is kept between test runs: source distributions and built environments."""
    folder = env.folder("RETRACE_DATA", PROJECT_FOLDER / "data") / "tests" / "real"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def keep_environments() -> None:
    """Build environments where the next test run finds them."""
    environments = cache_folder() / "environments"
    environments.mkdir(exist_ok=True)
    (settings.RETRACE_DATA / "environments").symlink_to(environments)


def write_row(instance: RealInstance, folder: Path) -> Path:
    """Write the task row, whose base_commit is the stand-in's, as a file to load."""
    rows = folder / "rows.jsonl"
    rows.write_text(json.dumps(instance.row) + "\n")
    return rows


def skip_if_index_failed() -> None:
    """Skip where a build failed because the package index did not answer."""
    failed = RunCommand.objects.filter(
        run__outcome=Outcome.INFRASTRUCTURE_FAILURE, phase__startswith="build"
    )
    for command in failed:
        if UNREACHABLE.search(command.output.encode()):
            pytest.skip(f"the package index did not answer: {command.output[-500:]}")
