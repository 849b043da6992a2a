from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from accounts.models import Event
from trajectories.loading import BadBatchSlug, LoadReport, load_tasks
from trajectories.models import Batch, BatchTask, Repository, Task, TaskRevision, TaskRow

ROW: dict[str, Any] = {
    "repo": "owner/name",
    "instance_id": "owner__name-1",
    "base_commit": "a" * 40,
    "patch": "diff --git a/x b/x\n",
    "test_patch": "diff --git a/t b/t\n",
    "problem_statement": "It fails.",
    "hints_text": "Look at x.",
    "created_at": "2020-01-01T00:00:00Z",
    "version": "1.0",
    "FAIL_TO_PASS": '["t::a"]',
    "PASS_TO_PASS": '["t::b", "t::c"]',
    "environment_setup_commit": "b" * 40,
}


def write_rows(path: Path, *rows: Any) -> Path:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return path


def load(path: Path, *rows: Any, batch: str = "first") -> LoadReport:
    return load_tasks([write_rows(path / "rows.jsonl", *rows)], batch_slug=batch)


def statuses(report: LoadReport) -> list[str]:
    return [item.status for file in report.files for item in file.items]


def current(instance_id: str = "owner__name-1") -> TaskRevision:
    revision = Task.objects.get(instance_id=instance_id).current_revision
    assert revision is not None
    return revision


def without(*keys: str) -> dict[str, Any]:
    return {key: value for key, value in ROW.items() if key not in keys}


@pytest.mark.django_db
def test_a_row_becomes_a_task_with_its_first_revision(tmp_path: Path) -> None:
    assert statuses(load(tmp_path, {**ROW, "difficulty": "<15 min fix", "image": "x"})) == [
        "loaded"
    ]
    revision = current()
    assert revision.number == 1
    assert revision.fail_to_pass == ["t::a"]
    assert revision.upstream_created_at == "2020-01-01T00:00:00Z"
    assert revision.extra == {"image": "x"}
    assert revision.dataset == "rows"
    assert TaskRow.objects.get().row["FAIL_TO_PASS"] == '["t::a"]'
    assert Repository.objects.get().source == "https://github.com/owner/name.git"


@pytest.mark.django_db
def test_the_same_file_twice_changes_nothing(tmp_path: Path) -> None:
    load(tmp_path, ROW)
    revisions = Event.objects.filter(verb="task revised").count()
    report = load(tmp_path, ROW)
    assert statuses(report) == ["unchanged"]
    assert report.files[0].status == "unchanged"
    assert TaskRevision.objects.count() == TaskRow.objects.count() == BatchTask.objects.count() == 1
    assert Event.objects.filter(verb="task revised").count() == revisions


@pytest.mark.django_db
def test_other_content_becomes_a_new_revision_that_names_what_changed(tmp_path: Path) -> None:
    load(tmp_path, ROW)
    report = load(tmp_path, {**ROW, "PASS_TO_PASS": ["t::b"]})
    assert report.files[0].items[0].reason == "Revision 2, new or changed: pass_to_pass."
    assert current().pass_to_pass == ["t::b"]
    assert TaskRevision.objects.get(number=1).pass_to_pass == ["t::b", "t::c"]


@pytest.mark.django_db
def test_a_lacking_field_never_erases_a_known_one(tmp_path: Path) -> None:
    load(tmp_path, ROW)
    lacking = {
        **without("version", "FAIL_TO_PASS", "environment_setup_commit"),
        "hints_text": None,
        "PASS_TO_PASS": "",
    }
    assert statuses(load(tmp_path, lacking)) == ["unchanged"]
    assert current().number == 1
    assert TaskRow.objects.count() == 2


@pytest.mark.django_db
def test_a_row_that_knows_more_completes_the_one_before(tmp_path: Path) -> None:
    load(tmp_path, without("FAIL_TO_PASS", "PASS_TO_PASS"))
    load(tmp_path, {**ROW, "problem_statement": "It fails.", "hints_text": ""})
    assert current().number == 2
    assert current().fail_to_pass == ["t::a"]
    assert current().hints_text == "Look at x."


@pytest.mark.django_db
def test_the_order_and_the_notation_of_test_lists_are_no_difference(tmp_path: Path) -> None:
    load(tmp_path, ROW)
    other = {**ROW, "FAIL_TO_PASS": ["t::a"], "PASS_TO_PASS": ["t::c", "t::b"]}
    assert statuses(load(tmp_path, other)) == ["unchanged"]


@pytest.mark.django_db
def test_an_older_row_that_comes_again_does_not_bring_its_content_back(tmp_path: Path) -> None:
    load(tmp_path, ROW)
    load(tmp_path, {**ROW, "problem_statement": "It fails badly."})
    assert statuses(load(tmp_path, ROW)) == ["unchanged"]
    assert current().problem_statement == "It fails badly."


