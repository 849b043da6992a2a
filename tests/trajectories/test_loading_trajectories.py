from __future__ import annotations

import hashlib
import json
import threading
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import Event
from tests.factories import make_task
from trajectories.loading import LoadReport, load_tasks, load_trajectories
from trajectories.models import (
    BatchTrajectory,
    Repository,
    SourceFile,
    Step,
    StepKind,
    Task,
    Trajectory,
)

PATCH = "\ndiff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\n"
RUN: dict[str, Any] = {
    "environment": "swe_main",
    "trajectory": [
        {"action": "ls\n", "observation": "a.py\n", "thought": "look", "state": "{}"},
        {"action": "submit\n", "observation": PATCH, "thought": "done", "state": "{}"},
    ],
    "history": [],
    "info": {"exit_status": "submitted", "submission": PATCH},
}


def write(path: Path, document: Any = RUN) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
    return path


def load(*paths: Path, batch: str = "first") -> LoadReport:
    return load_trajectories(paths, batch_slug=batch)


def item_of(report: LoadReport) -> Any:
    ((item,),) = [file.items for file in report.files]
    return item


@pytest.mark.django_db
def test_a_file_becomes_a_trajectory_of_the_task_in_its_name(tmp_path: Path) -> None:
    task = make_task("pallets__flask-5063")
    item = item_of(load(write(tmp_path / "pallets__flask-5063.traj")))
    assert (item.status, item.format, item.steps, item.has_patch, item.reason) == (
        "loaded",
        "swe-agent-0x",
        2,
        True,
        "",
    )
    trajectory = Trajectory.objects.get()
    assert trajectory.task == task
    assert trajectory.task_revision == task.current_revision
    assert trajectory.model_patch == PATCH
    assert [step.summary for step in trajectory.steps.all()] == ["ls", "submit"]
    assert trajectory.steps.first().kind == StepKind.READ


@pytest.mark.django_db
def test_the_original_is_kept_byte_for_byte(tmp_path: Path) -> None:
    make_task("a__b-1")
    content = json.dumps(RUN).encode() + b"\r\n \xff"[:3]
    load(write(tmp_path / "a__b-1.traj", content))
    source = SourceFile.objects.get(sha256=hashlib.sha256(content).hexdigest())
    with source.content.open() as kept:
        assert kept.read() == content
    assert source.size_bytes == len(content)


@pytest.mark.django_db
def test_the_same_file_twice_changes_nothing(tmp_path: Path) -> None:
    make_task("a__b-1")
    path = write(tmp_path / "a__b-1.traj")
    load(path)
    events = Event.objects.filter(verb="trajectory loaded").count()
    assert item_of(load(path)).status == "unchanged"
    assert item_of(load(write(tmp_path / "again" / "a__b-1.x.traj"))).status == "unchanged"
    assert Trajectory.objects.count() == BatchTrajectory.objects.count() == 1
    assert SourceFile.objects.count() == 1
    assert Event.objects.filter(verb="trajectory loaded").count() == events


@pytest.mark.django_db
def test_an_unchanged_trajectory_can_join_another_batch(tmp_path: Path) -> None:
    path = write(tmp_path / "a__b-1.traj")
    load(path)
    load(path, batch="second")
    assert BatchTrajectory.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name",
    [
        "pallets__flask-5063.traj",
        "flask-prefix__pallets__flask-5063.sweagent-gpt4.traj",
        "pallets__flask-5063_2024.traj.json",
        "pallets__flask-5063/run.traj",
    ],
)
def test_a_loaded_id_is_found_in_longer_names_and_in_the_folder(name: str, tmp_path: Path) -> None:
    make_task("pallets__flask-506")
    make_task("pallets__flask-5063")
    assert item_of(load(write(tmp_path / name))).instance_id == "pallets__flask-5063"


