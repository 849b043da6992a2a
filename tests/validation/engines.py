"""Engines for tests: the stand-in always, and a real one where the machine has it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.validation.engine import Engine
from tests.validation.sandboxes import workers

STAND_IN, REAL = "stand-in engine", "real engine"


def kinds() -> list[tuple[str, str]]:
    """Name the pairs of engine and worker that can be tried."""
    return [*((STAND_IN, worker) for worker in workers()), (REAL, workers()[0])]


@contextmanager
def stand_in() -> Iterator[Engine]:
    """Run a stand-in engine that DOCKER_HOST names."""
    folder = Path(tempfile.mkdtemp(prefix="retrace-engine-"))
    folder.chmod(0o755)
    engine = Engine(folder)
    before = os.environ.get("DOCKER_HOST")
    os.environ["DOCKER_HOST"] = engine.address
    engine.start()
    try:
        yield engine
    finally:
        engine.close()
        del os.environ["DOCKER_HOST"]
        if before is not None:
            os.environ["DOCKER_HOST"] = before


def need_real_engine() -> None:
    """Skip where `docker info` has no answer."""
    try:
        done = subprocess.run(["docker", "info"], capture_output=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        pytest.skip("no container engine: docker info cannot be run")
    if done.returncode != 0:
        pytest.skip("no container engine runs on this machine (docker info)")
