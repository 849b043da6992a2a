"""The ground of the benchmark: a site with the sample batch loaded and its tests run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT_FOLDER = Path(__file__).resolve().parents[1]
_VALIDATED = "sample-batch-validated"


@contextmanager
def ground(data: Path, *, with_runs: bool) -> Iterator[None]:
    """Set up Django and its servers in a data folder, with the sample batch as `make run` has it.

    The tests of base, gold and model patches are run once for a data folder.
    """
    data.mkdir(parents=True, exist_ok=True)
    os.environ["RETRACE_DATA"] = str(data)
    os.environ["DJANGO_SETTINGS_MODULE"] = "annotator.config.settings.local"
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "ALLOWED_HOSTS"):
        os.environ.pop(name, None)
    import django

    django.setup()
    from annotator.config.embedded import services
    from annotator.config.start import SAMPLE_BATCH, set_up

    with services(data):
        set_up(data)
        _fetch()
        validated = data / _VALIDATED
        if with_runs and not validated.exists():
            print("Running the tests of the sample batch ...", flush=True)
            _manage("validate", "--batch", SAMPLE_BATCH, "--wait")
            validated.touch()
        yield


def _fetch() -> None:
    """Fetch what no worker has fetched yet: there may be none."""
    from trajectories.code import fetch_repository
    from trajectories.models import Repository

    for repository in Repository.objects.filter(fetched_at=None):
        fetch_repository(repository)


def _manage(*arguments: str) -> None:
    subprocess.run(
        [sys.executable, str(PROJECT_FOLDER / "manage.py"), *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
    )
