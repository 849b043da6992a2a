"""The sample in JavaScript is true like the other, and its tests run from end to end."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from tests.samples_batch.conftest import SAMPLES
from trajectories.formats import read_trajectories
from validation import broker
from validation.environments.interpreters import InterpreterNotFound, find_node
from validation.sandbox import SandboxUnavailable, choose_sandbox

JAVASCRIPT = SAMPLES / "javascript"
INSTANCE = "retrace-samples__rows-7"
(FILE,) = (JAVASCRIPT / "trajectories").iterdir()


@pytest.fixture(scope="module")
def rows_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from build_repository import build

    destination = tmp_path_factory.mktemp("rows") / "rows.git"
    build(destination, JAVASCRIPT)
    return destination


@pytest.fixture(scope="module")
def task() -> dict[str, Any]:
    (line,) = (JAVASCRIPT / "tasks.jsonl").read_text("utf-8").splitlines()
    row: dict[str, Any] = json.loads(line)
    return row


@pytest.fixture(scope="module")
def node() -> None:
    """Skip, with the reason, where Node or a sandbox is missing."""
    from recorder.sandbox import SandboxMissing, require_sandbox

    try:
        find_node()
    except InterpreterNotFound as error:
        pytest.skip(str(error))
    try:
        require_sandbox("node")
        choose_sandbox()
    except (SandboxMissing, SandboxUnavailable) as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.mark.usefixtures("node")
def test_the_row_is_what_the_history_makes(rows_repository: Path, task: dict[str, Any]) -> None:
    from build_tasks import task_rows

    assert task_rows(rows_repository, JAVASCRIPT) == [task]


@pytest.mark.usefixtures("node")
def test_every_command_in_javascript_still_prints_what_was_recorded(
    capsys: pytest.CaptureFixture[str],
) -> None:
    import record

    assert record.main(["--javascript", "--check"]) == 0, capsys.readouterr().out


def test_the_attempt_is_read_whole() -> None:
    (parsed,) = read_trajectories(FILE.read_bytes())

    assert (parsed.instance_id, len(parsed.steps)) == (INSTANCE, 9)
    assert parsed.model_patch is not None
    assert "logicalLines" in parsed.model_patch


@pytest.fixture
def own_queue(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(broker, "QUEUE", f"runs-{tmp_path.name}")
    monkeypatch.setattr(broker, "_KEY", f"worker-{tmp_path.name}:")


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("node", "own_queue")
def test_base_fails_gold_passes_and_the_attempt_misses_one_wish(
    rows_repository: Path, task: dict[str, Any], tmp_path: Path
) -> None:
    """Loaded by the commands that load any batch; the environment needs no network."""
    pytest.importorskip("swebench", reason="swebench belongs to requirements/runs.txt")
    quiet = {"stdout": io.StringIO()}
    call_command("add_repository", task["repo"], source=str(rows_repository), **quiet)
    call_command("load_tasks", str(JAVASCRIPT / "tasks.jsonl"), batch="javascript", **quiet)
    call_command("load_recipes", str(JAVASCRIPT / "recipes.jsonl"), **quiet)
    call_command("load_trajectories", str(JAVASCRIPT / "trajectories"), batch="javascript", **quiet)

    report = tmp_path / "report.json"
    call_command("validate", batch="javascript", wait=True, report=report, **quiet)

    base, gold, model = json.loads(report.read_text())["runs"]
    failing, passing = (json.loads(task[name]) for name in ("FAIL_TO_PASS", "PASS_TO_PASS"))
    assert (base["outcome"], gold["outcome"]) == ("not_resolved", "resolved")
    assert {base["tests"][test] for test in failing} == {"FAILED"}
    assert {base["tests"][test] for test in passing} == {"PASSED"}
    assert set(gold["tests"].values()) == {"PASSED"}
    assert (model["outcome"], model["is_suspect"]) == ("not_resolved", False)
    assert {test for test, status in model["tests"].items() if status == "FAILED"} == {
        "- keeps the kind of line break that a field has",
        "- writes what can be read again",
    }
