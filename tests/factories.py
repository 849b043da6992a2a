"""Make the objects that most tests need, with contents that hold together."""

from __future__ import annotations

import itertools
from typing import Any

from django.core.files.base import ContentFile

from accounts.models import User
from trajectories.models import (
    Batch,
    BatchTask,
    BatchTrajectory,
    Grant,
    Repository,
    SourceFile,
    Step,
    Task,
    TaskRevision,
    Trajectory,
)

_numbers = itertools.count(1)

PATCH = """\
diff --git a/pkg/core.py b/pkg/core.py
--- a/pkg/core.py
+++ b/pkg/core.py
@@ -1,3 +1,3 @@
 def add(a, b):
-    return a - b
+    return a + b
 
"""  # noqa: W293 (an empty context line)

TEST_PATCH = """\
diff --git a/tests/test_core.py b/tests/test_core.py
new file mode 100644
--- /dev/null
+++ b/tests/test_core.py
@@ -0,0 +1,5 @@
+from pkg.core import add
+
+
+def test_add():
+    assert add(1, 2) == 3
"""


def make_repository(name: str = "retrace/sample", source: str = "/nowhere") -> Repository:
    return Repository.objects.get_or_create(name=name, defaults={"source": source})[0]


def make_task(instance_id: str = "", repository: Repository | None = None, **fields: Any) -> Task:
    """Make a task with one revision; `fields` are those of the revision."""
    task = Task.objects.create(
        instance_id=instance_id or f"retrace__sample-{next(_numbers)}",
        repository=repository or make_repository(),
    )
    values: dict[str, Any] = {
        "base_commit": "0" * 40,
        "problem_statement": "add() subtracts\n\nCalling `add(1, 2)` returns -1.",
        "hints_text": "the sign is wrong",
        "patch": PATCH,
        "test_patch": TEST_PATCH,
        "fail_to_pass": ["tests/test_core.py::test_add"],
        "pass_to_pass": [],
        "version": "1.0",
        "content_sha256": f"{next(_numbers):064x}",
        **fields,
    }
    task.current_revision = TaskRevision.objects.create(task=task, number=1, **values)
    task.save(update_fields=["current_revision"])
    return task


def make_trajectory(task: Task | None = None, n_steps: int = 3, **fields: Any) -> Trajectory:
    """Make a trajectory with `n_steps` steps; `fields` are its own."""
    task = task or make_task()
    assert task.current_revision is not None
    number = next(_numbers)
    source_file = SourceFile.objects.create(
        sha256=f"{number:064x}", size_bytes=2, content=ContentFile(b"{}", name=f"{number}.traj")
    )
    values: dict[str, Any] = {
        "file_name": f"{task.instance_id}.traj",
        "format": "swe-agent-1x",
        "agent_name": "SWE-agent",
        "model_name": "sample-model",
        "model_patch": PATCH,
        "exit_status": "submitted",
        "n_steps": n_steps,
        **fields,
    }
    trajectory = Trajectory.objects.create(
        task=task, task_revision=task.current_revision, source_file=source_file, **values
    )
    Step.objects.bulk_create(make_step(trajectory, number) for number in range(1, n_steps + 1))
    return trajectory


def make_step(trajectory: Trajectory, number: int, **fields: Any) -> Step:
    values: dict[str, Any] = {
        "kind": "run",
        "summary": f"python reproduce_{number}.py",
        "thought": f"Thought {number}: I run the reproduction.",
        "tool_calls": [
            {
                "tool_call_id": f"call_{number}",
                "function_name": "bash",
                "arguments": {"command": f"python reproduce_{number}.py"},
            }
        ],
        "observations": [
            {"tool_call_id": f"call_{number}", "content": f"-1\nline {number}\n", "exit_code": 0}
        ],
        **fields,
    }
    return Step(trajectory=trajectory, number=number, **values)


def make_batch(*trajectories: Trajectory, slug: str = "") -> Batch:
    number = next(_numbers)
    batch = Batch.objects.create(slug=slug or f"batch-{number}", title=f"Batch {number}")
    for position, trajectory in enumerate(trajectories, start=1):
        BatchTask.objects.get_or_create(
            batch=batch, task=trajectory.task, defaults={"position": position}
        )
        BatchTrajectory.objects.create(batch=batch, trajectory=trajectory, position=position)
    return batch


def grant(
    user: User, trajectory: Trajectory, *, sees_gold: bool = True, sees_verdicts: bool = True
) -> Grant:
    return Grant.objects.create(
        user=user, trajectory=trajectory, sees_gold=sees_gold, sees_verdicts=sees_verdicts
    )
