#!/usr/bin/env python3
"""Execute the recordings on the sample library and write the trajectory files.

    python samples/record.py            # execute all and write samples/trajectories/
    python samples/record.py --check    # execute all again; exit 1 where an output differs
    python samples/record.py --show NAME   # print thoughts, commands and outputs, write nothing
    python samples/record.py --javascript  # the same for samples/javascript/, with all of these

Needs bubblewrap, git and a Python that has pytest (the project's own environment does), or Node.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from build_repository import JAVASCRIPT, build
from recorder.formats import action_line, mini_swe_agent, swe_agent
from recorder.recordings import ExecutedStep, Recording, execute, load_recording
from recorder.sandbox import SandboxMissing, require_sandbox

HERE = Path(__file__).resolve().parent
_WRITERS = {"swe-agent": (swe_agent, ".traj"), "mini-swe-agent": (mini_swe_agent, ".traj.json")}

# What differs from one execution to the next, or from one machine to another, and means nothing:
# "3 passed in 0.04s"; "/opt/python/lib/python3.11/"; the ^^^^ that 3.11 and 3.12 put differently.
_VARIES = (
    (re.compile(r"\bin \d+\.\d+s\b"), "in 0.00s"),
    (re.compile(r"python3\.\d+"), "python3"),
    (re.compile(r"^ *[~^]+\n", re.MULTILINE), ""),
)


@dataclass(frozen=True)
class Attempt:
    """A recording and the task that it is an attempt at."""

    recording: Recording
    task: dict[str, Any]
    folder: Path

    @property
    def file(self) -> Path:
        return (
            self.folder / "trajectories" / (self.recording.name + _WRITERS[self.recording.agent][1])
        )

    def execute(self, repository: Path) -> list[ExecutedStep]:
        return execute(self.recording, repository, self.task["base_commit"])

    def document(self, executed: list[ExecutedStep]) -> dict[str, Any]:
        writer, _ = _WRITERS[self.recording.agent]
        return writer(self.recording, executed, self.task["problem_statement"])


def load_attempts(names: list[str], folder: Path = HERE) -> list[Attempt]:
    """Return the attempts of these names, all without any."""
    rows = (folder / "tasks.jsonl").read_text("utf-8").splitlines()
    tasks = {task["instance_id"]: task for task in map(json.loads, rows)}
    recordings = map(load_recording, sorted((folder / "recordings").glob("*.toml")))
    wanted = (found for found in recordings if not names or found.name in names)
    return [Attempt(recording, tasks[recording.instance_id], folder) for recording in wanted]


def written(document: dict[str, Any]) -> str:
    """Return a trajectory as it stands in its file."""
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def comparable(document: dict[str, Any]) -> str:
    """Return a trajectory without what may vary, one line of text per line of output."""
    return "\n".join(_flat("", _still(document)))


def _still(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _still(v) for k, v in value.items() if k not in ("execution_time", "timestamp")}
    if isinstance(value, list):
        return [_still(item) for item in value]
    if isinstance(value, str):
        for pattern, replacement in _VARIES:
            value = pattern.sub(replacement, value)
    return value


def _flat(path: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _flat(f"{path}.{key}", item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _flat(f"{path}[{index}]", item)
    else:
        for line in str(value).split("\n"):
            yield f"{path}: {line}"


def check(attempt: Attempt, repository: Path, file: Path | None = None) -> bool:
    """Execute an attempt again; print how it differs from its file, if it does."""
    file = file or attempt.file
    if not file.exists():
        print(f"{file.name}: not recorded yet, run samples/record.py")
        return False
    before = comparable(json.loads(file.read_text("utf-8")))
    after = comparable(attempt.document(attempt.execute(repository)))
    if before == after:
        print(f"{file.name}: {len(attempt.recording.steps)} steps, as recorded")
        return True
    names = (f"{file.name} as recorded", "executed now")
    diff = difflib.unified_diff(before.split("\n"), after.split("\n"), *names, lineterm="", n=1)
    print("\n".join(diff))
    return False


def show(attempt: Attempt, repository: Path) -> bool:
    """Print an attempt as it executes now."""
    for number, done in enumerate(attempt.execute(repository), start=1):
        print(f"--- {number}. {done.step.thought}\n$ {action_line(done.step)}")
        print(f"{done.result.output}[{done.result.returncode}]")
    return True


def record(attempt: Attempt, repository: Path) -> bool:
    """Execute an attempt and write its file."""
    document = attempt.document(attempt.execute(repository))
    # Times alone are no reason to touch a file.
    if not attempt.file.exists() or comparable(document) != comparable(
        json.loads(attempt.file.read_text("utf-8"))
    ):
        attempt.file.parent.mkdir(exist_ok=True)
        attempt.file.write_text(written(document), "utf-8")
        print(f"{attempt.file.name}: written")
    return True


def main(arguments: list[str] | None = None) -> int:
    """Record, check or show; return 1 where a check found a difference."""
    parser = argparse.ArgumentParser(description="Execute the recordings of the sample batch.")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_const", const=check, dest="act", default=record)
    mode.add_argument("--show", action="store_const", const=show, dest="act")
    parser.add_argument("names", nargs="*", help="recordings, without .toml; all if left out")
    parser.add_argument("--javascript", action="store_true")
    options = parser.parse_args(arguments)
    folder = JAVASCRIPT if options.javascript else HERE
    try:
        require_sandbox("node" if options.javascript else "python")
    except SandboxMissing as error:
        print(error, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as name:
        repository = Path(name) / "repository.git"
        build(repository, folder)
        attempts = load_attempts(options.names, folder)
        results = [options.act(attempt, repository) for attempt in attempts]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
