"""The trajectories of the sample batch were executed, and one of each two solves its task."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.samples_batch.conftest import SAMPLES
from trajectories.formats import ParsedTrajectory, read_trajectories

FILES = sorted((SAMPLES / "trajectories").iterdir())
SOLVED = {
    "retrace-samples__almanac-14": "mini-swe-agent-1.1",
    "retrace-samples__almanac-21": "swe-agent-1x",
    "retrace-samples__almanac-30": "mini-swe-agent-1.1",
}


def read(path: Path) -> ParsedTrajectory:
    (parsed,) = read_trajectories(path.read_bytes())
    return parsed


@pytest.mark.usefixtures("sandbox")
def test_every_command_still_prints_what_was_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    import record

    assert record.main(["--check"]) == 0, capsys.readouterr().out


@pytest.mark.usefixtures("sandbox")
def test_a_forged_output_is_found(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import record

    (attempt,) = record.load_attempts(["retrace-samples__almanac-14.swe-agent"])
    forged = tmp_path / attempt.file.name
    text = attempt.file.read_text("utf-8")
    assert "84 passed" in text
    forged.write_text(text.replace("84 passed", "85 passed"), "utf-8")
    assert not record.check(attempt, repository, forged)
    assert "85 passed" in capsys.readouterr().out


def test_each_task_has_two_attempts_in_different_formats() -> None:
    formats: dict[str, set[str]] = {}
    for path in FILES:
        parsed = read(path)
        formats.setdefault(parsed.instance_id, set()).add(parsed.format)
    assert formats == {
        instance_id: {"mini-swe-agent-1.1", "swe-agent-1x"} for instance_id in SOLVED
    }


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_trajectory_is_read_whole(path: Path) -> None:
    parsed = read(path)
    assert 10 <= len(parsed.steps) <= 25
    assert all(step.thought and len(step.tool_calls) == 1 for step in parsed.steps)
    assert parsed.exit_status.lower() == "submitted"
    assert parsed.model_patch is not None
    assert parsed.model_patch.startswith("diff --git ")


@pytest.mark.usefixtures("sandbox")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_one_of_two_attempts_solves_the_task(
    path: Path, repository: Path, tasks: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    parsed = read(path)
    assert parsed.model_patch is not None
    row = tasks[parsed.instance_id]
    passed = passing_with(repository, row, parsed.model_patch, tmp_path)
    wanted = {*json.loads(row["FAIL_TO_PASS"]), *json.loads(row["PASS_TO_PASS"])}
    assert (wanted <= passed) is (SOLVED[parsed.instance_id] == parsed.format)


def passing_with(repository: Path, row: dict[str, Any], patch: str, folder: Path) -> set[str]:
    """Return the tests that pass on base_commit with a patch and the test patch's own files."""
    from build_repository import git
    from build_tasks import test_files, tests_passing
    from recorder.recordings import check_out

    tree = folder / "tree"
    check_out(repository, row["base_commit"], tree)
    (folder / "model.patch").write_text(patch, "utf-8")
    (folder / "test.patch").write_text(row["test_patch"], "utf-8")
    git(tree, "apply", str(folder / "model.patch"))
    git(tree, "checkout", "-q", "--", "tests")
    git(tree, "apply", str(folder / "test.patch"))
    return set(tests_passing(tree, test_files(row["test_patch"])))
