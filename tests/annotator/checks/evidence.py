"""A trajectory with a real repository and real runs, and an annotation of it without a fault."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from annotator.checks import Finding
from annotator.checks.base import Subject
from annotator.checks.evidence import EVIDENCE_CHECKS
from annotator.checks.runner import run_checks
from annotator.citations.sources import Selected, find_passage
from annotator.citations.targets import as_json, read_target
from annotator.facts import facts_of
from tests.factories import make_task, make_trajectory
from tests.trajectories.git_repositories import SampleRepository, make_sample
from trajectories.access import Sight
from trajectories.code import fetch_repository, tree_id
from trajectories.models import Repository, Trajectory
from validation.models import Recipe, Run, RunTest

Content = dict[str, Any]
ALL = Sight(sees_gold=True, sees_verdicts=True)

MOTOR = '''\
"""Motors, and how fast they turn."""

import math

LIMIT = 9000


class Motor:
    def __init__(self, name):
        self.name = name
        self.turns_per_minute = 0

    def speed_up(self, turns):
        """Turn faster, up to the limit."""
        self.turns_per_minute = min(self.turns_per_minute, turns)

    def slow_down(self, turns):
        self.turns_per_minute = max(0, self.turns_per_minute - turns)


def angular_velocity(motor):
    return 2 * math.pi * motor.turns_per_minute / 30
'''
GOLD = """\
diff --git a/plant/motor.py b/plant/motor.py
--- a/plant/motor.py
+++ b/plant/motor.py
@@ -12,7 +12,7 @@ class Motor:

     def speed_up(self, turns):
         \"\"\"Turn faster, up to the limit.\"\"\"
-        self.turns_per_minute = min(self.turns_per_minute, turns)
+        self.turns_per_minute = min(LIMIT, self.turns_per_minute + turns)

     def slow_down(self, turns):
         self.turns_per_minute = max(0, self.turns_per_minute - turns)
@@ -19,4 +19,4 @@ class Motor:


 def angular_velocity(motor):