@pytest.mark.django_db
def test_the_id_in_the_file_wins_over_its_name(tmp_path: Path) -> None:
    make_task("a__b-1")
    make_task("a__b-2")
    path = write(tmp_path / "a__b-1.traj", {**RUN, "environment": "a__b-2"})
    assert item_of(load(path)).instance_id == "a__b-2"


@pytest.mark.django_db
def test_a_name_with_two_ids_is_refused_with_the_remedy(tmp_path: Path) -> None:
    make_task("a__b-1")
    make_task("c__d-2")
    item = item_of(load(write(tmp_path / "a__b-1.c__d-2.traj")))
    assert item.status == "refused"
    assert "a__b-1, c__d-2" in item.reason
    assert "rename the file" in item.reason


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "instance_id", "repository"),
    [
        ("gpt4__django__django-13933.traj", "django__django-13933", "django/django"),
        ("demo-xml__a-b__c-1867.x.traj", "a-b__c-1867", "a-b/c"),
        ("ctf__networking_1.traj", "ctf__networking_1", "unknown/unknown"),
        ("github_issue.traj.json", "github_issue", "unknown/unknown"),
    ],
)
def test_a_trajectory_may_come_before_its_task(
    name: str, instance_id: str, repository: str, tmp_path: Path
) -> None:
    item = item_of(load(write(tmp_path / name)))
    assert (item.status, item.instance_id) == ("loaded", instance_id)
    assert "until load_tasks brings one" in item.reason
    assert Repository.objects.get().name == repository


@pytest.mark.django_db
def test_the_row_that_comes_later_fills_the_waiting_task(tmp_path: Path) -> None:
    load(write(tmp_path / "ctf__networking_1.traj"))
    row = {
        "instance_id": "ctf__networking_1",
        "repo": "owner/name",
        "base_commit": "a" * 40,
        "patch": "diff",
        "problem_statement": "x",
        "FAIL_TO_PASS": ["t"],
    }
    rows = write(tmp_path / "rows.json", [row])
    assert load_tasks([rows], batch_slug="first").counts()["loaded"] == 1
    trajectory = Trajectory.objects.select_related("task__repository", "task_revision").get()
    assert trajectory.task_revision.base_commit == "a" * 40
    assert trajectory.task_revision.number == 1
    assert trajectory.task.repository.name == "owner/name"


@pytest.mark.django_db
def test_a_folder_is_walked_and_what_is_no_trajectory_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    write(folder / "one" / "a__b-1.traj")
    write(folder / "README.md", b"# Runs\n")
    write(folder / ".hidden" / "x.traj")
    write(folder / "notes.json", b"{}")
    report = load(folder)
    found = {Path(file.path).name: file for file in report.files}
    assert {name: file.status for name, file in found.items()} == {
        "a__b-1.traj": "loaded",
        "README.md": "refused",
        ".hidden": "refused",
        "notes.json": "refused",
    }
    assert "Markdown" in found["README.md"].reason


@pytest.mark.django_db
def test_nothing_in_a_hostile_file_stops_the_load(tmp_path: Path) -> None:
    hostile = {
        "environment": "a__b-1",
        "trajectory": [
            {"action": "x\0\ud800", "observation": "\0" * 10, "execution_time": 1e308 * 10},
            {"action": None, "observation": {"a": ["\0", float("nan")]}, "state": {"\0": 1e999}},
        ],
        "info": {"exit_status": "e" * 999, "model_stats": {"instance_cost": 1e300}},
    }
    assert item_of(load(write(tmp_path / "x.traj", hostile))).status == "loaded"
    first = Step.objects.get(number=1)
    assert first.observations[0]["content"] == "␀" * 10
    assert first.tool_calls[0]["arguments"]["command"] == "x␀\ufffd"