@pytest.mark.django_db
def test_one_id_twice_in_a_file_is_loaded_once_or_revised(tmp_path: Path) -> None:
    report = load(tmp_path, ROW, ROW, {**ROW, "version": "2.0"})
    assert statuses(report) == ["loaded", "unchanged", "loaded"]
    assert current().version == "2.0"
    assert BatchTask.objects.count() == 1


@pytest.mark.django_db
def test_a_bad_row_is_reported_with_its_line_and_the_good_ones_load(tmp_path: Path) -> None:
    report = load(tmp_path, ROW, "{broken", {**ROW, "instance_id": "owner__name-2"})
    assert statuses(report) == ["loaded", "refused", "loaded"]
    assert report.files[0].items[1].reason.startswith("line 2: Not valid JSON")
    assert report.files[0].reason == "1 of 3 refused."
    assert not report.is_complete
    assert Task.objects.count() == 2


@pytest.mark.django_db
def test_a_task_without_test_lists_says_that_it_cannot_be_validated(tmp_path: Path) -> None:
    report = load(tmp_path, without("FAIL_TO_PASS", "PASS_TO_PASS"))
    assert "Cannot be validated" in report.files[0].items[0].reason
    assert current().fail_to_pass is None


@pytest.mark.django_db
def test_a_row_of_another_repository_does_not_move_the_task(tmp_path: Path) -> None:
    load(tmp_path, ROW)
    report = load(tmp_path, {**ROW, "repo": "evil/name"})
    assert "belongs to owner/name" in report.files[0].items[0].reason
    assert not Repository.objects.filter(name="evil/name").exists()


@pytest.mark.django_db
def test_nul_characters_do_not_reach_the_database(tmp_path: Path) -> None:
    load(tmp_path, {**ROW, "problem_statement": "a\0b", "image": {"x\0": "\0"}})
    assert current().problem_statement == "a␀b"
    assert current().extra == {"image": {"x␀": "␀"}}


@pytest.mark.django_db
def test_a_missing_or_broken_file_is_refused_with_a_reason(tmp_path: Path) -> None:
    empty = write_rows(tmp_path / "empty.jsonl")
    report = load_tasks([tmp_path / "none.jsonl", empty], batch_slug="first")
    assert [file.status for file in report.files] == ["refused", "refused"]
    assert report.files[0].reason == "Cannot be read: No such file or directory."


@pytest.mark.django_db
def test_tasks_keep_their_place_in_a_batch(tmp_path: Path) -> None:
    load(tmp_path, ROW)
    load(tmp_path, {**ROW, "instance_id": "owner__name-2"}, ROW)
    members = BatchTask.objects.filter(batch__slug="first")
    assert [(m.position, m.task.instance_id) for m in members] == [
        (1, "owner__name-1"),
        (2, "owner__name-2"),
    ]
    assert Batch.objects.get().title == "First"


@pytest.mark.django_db
@pytest.mark.parametrize("slug", ["", "a/b", "a b", "x" * 101])
def test_a_slug_that_cannot_stand_in_an_address_is_refused(slug: str, tmp_path: Path) -> None:
    with pytest.raises(BadBatchSlug):
        load(tmp_path, ROW, batch=slug)


@pytest.mark.django_db(transaction=True)
def test_two_loads_at_once_make_one_task_and_one_revision(tmp_path: Path) -> None:
    rows = [{**ROW, "instance_id": f"owner__name-{number}"} for number in range(20)]
    file = write_rows(tmp_path / "rows.jsonl", *rows)
    reports: list[LoadReport] = []

    def run() -> None:
        try:
            reports.append(load_tasks([file], batch_slug="both"))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reports) == 3
    assert sum(report.counts()["loaded"] for report in reports) == 20
    assert sum(report.counts()["unchanged"] for report in reports) == 40
    assert Task.objects.count() == TaskRevision.objects.count() == BatchTask.objects.count() == 20


@pytest.mark.corpus
@pytest.mark.django_db
def test_every_row_of_lite_and_verified_loads(corpus: Path) -> None:
    names = sorted((corpus / "tasks").glob("swe-bench-lite-*")) + sorted(
        (corpus / "tasks").glob("swe-bench-verified*")
    )
    report = load_tasks(names, batch_slug="real")
    assert len(report.files) == 7
    assert report.is_complete
    n_rows = sum(name.read_bytes().count(b"\n") for name in names)
    assert sum(len(file.items) for file in report.files) == n_rows
    later = corpus / "tasks" / "swe-bench-lite-test.later-revision.jsonl"
    for line in later.read_text().splitlines():
        revised = Task.objects.get(instance_id=json.loads(line)["instance_id"])
        assert revised.revisions.count() >= 2
    # A row without test lists came last: it erased none of them.
    assert TaskRevision.objects.filter(fail_to_pass=[]).count() == 0
    assert load_tasks(names, batch_slug="real").counts()["loaded"] == 0
