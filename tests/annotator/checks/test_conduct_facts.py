"""What the agent did, as it is read from the rows of a trajectory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from annotator.facts import facts_of
from annotator.facts.conduct import is_test_file, patched_files, read_steps, same_file
from tests.annotator.checks.recorded import parsed_in, read_conduct
from tests.factories import make_trajectory
from tests.samples_batch.conftest import SAMPLES
from trajectories.formats import UnreadableTrajectory
from trajectories.models import Step


def _shell(command: str, output: str = "", **fields: Any) -> Step:
    call = {"tool_call_id": "a", "function_name": "bash", "arguments": {"command": command}}
    seen = {"tool_call_id": "a", "content": output, "exit_code": 0}
    values = {"number": 1, "kind": "run", "files": [], **fields}
    return Step(tool_calls=[call], observations=[seen], **values)


def test_costs_one_query_for_any_number_of_steps_and_then_none(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    few, many = make_trajectory(n_steps=3), make_trajectory(n_steps=30)

    with django_assert_num_queries(1):
        assert facts_of(few).conduct.n_steps == 3
    with django_assert_num_queries(1):
        assert facts_of(many).conduct.n_steps == 30
    with django_assert_num_queries(0):
        assert facts_of(many).conduct.steps[29].ran_program


def test_reads_the_recorded_sample() -> None:
    conduct = read_conduct(
        parsed_in(SAMPLES / "trajectories" / "retrace-samples__almanac-14.swe-agent.traj")
    )

    assert conduct.editors_of("almanac/recurrence.py") == (7, 9)
    assert conduct.editors_of("recurrence.py") == (7, 9)
    assert conduct.readers_of("almanac/dates.py") == (6,)
    assert conduct.created == {"reproduce.py"}
    assert [step.number for step in conduct.test_steps] == [10, 13]
    assert [step.test_outcome for step in conduct.test_steps] == ["passed", "passed"]
    assert (conduct.first_edit, conduct.last_edit, conduct.submissions) == (7, 12, (14,))
    assert (conduct.exit_status, conduct.n_steps) == ("submitted", 14)


@pytest.mark.parametrize(
    ("command", "n_runs"),
    [
        ("pytest -q", 1),
        ("cd pkg && python -m pytest tests/test_core.py && git diff", 1),
        ("python -m unittest; tox -e py311", 2),
        ("ls tests/runtests.py", 0),
        ("grep -rn pytest .", 0),
        ("pip install pytest", 0),
        ("python reproduce.py", 0),
    ],
)
def test_tells_runs_of_tests_from_commands_that_name_them(command: str, n_runs: int) -> None:
    (step,) = read_steps([_shell(command)])

    assert len(step.test_runs) == n_runs


def test_a_file_is_created_once() -> None:
    first = _shell("cat > new.py <<'EOF'\nx = 1\nEOF", kind="edit", files=["new.py"])
    again = _shell("cat > new.py <<'EOF'\nx = 2\nEOF", kind="edit", files=["new.py"], number=2)

    before, after = read_steps([first, again])

    assert (before.created, before.edited) == ({"new.py"}, set())
    assert (after.created, after.edited) == (set(), {"new.py"})


def test_what_git_takes_back_is_restored() -> None:
    (step,) = read_steps([_shell("git checkout -- pkg/core.py", kind="vcs")])

    assert step.restored == {"pkg/core.py"}


@pytest.mark.parametrize(
    ("known", "said", "is_same"),
    [
        ("almanac/core.py", "core.py", True),
        ("almanac/core.py", "/testbed/almanac/core.py", True),
        ("repo__1.0/almanac/core.py", "almanac/core.py", True),
        ("almanac/score.py", "core.py", False),
        ("almanac/core.py", "tests/core.py", False),
    ],
)
def test_a_file_is_known_by_the_end_of_its_path(known: str, said: str, is_same: bool) -> None:
    assert same_file(known, said) == is_same


@pytest.mark.parametrize(
    ("path", "is_test"),
    [
        ("tests/test_core.py", True),
        ("pkg/core_test.go", True),
        ("src/core.spec.ts", True),
        ("django/test/client.py", False),
        ("pkg/contest.py", False),
    ],
)
def test_knows_files_of_tests(path: str, is_test: bool) -> None:
    assert is_test_file(path) == is_test


def test_reads_the_files_of_a_patch_with_any_line_ends() -> None:
    assert patched_files("--- a/x.py\r\n+++ b/x.py\r\n--- /dev/null\n+++ b/new.py\t2024\n") == {
        "x.py",
        "new.py",
    }


@pytest.mark.corpus
def test_reads_every_real_trajectory(corpus: Path) -> None:
    """Whatever the format: as many steps as there are, and runs of tests only in steps that ran."""
    n_read = n_edits = n_tests = 0
    for file in sorted((corpus / "trajectories").rglob("*")):
        if not file.is_file() or file.stat().st_size > 1_500_000:
            continue
        try:
            parsed = parsed_in(file)
        except (UnreadableTrajectory, IndexError):
            continue
        conduct = read_conduct(parsed)
        assert conduct.n_steps == len(parsed.steps)
        assert all(step.ran_program for step in conduct.test_steps)
        n_read += 1
        n_edits += any(step.changed for step in conduct.steps)
        n_tests += bool(conduct.test_steps)
    assert n_read > 20
    assert n_edits > 10
    assert n_tests > 3