@pytest.mark.django_db
def test_an_unusable_id_in_the_file_is_refused(tmp_path: Path) -> None:
    item = item_of(load(write(tmp_path / "x.traj", {**RUN, "environment": "../a__b-1"})))
    assert item.status == "refused"
    assert not Task.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_loads_at_once_make_one_trajectory(tmp_path: Path) -> None:
    path = write(tmp_path / "a__b-1.traj")
    reports: list[LoadReport] = []

    def run() -> None:
        try:
            reports.append(load(path))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(item_of(report).status for report in reports) == [
        "loaded",
        "unchanged",
        "unchanged",
    ]
    assert Trajectory.objects.count() == BatchTrajectory.objects.count() == 1


@pytest.mark.django_db
def test_the_command_writes_its_report_and_fails_if_anything_was_refused(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a__b-1.traj")
    report, out = tmp_path / "report.json", StringIO()
    options = {"batch": "first", "report": report, "stdout": out}
    call_command("load_trajectories", tmp_path / "in", **options)
    (file,) = json.loads(report.read_text())["files"]
    assert set(file) == {"path", "status", "reason", "items"}
    assert set(file["items"][0]) == {
        "instance_id",
        "format",
        "steps",
        "has_patch",
        "status",
        "reason",
    }
    write(tmp_path / "in" / "b.md", b"# no\n")
    with pytest.raises(SystemExit) as exit_:
        call_command("load_trajectories", tmp_path / "in", **options)
    assert exit_.value.code == 1
    assert "2 files: 0 loaded, 1 unchanged, 1 refused." in out.getvalue()


@pytest.mark.django_db
def test_a_repository_gets_the_source_that_an_admin_names(tmp_path: Path) -> None:
    (tmp_path / "copy" / ".git").mkdir(parents=True)
    call_command("add_repository", "a/b", source=str(tmp_path / "copy"), stdout=StringIO())
    assert Repository.objects.get().source == str(tmp_path / "copy")
    call_command("add_repository", "a/b", source="https://example.org/a/b.git", stdout=StringIO())
    assert Repository.objects.get().source == "https://example.org/a/b.git"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "source"), [("ab", "https://x/y"), ("a/b", "/nowhere/at/all"), ("a/b", "--upload=x")]
)
def test_a_repository_without_a_usable_name_or_source_is_refused(name: str, source: str) -> None:
    with pytest.raises(CommandError):
        call_command("add_repository", name, source=source)


@pytest.mark.corpus
@pytest.mark.django_db
def test_the_real_trajectories_load_with_their_steps(corpus: Path) -> None:
    load_tasks(sorted((corpus / "tasks").glob("swe-bench-*.jsonl")), batch_slug="real")
    folders = [
        corpus / "trajectories" / name
        for name in ("swe-agent-0x", "swe-agent-1x", "mini-swe-agent")
    ]
    report = load(*folders, corpus / "runnable" / "trajectories", batch="real")
    refused = [Path(file.path).name for file in report.files if file.status == "refused"]
    assert refused == ["str_replace_anthropic_demo.yaml"]
    for trajectory in Trajectory.objects.all():
        assert trajectory.steps.count() == trajectory.n_steps
    assert load(*folders, batch="real").counts()["loaded"] == 0


@pytest.mark.django_db
def test_two_rows_of_one_file_about_one_task_are_two_trajectories(tmp_path: Path) -> None:
    make_task("a__b-1")
    row = {"instance_id": "a__b-1", "history": [{"action": "run", "args": {"command": "ls"}}]}
    path = write(tmp_path / "output.jsonl", "\n".join([json.dumps(row)] * 2).encode())
    assert load(path).counts()["loaded"] == 2
    assert load(path).counts()["unchanged"] == 2
    assert Trajectory.objects.count() == 2


@pytest.mark.django_db
def test_lines_that_were_skipped_are_said_in_the_report(tmp_path: Path) -> None:
    make_task("a__b-1")
    record = {"type": "assistant", "message": {"role": "assistant", "content": "Done."}}
    item = item_of(load(write(tmp_path / "a__b-1.jsonl", json.dumps(record).encode() + b"\n42\n")))
    assert (item.status, item.steps) == ("loaded", 1)
    assert "hold no object: 1" in item.reason
