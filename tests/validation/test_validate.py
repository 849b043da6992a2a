"""The commands that load recipes and validate tasks, each working alone."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.factories import make_batch, make_repository, make_task
from tests.validation.conftest import F2P, GOLD, P2P, trajectory_with
from trajectories.models import Task
from validation import broker
from validation.models import Recipe, RecipeUse, Run, RunState
from validation.sandbox import SandboxUnavailable, choose_sandbox
from validation.services.recipes import load_recipe_file, recipe_for

# Only what is committed is seen by the thread that renews a lease.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_queue(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(broker, "QUEUE", f"runs-{tmp_path.name}")
    monkeypatch.setattr(broker, "_KEY", f"worker-{tmp_path.name}:")


@pytest.fixture
def sandbox() -> None:
    pytest.importorskip("swebench", reason="swebench belongs to requirements/runs.txt")
    try:
        choose_sandbox()
    except SandboxUnavailable as error:
        pytest.skip(str(error))


def validate(tmp_path: Path, *arguments: str, **options: Any) -> dict[str, Any]:
    report = tmp_path / "report.json"
    call_command("validate", *arguments, report=report, stdout=io.StringIO(), **options)
    found: dict[str, Any] = json.loads(report.read_text())
    return found


def test_a_batch_is_validated_on_base_gold_and_every_patch(
    calc_task: Task, tmp_path: Path, sandbox: None
) -> None:
    solves, does_nothing = trajectory_with(calc_task, GOLD), trajectory_with(calc_task, "")
    batch = make_batch(solves, does_nothing)
    report = validate(tmp_path, batch=batch.slug, wait=True)
    assert [
        (run["instance_id"], run["tree"], run["trajectory"], run["outcome"], run["resolved"])
        for run in report["runs"]
    ] == [
        ("retrace__calc-1", "base", None, "not_resolved", False),
        ("retrace__calc-1", "gold", None, "resolved", True),
        ("retrace__calc-1", "model", solves.pk, "resolved", True),
        ("retrace__calc-1", "model", does_nothing.pk, "not_resolved", False),
    ]
    assert report["runs"][0]["tests"] == {F2P: "FAILED", P2P: "PASSED"}
    assert report["refused"] == []


def test_without_wait_runs_are_only_queued(calc_task: Task, tmp_path: Path) -> None:
    trajectory_with(calc_task, GOLD)
    waiting_before = broker.queue_length()
    report = validate(tmp_path, calc_task.instance_id, "--tree", "base", "--tree", "gold")
    assert [(run["tree"], run["outcome"]) for run in report["runs"]] == [
        ("base", None),
        ("gold", None),
    ]
    assert set(Run.objects.values_list("state", flat=True)) == {RunState.QUEUED}
    assert broker.queue_length() == waiting_before + 2


def test_one_trajectory_can_be_chosen(calc_task: Task, tmp_path: Path) -> None:
    trajectory_with(calc_task, GOLD)
    chosen = trajectory_with(calc_task, "")
    report = validate(tmp_path, "--tree", "model", trajectory=chosen.pk)
    assert [run["trajectory"] for run in report["runs"]] == [chosen.pk]


def test_waiting_has_an_end(calc_task: Task, tmp_path: Path, sandbox: None) -> None:
    broker.beat(broker.WorkerInfo("runs@elsewhere", "bubblewrap", ""))
    with pytest.raises(CommandError, match=r"Not all runs were finished after 0\.5 s"):
        validate(tmp_path, calc_task.instance_id, wait=True, timeout=0.5)


def test_a_task_that_cannot_be_validated_is_refused_with_the_reason(
    calc_task: Task, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_task("retrace__calc-2", fail_to_pass=None)
    make_task("retrace__calc-3")
    report = validate(
        tmp_path, "retrace__calc-1", "retrace__calc-2", "retrace__calc-3", "--tree", "base"
    )
    assert [run["instance_id"] for run in report["runs"]] == ["retrace__calc-1"]
    reasons = {refused["instance_id"]: refused["reason"] for refused in report["refused"]}
    assert "names no FAIL_TO_PASS" in reasons["retrace__calc-2"]
    assert "load_recipes" in reasons["retrace__calc-3"]
    assert "retrace__calc-3 base: There is no environment recipe" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "Name tasks"),
        (("nobody__knows-1",), "no task nobody__knows-1"),
        (("--batch", "nowhere"), "no batch nowhere"),
        (("--trajectory", "99999"), "no trajectory 99999"),
    ],
)
def test_what_is_not_there_is_named(arguments: tuple[str, ...], reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        call_command("validate", *arguments)


# --- load_recipes ----------------------------------------------------------------------------


def write(tmp_path: Path, *lines: object) -> Path:
    path = tmp_path / "recipes.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def test_recipes_are_loaded_once_and_shared(tmp_path: Path) -> None:
    first, second = make_task("a__b-1"), make_task("a__b-2")
    path = write(
        tmp_path,
        {"instance_id": "a__b-1", "test_command": "pytest"},
        {"instance_id": "a__b-2", "test_command": "pytest"},
    )
    assert [entry.status for entry in load_recipe_file(path)] == ["loaded", "loaded"]
    assert [entry.status for entry in load_recipe_file(path)] == ["unchanged", "unchanged"]
    assert Recipe.objects.count() == 1
    assert first.recipe_use.recipe == second.recipe_use.recipe


def test_the_tasks_own_recipe_goes_before_its_rows_and_its_versions() -> None:
    task = make_task("a__b-1", make_repository("a/b"), version="2.0")
    revision = task.current_revision
    assert revision is not None
    assert recipe_for(revision) is None

    def assign(tmp: dict[str, Any]) -> str:
        from validation.recipes import parse_entry
        from validation.services.recipes import assign_recipe

        assign_recipe(parse_entry(tmp))
        found = recipe_for(revision)
        assert found is not None
        return found.test_command

    assert assign({"repo": "a/b", "test_command": "any"}) == "any"
    assert assign({"repo": "a/b", "version": "2.0", "test_command": "two"}) == "two"
    revision.extra = {"install_config": {"test_cmd": "row", "install": "pip install ."}}
    assert assign({"repo": "a/b", "version": "3.0", "test_command": "three"}) == "row"
    assert assign({"instance_id": "a__b-1", "test_command": "own"}) == "own"
    assert RecipeUse.objects.count() == 4


def test_refused_entries_are_told_with_file_and_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_task("a__b-1")
    path = write(
        tmp_path,
        {"instance_id": "a__b-1", "test_command": "pytest"},
        {"instance_id": "a__b-9", "test_command": "pytest"},
        {"repo": "no/where", "test_command": "pytest"},
        {"instance_id": "a__b-1"},
    )
    report = tmp_path / "report.json"
    call_command("load_recipes", str(path), report=report)
    said = capsys.readouterr()
    assert "Recipes: 1 loaded, 0 unchanged, 3 refused." in said.out
    assert f"{path}:2: a__b-9: There is no task a__b-9" in said.err
    assert f"{path}:3: no/where: There is no repository" in said.err
    assert f"{path}:4: test_command is missing" in said.err
    statuses = [entry["status"] for entry in json.loads(report.read_text())["entries"]]
    assert statuses == ["loaded", "refused", "refused", "refused"]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"not json\n"])
def test_a_file_without_recipes_fails(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.jsonl"
    path.write_bytes(content)
    with pytest.raises(CommandError, match="No recipe was loaded"):
        call_command("load_recipes", str(path))
