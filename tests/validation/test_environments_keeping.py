"""What builds leave on the disk stays within its limit, and nothing goes that somebody uses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from tests.validation.conftest import CalcRepository
from tests.validation.test_environments import built
from trajectories.git import Mirror
from trajectories.models import Task
from validation import environments as builds
from validation.environments import (
    RecipeSpec,
    in_use,
    kept_environments,
    make_room,
    remove_abandoned_builds,
    remove_environment,
)
from validation.environments.keeping import SHARED_CACHE, WHEELS_LOCK, note_wheels
from validation.environments.locks import locked
from validation.models import Environment, EnvironmentState, RecipeUse
from validation.sandbox import choose_sandbox
from validation.services.environments import environment_of, remove_built
from validation.services.failures import InfrastructureFailure
from validation.services.results import Journal

MEGABYTE = 1_000_000
A, B, C = (letter * 64 for letter in "abc")


def make_built(folder: Path, key: str, *, minutes_ago: int, size: int = MEGABYTE) -> Path:
    """Make what a build leaves behind, without building."""
    path = folder / key
    (path / "environment").mkdir(parents=True)
    interpreter = {"path": sys.executable, "prefix": sys.base_prefix, "version": "3.11.0"}
    about = {"interpreter": interpreter, "size_bytes": size}
    (path / "about.json").write_text(json.dumps(about))
    (path / "build.log").write_text("$ uv venv\n")
    used_at = time.time() - 60 * minutes_ago
    os.utime(path, (used_at, used_at))
    return path


def room(folder: Path, megabytes: int) -> list[str]:
    return make_room(folder, megabytes * MEGABYTE, choose_sandbox())


HOLD = """
import sys, time
from pathlib import Path
from typing import Any
from validation.environments import in_use
with in_use(Path(sys.argv[1]), sys.argv[2]):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process_using(folder: Path, key: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), key],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_those_used_longest_ago_go_first(tmp_path: Path) -> None:
    for key, minutes in ((A, 5), (B, 30), (C, 10)):
        make_built(tmp_path, key, minutes_ago=minutes)

    removed = room(tmp_path, 2)

    assert removed == [B]
    assert [kept.key for kept in kept_environments(tmp_path)] == [C, A]
    assert room(tmp_path, 2) == []


def test_finding_an_environment_is_using_it(tmp_path: Path) -> None:
    make_built(tmp_path, A, minutes_ago=30)
    make_built(tmp_path, B, minutes_ago=5)

    assert builds.find_environment(tmp_path, A) is not None

    assert room(tmp_path, 1) == [B]


def test_what_another_process_uses_stays_whatever_the_limit(tmp_path: Path) -> None:
    for key, minutes in ((A, 30), (B, 5)):
        make_built(tmp_path, key, minutes_ago=minutes)

    with another_process_using(tmp_path, A):
        assert room(tmp_path, 0) == [B]
        assert not remove_environment(tmp_path, A)

    assert room(tmp_path, 0) == [A]
    assert kept_environments(tmp_path) == []


def test_a_killed_process_keeps_nothing_from_being_removed(tmp_path: Path) -> None:
    make_built(tmp_path, A, minutes_ago=5)

    with another_process_using(tmp_path, A) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()

        assert room(tmp_path, 0) == [A]


def test_any_number_of_runs_share_an_environment(tmp_path: Path) -> None:
    make_built(tmp_path, A, minutes_ago=5)

    with another_process_using(tmp_path, A), in_use(tmp_path, A, lambda: True):
        assert room(tmp_path, 0) == []


