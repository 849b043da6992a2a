"""A validation in bulk on a machine where things break: `make faults`, with a few of them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.paths import PROJECT_FOLDER
from tests.running_site import environment, short_folder
from validation.sandbox import SandboxUnavailable, choose_sandbox

N_FAULTS = 5


def test_every_run_ends_once_with_its_verdict_whatever_breaks() -> None:
    pytest.importorskip("swebench", reason="swebench belongs to requirements/runs.txt")
    try:
        choose_sandbox()
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    with short_folder() as folder:
        data, report = folder / "data", folder / "report.json"
        done = subprocess.run(
            [
                *(sys.executable, "-m", "faults", "--faults", str(N_FAULTS), "--seed", "7"),
                *("--data", str(data), "--report", str(report)),
            ],
            cwd=PROJECT_FOLDER,
            env=environment(data),
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        found = json.loads(report.read_text())
    assert sum(found["faults"].values()) == N_FAULTS
    assert found["runs"] >= 12
