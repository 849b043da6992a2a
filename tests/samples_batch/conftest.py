"""The scripts of samples/, importable, and the repository that they build."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
sys.path.insert(0, str(SAMPLES))


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from build_repository import build

    destination = tmp_path_factory.mktemp("samples") / "almanac.git"
    build(destination)
    return destination


@pytest.fixture(scope="session")
def tasks() -> dict[str, dict[str, Any]]:
    lines = (SAMPLES / "tasks.jsonl").read_text("utf-8").splitlines()
    return {row["instance_id"]: row for row in map(json.loads, lines)}


@pytest.fixture(scope="session")
def sandbox() -> None:
    """Skip, with the reason, where the recordings cannot be executed."""
    from recorder.sandbox import SandboxMissing, require_sandbox

    try:
        require_sandbox()
    except SandboxMissing as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
