"""A grading process does not live for ever: what its parsers leave in memory goes with it."""

from __future__ import annotations

import psutil
import pytest

from validation.grading import client
from validation.grading.client import GradingProcess
from validation.grading.protocol import GradeRequest

REQUEST = GradeRequest(
    repository="retrace/calc",
    version="",
    log="PASSED a\n",
    exit_code=0,
    fail_to_pass=("a",),
    pass_to_pass=(),
    parser="parse_log_pytest",
)


def test_a_grading_process_is_renewed_after_so_many_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("swebench", reason="swebench belongs to requirements/runs.txt")
    monkeypatch.setattr(client, "GRADES_PER_PROCESS", 2)
    process = GradingProcess()
    try:
        pids = []
        for _ in range(5):
            assert process.grade(REQUEST).resolved
            pids.append(process.pid)
        assert pids[0] == pids[1] != pids[2] == pids[3] != pids[4]
        assert not psutil.pid_exists(pids[0] or 0)
    finally:
        process.close()


def test_it_is_renewed_after_some_hundred_runs() -> None:
    assert 100 <= client.GRADES_PER_PROCESS <= 1_000
