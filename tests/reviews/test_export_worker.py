"""A real worker of the queue `default` takes the export that a worker before it left."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection

from accounts.models import User
from reviews.models import Export, ExportState
from reviews.services.exports import UNFINISHED, request_export
from tests.paths import PROJECT_FOLDER
from tests.reviews.factories import make_approved

SECONDS = 60


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Path]:
    """Start a worker on this test's database; a broker database of its own keeps others out."""
    database = connection.settings_dict
    host = quote(str(database["HOST"]), safe="")
    address = f"postgresql://{database['USER']}@/{database['NAME']}?host={host}"
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "annotator.config.settings.local",
        "DATABASE_URL": f"{address}&port={database['PORT']}",
        "REDIS_URL": f"{settings.REDIS_URL.partition('?')[0]}?virtual_host=2",
        "RETRACE_DATA": str(settings.RETRACE_DATA),
        "SECRET_KEY": "only for this test",
    }
    log = tmp_path / "worker.log"
    command = [sys.executable, "-m", "celery", "--app", "annotator.config", "worker"]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--queues", "default", "--pool", "solo"],
            cwd=PROJECT_FOLDER,
            env=environment,
            stdout=output,
            stderr=output,
        )
        yield log
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def left_behind(annotator: User, reviewer: User, admin_user: User) -> Export:
    submission = make_approved(annotator, reviewer)
    return request_export(admin_user, submission.annotation.assignment.membership.batch)


@pytest.mark.django_db(transaction=True)
def test_worker_that_starts_takes_the_export_that_waits(left_behind: Export, worker: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while left_behind.state in UNFINISHED and time.monotonic() < deadline:
        time.sleep(0.2)
        left_behind.refresh_from_db()
    assert left_behind.state == ExportState.FINISHED, worker.read_text()
    assert left_behind.n_annotations == 1
    assert left_behind.file.size > 0
