"""The real data sets: which rows are read, and why the others are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from trajectories.task_rows import ParsedTask, RefusedRow, read_task_rows

pytestmark = pytest.mark.corpus


@pytest.mark.parametrize(
    "name",
    [
        "swe-bench-lite-test",
        "swe-bench-lite-test.later-revision",
        "swe-bench-lite-dev",
        "swe-bench-verified.sample100",
        "swe-bench-verified.sample50",
        "swe-bench-verified-mini",
        "swe-bench-verified.no-tests",
        "swe-bench-multilingual",
        "swe-bench-pro.native",
        "swe-agent-testdata.debug",
        "swe-agent-testdata.dev-easy",
        "swe-agent-testdata.lite-test",
    ],
)
def test_every_row_of_the_swe_bench_family_is_read(corpus: Path, name: str) -> None:
    path = corpus / "tasks" / f"{name}.jsonl"
    results = list(read_task_rows(path))
    assert [result for result in results if isinstance(result, RefusedRow)] == []
    assert len(results) == path.read_bytes().count(b"\n")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("multi-swe-bench", "Multi-SWE-bench"),
        ("swe-bench-pro.repackaged", "gold_patch"),
        ("swe-agent-testdata.human-eval", "human-eval"),
    ],
)
def test_rows_of_other_shapes_are_refused_by_name(corpus: Path, name: str, reason: str) -> None:
    for result in read_task_rows(corpus / "tasks" / f"{name}.jsonl"):
        assert isinstance(result, RefusedRow)
        assert reason in result.reason
        assert result.instance_id


def test_a_row_of_swe_smith_without_test_patch_is_read(corpus: Path) -> None:
    (path,) = (corpus / "trajectories" / "task-instances").glob("*.json")
    (task,) = read_task_rows(path)
    assert isinstance(task, ParsedTask)
    assert task.test_patch == ""
    assert task.fail_to_pass
