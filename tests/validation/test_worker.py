"""A real worker of the queue `runs`, killed in the middle of a run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest
from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from tests.paths import PROJECT_FOLDER
from tests.validation.conftest import give_recipe
from trajectories.models import Task
from validation.models import Outcome, Run, RunState, TreeName
from validation.sandbox import SandboxUnavailable, choose_sandbox
from validation.services.leases import LEASE_SECONDS

pytestmark = pytest.mark.django_db(transaction=True)

# Long enough for the worker to be killed while the tests run, whatever the machine does besides.
TEST_COMMAND = "sleep 5; python run_tests.py tests/test_calc.py"


class Workers:
    """Starts workers that use this test's database and data folder."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        name = f"runs{len(self._started)}-{os.getpid()}@%h"
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "celery", "--app", "annotator.config", "worker"),
                    *("--queues", "runs", "--concurrency", "1", "--hostname", name),
                ],
                cwd=PROJECT_FOLDER,
                env=_environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._started.append(process)
        return process

    def stop(self) -> None:
        for process in self._started:
            kill(process)


def _environment() -> dict[str, str]:
    """Point the worker to this test's servers; a broker database of its own keeps others out."""
    database = connection.settings_dict
    host = quote(str(database["HOST"]), safe="")
    address = f"postgresql://{database['USER']}@/{database['NAME']}?host={host}"
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "annotator.config.settings.local",
        "DATABASE_URL": f"{address}&port={database['PORT']}",
        "REDIS_URL": f"{settings.REDIS_URL.partition('?')[0]}?virtual_host=3",
        "RETRACE_DATA": str(settings.RETRACE_DATA),
        "SECRET_KEY": "only for this test",
    }


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a worker with everything it started, as a machine that loses power does."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait(timeout=10)


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    pytest.importorskip("swebench", reason="swebench belongs to requirements/runs.txt")
    try:
        choose_sandbox()
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    started = Workers(tmp_path / "workers.log")
    yield started
    started.stop()


def wait_until(run: Run, condition: Callable[[Run], bool], seconds: float, log: Path) -> None:
    """Look at the run until it is as wanted; on failure show what the workers wrote."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        run.refresh_from_db()
        if condition(run):
            return
        time.sleep(0.1)
    raise AssertionError(f"{run.state} {run.outcome} {run.reason}\n{log.read_text()[-4000:]}")


def test_a_run_survives_the_death_of_its_worker(
    calc_task: Task, workers: Workers, tmp_path: Path
) -> None:
    give_recipe(calc_task, TEST_COMMAND)
    calc_task.refresh_from_db()
    run = Run.objects.create(
        task_revision=calc_task.current_revision,
        tree=TreeName.GOLD,
        recipe=calc_task.recipe_use.recipe,
    )
    # No message carries it: the worker's sweeper has to find it.
    Run.objects.update(created_at=Now() - timezone.timedelta(minutes=1))
    log = tmp_path / "workers.log"
    first = workers.start()
    wait_until(run, lambda run: run.state == RunState.RUNNING, 60, log)
    left = list((settings.RETRACE_DATA / "work").iterdir())
    kill(first)
    killed = time.monotonic()
    workers.start()
    wait_until(run, lambda run: run.attempt == 2, LEASE_SECONDS + 20, log)
    assert time.monotonic() - killed < LEASE_SECONDS + 20
    wait_until(run, lambda run: run.is_finished, 60, log)
    assert (run.outcome, run.attempt) == (Outcome.RESOLVED, 2)
    assert len(left) == 1
    assert list((settings.RETRACE_DATA / "work").iterdir()) == []
    assert _sandboxed("sleep 5") == []


def _sandboxed(command: str) -> list[int]:
    """Return processes of this test's runs that are still there."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        words = " ".join(process.info["cmdline"] or [])
        if command in words and str(settings.RETRACE_DATA) in words:
            found.append(process.pid)
    return found


def test_every_task_module_loads_without_swebench_in_the_process(tmp_path: Path) -> None:
    """The package costs seconds and hundreds of megabytes: only the grading process may have it."""
    program = (
        "import sys, annotator.config\n"
        "annotator.config.celery_app.loader.import_default_modules()\n"
        "import validation.tasks\n"
        "assert 'validation.grading.client' in sys.modules\n"
        "assert not [name for name in sys.modules if name.startswith('swebench')]\n"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "annotator.config.settings.test"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT_FOLDER,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