def test_many_who_make_room_at_once_remove_no_more_than_is_needed(tmp_path: Path) -> None:
    for number in range(10):
        make_built(tmp_path, f"{number:064x}", minutes_ago=number)
    removed: list[str] = []
    threads = [threading.Thread(target=lambda: removed.extend(room(tmp_path, 4))) for _ in range(4)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(removed) == [f"{number:064x}" for number in range(4, 10)]
    assert len(kept_environments(tmp_path)) == 4


def test_a_removal_that_was_killed_is_finished_by_the_next(tmp_path: Path) -> None:
    doomed = tmp_path / f".building-{A}-abc"
    make_built(doomed, A, minutes_ago=5)

    remove_abandoned_builds(tmp_path)

    assert not doomed.exists()


def test_an_environment_from_before_sizes_were_kept_is_measured(tmp_path: Path) -> None:
    path = make_built(tmp_path, A, minutes_ago=5)
    (path / "about.json").write_text(json.dumps({"interpreter": {}}))
    (path / "environment" / "large").write_bytes(b"x" * 3 * MEGABYTE)

    (kept,) = kept_environments(tmp_path)

    assert kept.size_bytes > 3 * MEGABYTE


def test_wheels_take_a_quarter_of_the_limit_at_most(tmp_path: Path) -> None:
    cache = tmp_path / SHARED_CACHE / "uv"
    cache.mkdir(parents=True)
    (cache / "unknown to uv").write_bytes(b"x" * 2 * MEGABYTE)
    note_wheels(tmp_path, ["Some_Package"])
    make_built(tmp_path, A, minutes_ago=5)

    assert room(tmp_path, 4) == []

    assert not (tmp_path / SHARED_CACHE).exists()


def test_the_wheels_of_a_package_used_long_ago_go_first(tmp_path: Path) -> None:
    built(RecipeSpec(packages=("iniconfig==2.1.0", "Pygments==2.19.2")), tmp_path)
    long_ago = time.time() - 3600
    os.utime(tmp_path / ".wheels-used" / "pygments", (long_ago, long_ago))
    remains = tmp_path / SHARED_CACHE

    make_room(tmp_path, 4 * (size_on_disk(remains) - MEGABYTE), choose_sandbox())

    assert list(remains.rglob("iniconfig-2.1.0*"))
    assert not list(remains.rglob("pygments-2.19.2*"))


def test_nobody_waits_for_a_long_installation_to_make_room(tmp_path: Path) -> None:
    make_built(tmp_path, A, minutes_ago=5)
    (tmp_path / SHARED_CACHE).mkdir()
    (tmp_path / SHARED_CACHE / "wheel").write_bytes(b"x" * MEGABYTE)

    with locked(tmp_path, WHEELS_LOCK):
        assert room(tmp_path, 1) == [A]

    assert (tmp_path / SHARED_CACHE / "wheel").exists()


def size_on_disk(folder: Path) -> int:
    return sum(path.lstat().st_blocks * 512 + 1024 for path in folder.rglob("*"))


@pytest.fixture
def data(data_folder: Path) -> Path:
    return data_folder / "environments"


def environment_for(task: Task, mirror: Mirror, base: str) -> builds.Environment:
    recipe = RecipeUse.objects.get(task=task).recipe
    try:
        with environment_of(
            recipe,
            mirror,
            base,
            sandbox=choose_sandbox(),
            journal=Journal(),
            cancelled=lambda: False,
        ) as environment:
            return environment
    except InfrastructureFailure as error:
        if error.may_pass:
            pytest.skip(f"the package index does not answer: {error}")
        raise


def test_size_and_last_use_of_an_environment_are_kept(
    calc_task: Task, calc_mirror: Mirror, calc: CalcRepository, data: Path
) -> None:
    before = timezone.now()
    environment_for(calc_task, calc_mirror, calc.base)
    first = Environment.objects.get()
    environment_for(calc_task, calc_mirror, calc.base)

    again = Environment.objects.get()

    assert first.state == EnvironmentState.READY
    assert first.size_bytes == again.size_bytes == kept_environments(data)[0].size_bytes
    assert first.last_used_at and again.last_used_at
    assert before < first.last_used_at < again.last_used_at


def test_a_removed_environment_is_built_again_when_it_is_wanted(
    calc_task: Task, calc_mirror: Mirror, calc: CalcRepository, data: Path
) -> None:
    environment = environment_for(calc_task, calc_mirror, calc.base)

    remove_built(Environment.objects.get())

    row = Environment.objects.get()
    assert (row.size_bytes, row.state) == (None, EnvironmentState.READY)
    assert not environment.path.exists()

    again = environment_for(calc_task, calc_mirror, calc.base)

    assert again.path.exists()
    assert Environment.objects.get().size_bytes


def test_a_build_makes_room_for_itself(
    calc_task: Task,
    calc_mirror: Mirror,
    calc: CalcRepository,
    data: Path,
    settings: Any,
) -> None:
    settings.RETRACE_ENVIRONMENTS_BYTES = 50 * MEGABYTE
    make_built(data, A, minutes_ago=5, size=49 * MEGABYTE)
    recipe = RecipeUse.objects.get(task=calc_task).recipe
    Environment.objects.create(key=A, recipe=recipe, state="ready", size_bytes=49 * MEGABYTE)

    environment = environment_for(calc_task, calc_mirror, calc.base)

    assert [kept.key for kept in kept_environments(data)] == [environment.key]
    assert Environment.objects.get(key=A).size_bytes is None


def test_an_environment_older_than_the_database_gets_its_record(
    calc_task: Task, calc_mirror: Mirror, calc: CalcRepository, data: Path
) -> None:
    environment = environment_for(calc_task, calc_mirror, calc.base)
    Environment.objects.all().delete()

    environment_for(calc_task, calc_mirror, calc.base)

    row = Environment.objects.get()
    assert (row.key, row.state) == (environment.key, EnvironmentState.READY)
    assert "uv venv" in row.log