-    return 2 * math.pi * motor.turns_per_minute / 30
+    return 2 * math.pi * motor.turns_per_minute / 60
"""
# The first hunk alone.
MODEL = GOLD[: GOLD.index("@@ -19,4")]
TESTS = """\
diff --git a/tests/test_motor.py b/tests/test_motor.py
new file mode 100644
--- /dev/null
+++ b/tests/test_motor.py
@@ -0,0 +1,13 @@
+from plant.motor import Motor, angular_velocity
+
+
+def test_speed_up():
+    motor = Motor("a")
+    motor.speed_up(10)
+    assert motor.turns_per_minute == 10
+
+
+def test_angular_velocity():
+    motor = Motor("a")
+    motor.turns_per_minute = 60
+    assert round(angular_velocity(motor), 2) == 6.28
"""
SPEED_UP = "tests/test_motor.py::test_speed_up"
ANGULAR = "tests/test_motor.py::test_angular_velocity"
SLOW_DOWN = "tests/test_plant.py::test_slow_down"
STATUSES = {
    "base": {SPEED_UP: "FAILED", ANGULAR: "FAILED", SLOW_DOWN: "PASSED"},
    "gold": {SPEED_UP: "PASSED", ANGULAR: "PASSED", SLOW_DOWN: "PASSED"},
    "model": {SPEED_UP: "PASSED", ANGULAR: "FAILED", SLOW_DOWN: "PASSED"},
}


def make_plant(folder: Path) -> Trajectory:
    """Make the trajectory: two hunks of gold, of which the agent made the first."""
    sample = make_sample(folder / "plant")
    sample.add_files(
        {
            "plant/motor.py": MOTOR.encode(),
            "plant/__init__.py": b"",
            "tests/test_plant.py": b"def test_slow_down():\n    assert True\n",
            "README.md": b"Motors turn `turns_per_minute` times a minute.\n",
        }
    )
    return plant_of(sample)


def plant_of(sample: SampleRepository) -> Trajectory:
    repository = Repository.objects.create(name="retrace/plant", source=str(sample.path))
    fetch_repository(repository)
    task = make_task(
        repository=repository,
        base_commit=sample.commit,
        patch=GOLD,
        test_patch=TESTS,
        problem_statement="Motors do not turn\n\nAfter `speed_up(10)` a motor stands still.",
        fail_to_pass=[SPEED_UP, ANGULAR],
        pass_to_pass=[SLOW_DOWN],
    )
    trajectory = make_trajectory(task, model_patch=MODEL)
    for tree, statuses in STATUSES.items():
        make_verdict(trajectory, tree, statuses)
    return trajectory


def make_verdict(trajectory: Trajectory, tree: str, statuses: dict[str, str]) -> Run:
    recipe, _ = Recipe.objects.get_or_create(digest="cd" * 32)
    run = Run.objects.create(
        task_revision=trajectory.task_revision,
        trajectory=trajectory if tree == "model" else None,
        tree=tree,
        recipe=recipe,
        state="finished",
        outcome="resolved" if set(statuses.values()) == {"PASSED"} else "not_resolved",
    )
    for test_id, status in statuses.items():
        group = "pass_to_pass" if test_id == SLOW_DOWN else "fail_to_pass"
        RunTest.objects.create(run=run, test_id=test_id, group=group, status=status)
    return run


# --- an annotation ---------------------------------------------------------------------------


def cite(trajectory: Trajectory, kind: str, quote: str = "", **target: Any) -> Content:
    passage = find_passage(trajectory, ALL, read_target(kind, target), Selected(quote))
    return {
        "uid": str(uuid.uuid4()),
        "kind": kind,
        "target": as_json(passage.target),
        "quote": passage.quote,
        "prefix": passage.prefix,
        "suffix": passage.suffix,
        "start": passage.span.start,
        "end": passage.span.end,
        "content_sha256": passage.content_sha256,
    }


def cite_file(
    trajectory: Trajectory, tree: str, first: int, last: int, path: str = "plant/motor.py"
) -> Content:
    identity = tree_id(trajectory.task_revision, tree, trajectory)
    lines = {"start_line": first, "end_line": last}
    return cite(trajectory, "file", tree=tree, tree_id=identity, path=path, **lines)


def cite_test(trajectory: Trajectory, tree: str, test_id: str) -> Content:
    run = Run.objects.filter(tree=tree, purpose="validation").latest("pk")
    return cite(trajectory, "test", run=run.pk, test_id=test_id)


def step(kind: str, claim: str, rationale: str = "", **values: Any) -> Content:
    return {
        "uid": str(uuid.uuid4()),
        "kind": kind,
        "claim": claim,
        "rationale": rationale,
        "details": {},
        "options": [],
        "covers": [],
        "relations": [],
        "citations": [],
        "probes": [],
        **values,
    }


def hunk(number: int = 0, **fields: Any) -> Content:
    starts = ((12, 7), (19, 4))[number]
    return {
        "which": "gold",
        "path": "plant/motor.py",
        "old_start": starts[0],
        "old_count": starts[1],
        "new_start": starts[0],
        "new_count": starts[1],
        **fields,
    }


def good(trajectory: Trajectory) -> Content:
    """Return an annotation in which no check of evidence finds anything."""
    base = cite_file(trajectory, "base", 15, 15)
    option = {"for": "", "against": "It would hide the fault.", "considered_by": "neither"}
    chain = [
        step(
            "observation",
            "`Motor.speed_up` takes the smaller of two speeds (`plant/motor.py:15`)",
            "Line 15 of motor.py asks `min()` for `turns_per_minute` and `turns`, so a motor that "
            "stands still stays so. The issue says “a motor stands still”.",
            citations=[base, cite(trajectory, "issue", "a motor stands still")],
        ),
        step(
            "experiment",
            f"At base `{SPEED_UP}` fails",
            "`test_speed_up` fails at base; with the agent's patch it passes, and "
            "`test_angular_velocity` still fails with the agent's patch. All FAIL_TO_PASS tests "
            "pass at gold.",
            details={"stands_on": "trajectory", "expected": "That `speed_up()` does nothing"},
            citations=[cite_test(trajectory, "base", SPEED_UP)],
        ),
        step(
            "decision",
            "Mend `speed_up()`, not its callers",
            options=[
                {"title": "Mend it", "chosen": True, "evidence": [], **option},
                {"title": "Add `speed_up_safely()`", "chosen": False, "evidence": [], **option},
            ],
            details={"question": "Where is the fault?"},
            citations=[cite_file(trajectory, "base", 13, 18)],
        ),
        step(
            "change",
            "Add the turns, up to `LIMIT`",
            "See `self.turns_per_minute` in `plant/motor.py`; `math.pi` stays, as does `str`.",
            details={"hunks": [hunk(0), hunk(1)], "also_changed": ""},
            citations=[
                cite(
                    trajectory,
                    "patch",
                    which="gold",
                    path="plant/motor.py",
                    side="new",
                    start_line=22,
                    end_line=22,
                )
            ],
        ),
        step(
            "verification",
            "Both FAIL_TO_PASS tests pass with the gold patch",
            "The agent's patch does not resolve the task: `test_angular_velocity` fails there "
            "with the model's patch.",
            details={"tests": [SPEED_UP, ANGULAR], "does_not_show": "How `slow_down` ends."},
            citations=[cite_test(trajectory, "gold", ANGULAR)],
        ),
    ]
    cause = step("", "`speed_up` compares where it should add", citations=[base | {"uid": "c"}])
    return {
        "schema_version": 3,
        "task": {},
        "trajectory": {"n_steps": 3},
        "first_diagnosis": "The fault is in `speed_up`.",
        "diagnosis_committed_at": None,
        "edit_count": 1,
        "overview": {
            "task_kind": "bug_fix",
            "strategy": "Follow `turns_per_minute` through `plant/motor.py`.",
            "explains": "gold",
            "exit": "error_found",
            "exit_reason": "",
        },
        "root_cause": {
            key: cause[key] for key in ("uid", "claim", "rationale", "citations", "probes")
        }
        | {"elsewhere": ""},
        "misstep_list": 1,
        "judgements": [],
        "waivers": [],
        "reasoning_steps": chain,
    }


def findings(trajectory: Trajectory, content: Content) -> tuple[Finding, ...]:
    report = run_checks(Subject(content, facts_of(trajectory)), EVIDENCE_CHECKS)
    assert not report.broken
    return report.findings


def told(trajectory: Trajectory, content: Content) -> list[tuple[str, str, str]]:
    return [(f.check, f.severity.value, f.message) for f in findings(trajectory, content)]
