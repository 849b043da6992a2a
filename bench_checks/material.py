"""What faults are made of, beside the annotation itself: plain data of the task and the attempt."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trajectories.models import Step


@dataclass(frozen=True)
class AgentStep:
    """A step of the trajectory; `kind` is what the file's reader called it."""

    number: int
    kind: str
    command: str
    output: str

    @property
    def ran_tests(self) -> bool:
        return self.kind == "test" and "pytest" in self.command


@dataclass(frozen=True)
class Material:
    """The evidence of one trajectory, as far as faults need it.

    `files` are the lines at base, `patched` the paths that the gold and the model patch change,
    `outcomes` the status of tests by tree, `resolved` whether the model patch resolves the task.
    """

    issue: str
    gold_message: str
    steps: tuple[AgentStep, ...]
    files: Mapping[str, tuple[str, ...]]
    patched: Mapping[str, frozenset[str]]
    fail_to_pass: tuple[str, ...]
    outcomes: Mapping[str, Mapping[str, str]]
    resolved: bool | None = None


def material_of(source_file_sha256: str, item_key: str) -> Material:
    """Read the material of a trajectory that is loaded here."""
    from trajectories.code import cited_file_lines, mirror_of, patch_of, tree_id
    from trajectories.models import Trajectory
    from validation.models import Run, RunState

    trajectory = Trajectory.objects.select_related("task__repository", "task_revision").get(
        source_file__sha256=source_file_sha256, item_key=item_key
    )
    revision = trajectory.task_revision
    base = tree_id(revision, "base")
    files = mirror_of(revision.task.repository).list_files(base)
    outcomes: dict[str, dict[str, str]] = {}
    resolved = None
    runs = Run.objects.filter(task_revision=revision, state=RunState.FINISHED).order_by("pk")
    for run in runs:
        if run.trajectory_id in (None, trajectory.pk):
            outcomes[run.tree] = dict(run.tests.values_list("test_id", "status"))
            resolved = run.outcome == "resolved" if run.tree == "model" else resolved
    return Material(
        issue=revision.problem_statement,
        gold_message=_message(revision.patch),
        steps=tuple(map(_agent_step, trajectory.steps.order_by("number"))),
        files={
            entry.path: tuple(cited_file_lines(revision, base, entry.path))
            for entry in files
            if entry.path.endswith(".py")
        },
        patched={
            which: frozenset(change.path for change in patch_of(trajectory, which).files)
            for which in ("gold", "model")
        },
        fail_to_pass=tuple(revision.fail_to_pass or ()),
        outcomes=outcomes,
        resolved=resolved,
    )


def _agent_step(step: Step) -> AgentStep:
    return AgentStep(
        number=step.number,
        kind=step.kind,
        command=json.dumps([call.get("arguments") for call in step.tool_calls]),
        output="\n".join(str(each.get("content") or "") for each in step.observations),
    )


def _message(patch: str) -> str:
    """Return the commit message above a patch in the format of e-mails, or an empty text."""
    head = patch.partition("\ndiff --git ")[0]
    found = re.search(r"^Subject: (?:\[PATCH[^\]]*\] )?(.+)", head, re.MULTILINE | re.DOTALL)
    return found[1].partition("\n---\n")[0].strip() if found else ""
