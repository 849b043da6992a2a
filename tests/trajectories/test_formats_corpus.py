"""The real files: as many steps as their sources say, and a reason for what is not read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from trajectories.classify import classify_step
from trajectories.formats import UnreadableTrajectory, read_trajectories

pytestmark = pytest.mark.corpus
READ_FOLDERS = ("swe-agent-0x/", "swe-agent-1x/", "mini-swe-agent/", "atif/")
CLAUDE_FOLDERS = ("claude-code-jsonl/", "claude-code-stream-json/", "iflow-session/")
OPENHANDS_FOLDERS = ("openhands-output-jsonl/", "openhands-events-json/")


def table_rows(document: Path) -> list[list[str]]:
    lines = document.read_text().splitlines()
    return [[cell.strip() for cell in ln.strip("|").split("|")] for ln in lines if ln[:1] == "|"]


def is_read(name: str) -> bool:
    folders = READ_FOLDERS + CLAUDE_FOLDERS + OPENHANDS_FOLDERS
    return name.startswith(folders) and not name.endswith((".yaml", ".traces.json"))


def test_every_file_of_the_formats_that_are_read_has_the_steps_that_its_provenance_says(
    corpus: Path,
) -> None:
    folder = corpus / "trajectories"
    rows = [row for row in table_rows(folder / "PROVENANCE.md") if is_read(row[0])]
    rows = [row for row in rows if not row[0].startswith(OPENHANDS_FOLDERS)]
    assert len(rows) >= 20
    for row in rows:
        (trajectory,) = read_trajectories((folder / row[0]).read_bytes())
        # What a summary replaced is a step of its own here, which the table does not count.
        turns = [step for step in trajectory.steps if "condensation" not in step.extra]
        assert (row[0], len(turns)) == (row[0], int(row[7]))
        assert trajectory.instance_id in {"", row[6]}


def test_no_call_or_result_of_a_recorded_session_is_lost(corpus: Path) -> None:
    (path,) = (corpus / "trajectories" / "claude-code-stream-json").iterdir()
    (trajectory,) = read_trajectories(path.read_bytes())
    calls = [call.tool_call_id for step in trajectory.steps for call in step.tool_calls]
    answered = [seen.tool_call_id for step in trajectory.steps for seen in step.observations]
    assert (len(calls), len(answered)) == (214, 213)
    assert set(answered) <= set(calls)


def test_the_files_of_openhands_have_the_actions_that_their_provenance_says(corpus: Path) -> None:
    folder = corpus / "trajectories"
    rows = table_rows(folder / "PROVENANCE.md")
    rows = [row for row in rows if row[0].startswith(OPENHANDS_FOLDERS)]
    assert len(rows) == 5
    for row in rows:
        read = read_trajectories((folder / row[0]).read_bytes())
        calls = [call for one in read for step in one.steps for call in step.tool_calls]
        # "105 in 3 rows"; a reply without a call, such as a message, is not counted there.
        assert (row[0], len(calls)) == (row[0], int(row[7].split(" ")[0]))
        if " rows" in row[7]:
            assert len(read) == int(row[7].split(" ")[2])


def test_the_runnable_trajectories_have_the_steps_exit_status_and_patch_of_their_table(
    corpus: Path,
) -> None:
    folder = corpus / "runnable"
    rows = [row for row in table_rows(folder / "README.md") if row[0].endswith(".traj")]
    assert rows
    for name, steps, exit_status, has_patch in rows:
        (read,) = read_trajectories((folder / "trajectories" / name).read_bytes())
        assert (name, len(read.steps), read.exit_status, read.has_patch) == (
            name,
            int(steps),
            exit_status,
            has_patch == "yes",
        )


def test_every_other_file_is_refused_with_one_reason(corpus: Path) -> None:
    folder = corpus / "trajectories"
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not is_read(name):
            with pytest.raises(UnreadableTrajectory, match=r"\w.*\."):
                read_trajectories(path.read_bytes())


def test_every_real_step_gets_a_summary_in_one_line(corpus: Path) -> None:
    for path in sorted((corpus / "trajectories").glob("*swe-agent*/*.traj*")):
        for step in read_trajectories(path.read_bytes())[0].steps:
            summary = classify_step(step).summary
            assert summary
            assert not re.search(r"[\x00-\x1f\x7f]", summary)
            assert len(summary) <= 300
