"""The benchmark works: its input is the same each time, and a tiny run gives a figure for all."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from bench.browser import longest_task
from bench.inputs import digest, make_input
from bench.patches import file_patch, replacements
from bench.results import Goal, Results, percentile_95
from bench.sizes import SIZES
from tests.conftest import PROJECT_FOLDER
from tests.running_site import environment, short_folder
from validation.sandbox import SandboxUnavailable, choose_sandbox

RUN_SECONDS = 300


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = (make_input(tmp_path / name, SIZES["tiny"]) for name in ("one", "two"))
    assert digest(first.folder) == digest(second.folder)
    assert first.base_commit == second.base_commit


def test_input_that_is_there_is_used_again(tmp_path: Path) -> None:
    given = make_input(tmp_path / "input", SIZES["tiny"])
    before = given.tasks.stat().st_mtime_ns
    assert make_input(tmp_path / "input", SIZES["tiny"]).tasks.stat().st_mtime_ns == before


def test_input_of_another_size_replaces_it(tmp_path: Path) -> None:
    folder = tmp_path / "input"
    make_input(folder, SIZES["tiny"])
    (folder / "stamp.json").write_text(json.dumps({"seed": 1, "version": 0, "size": "another"}))
    (folder / "left-over").touch()
    make_input(folder, SIZES["tiny"])
    assert not (folder / "left-over").exists()


def test_every_patch_of_the_input_applies(tmp_path: Path) -> None:
    given = make_input(tmp_path / "input", SIZES["tiny"])
    tasks = (given.tasks.read_text() + given.extreme_tasks.read_text()).splitlines()
    patches = [json.loads(line)[key] for line in tasks for key in ("patch", "test_patch")]
    for folder in (given.runs, given.extreme_runs):
        patches += [json.loads(p.read_text())["info"]["submission"] for p in folder.iterdir()]
    for patch in patches:
        command = ["git", "-C", str(given.repository), "apply", "--check"]
        done = subprocess.run(command, input=patch, text=True, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr


def test_a_patch_changes_as_many_lines_as_were_asked_for() -> None:
    lines = [f"value_{number} = {number}" for number in range(300)]
    patch = file_patch("pkg/x.py", lines, replacements(Random(1), lines, 75, 12))
    body = [line for line in patch.splitlines() if not line.startswith(("---", "+++"))]
    assert sum(line.startswith("-") for line in body) == 75
    assert sum(line.startswith("+") for line in body) == 75


def test_p95_is_the_value_that_at_most_a_twentieth_exceeds() -> None:
    assert percentile_95([float(n) for n in range(1, 101)]) == 95
    assert percentile_95([3.0]) == 3


def test_the_longest_task_is_of_a_main_thread() -> None:
    def task(thread: int, microseconds: int) -> dict[str, object]:
        return {"pid": 1, "tid": thread, "name": "RunTask", "dur": 90_000, "tdur": microseconds}

    named = {"pid": 1, "tid": 7, "name": "thread_name", "args": {"name": "CrRendererMain"}}
    assert longest_task([task(7, 9_000), task(8, 50_000), named, task(7, 12_000)]) == 12


def test_a_goal_with_a_floor_is_a_ratio() -> None:
    assert Goal("P1", "page", "ms", figure=190, limit=2, floor=100).is_met
    assert not Goal("P1", "page", "ms", figure=210, limit=2, floor=100).is_met


def test_the_table_names_the_goals_that_are_missed() -> None:
    results = Results([Goal("P1", "page", "ms", 1, 2), Goal("P9", "wide diff", "ms", 3, 2)])
    assert results.missed == ["P9 (wide diff)"]
    assert "P9 (wide diff)" in results.as_text()


def is_usable() -> bool:
    try:
        choose_sandbox()
    except SandboxUnavailable:
        return False
    return True


@pytest.mark.browser
def test_a_tiny_run_measures_every_goal() -> None:
    with short_folder() as folder:
        done = subprocess.run(
            [sys.executable, "-m", "bench", "--size", "tiny", "--data", str(folder)],
            cwd=PROJECT_FOLDER,
            env=environment(folder / "never"),
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
        assert done.returncode in {0, 1}, done.stderr
        results = json.loads((folder / "tiny" / "results.json").read_text())
        assert not (folder / "never").exists()
    of_runs = {"run", "runs"} if is_usable() else set()
    assert {goal["name"] for goal in results["goals"]} == {
        "P1", "P2", "P3", "P4", "P5", "P8", "P9", "P10", "P11", "checks", *of_runs,
    }  # fmt: skip
    assert all(goal["figure"] > 0 for goal in results["goals"])
    assert done.returncode == bool(results["missed"])
