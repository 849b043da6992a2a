"""Recordings: the thoughts and commands of one attempt at a task, as a TOML file.

instance_id = "retrace-samples__almanac-14"
agent = "mini-swe-agent"             # or "swe-agent"
language = "JavaScript"              # Python if left out

[[step]]
thought = "…"
bash = "…"                           # or edit = {command, path, …}, or submit = true
"""

from __future__ import annotations

import tempfile
import time
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from build_repository import git

from recorder.editor import edit
from recorder.sandbox import Result, Sandbox

_SUBMIT = "git add -A && git diff --cached"


@dataclass(frozen=True)
class RecordedStep:
    """What the agent thought and asked for: `tool` is bash, str_replace_editor or submit."""

    thought: str
    tool: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Recording:
    """One attempt at a task, still to be executed."""

    name: str
    instance_id: str
    agent: str
    language: str
    started_at: float
    steps: tuple[RecordedStep, ...]


@dataclass(frozen=True)
class ExecutedStep:
    """A step with what came back."""

    step: RecordedStep
    result: Result
    seconds: float


def load_recording(path: Path) -> Recording:
    """Read one recording; its name is that of the file."""
    data = tomllib.loads(path.read_text("utf-8"))
    steps = tuple(_step(path, number, item) for number, item in enumerate(data["step"], 1))
    started_at = data["started_at"].timestamp()
    language = data.get("language", "Python")
    return Recording(path.stem, data["instance_id"], data["agent"], language, started_at, steps)


def _step(path: Path, number: int, item: dict[str, Any]) -> RecordedStep:
    thought = item.pop("thought").strip()
    if set(item) == {"bash"}:
        return RecordedStep(thought, "bash", {"command": item["bash"].strip("\n")})
    if set(item) == {"edit"}:
        return RecordedStep(thought, "str_replace_editor", item["edit"])
    if item == {"submit": True}:
        return RecordedStep(thought, "submit", {})
    raise SystemExit(f"{path}: step {number} needs one of bash, edit or submit, not {list(item)}")


def execute(recording: Recording, repository: Path, base_commit: str) -> list[ExecutedStep]:
    """Execute the steps one after the other on a fresh tree of base_commit."""
    with tempfile.TemporaryDirectory() as name:
        tree, temporary = Path(name, "tree"), Path(name, "tmp")
        temporary.mkdir()
        check_out(repository, base_commit, tree)
        sandbox = Sandbox(tree, temporary)
        return [_execute(sandbox, step) for step in recording.steps]


def check_out(repository: Path, commit: str, tree: Path) -> None:
    """Make a working tree at a commit, with no younger commit in its history."""
    tree.mkdir()
    git(tree, "init", "-q", "-b", "main", "--template=")
    git(tree, "fetch", "-q", "--no-tags", str(repository), commit)
    git(tree, "reset", "-q", "--hard", "FETCH_HEAD")


def _execute(sandbox: Sandbox, step: RecordedStep) -> ExecutedStep:
    started = time.monotonic()
    if step.tool == "str_replace_editor":
        result = Result(edit(sandbox.tree, step.arguments), 0)
    elif step.tool == "submit":
        result = sandbox.run(_SUBMIT)
    else:
        result = sandbox.run(step.arguments["command"])
    return ExecutedStep(step, result, round(time.monotonic() - started, 3))
