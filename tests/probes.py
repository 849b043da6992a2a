"""Make probes that have been run, without a worker."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from accounts.models import User
from annotator.models import ReasoningStep, StepProbe
from trajectories.models import Trajectory
from validation.models import Probe, ProbeResult, Recipe, Run, TreeName


def make_probe(
    user: User,
    trajectory: Trajectory,
    step: ReasoningStep | None = None,
    *,
    judgement: str = "as_claimed",
    **fields: Any,
) -> Probe:
    """Make a probe with one result; without a judgement its run is still queued."""
    values: dict[str, Any] = {
        "task_revision": trajectory.task_revision,
        "tree": TreeName.BASE,
        "command": "python reproduce.py",
        "expectation": {"kind": "exit_status", "equals": 1},
        **fields,
    }
    probe = Probe.objects.create(trajectory=trajectory, asked_by=user, **values)
    add_result(probe, judgement)
    if step is not None:
        StepProbe.objects.create(reasoning_step=step, probe=probe)
    return probe


def add_result(probe: Probe, judgement: str = "as_claimed") -> ProbeResult:
    recipe, _ = Recipe.objects.get_or_create(digest="cd" * 32)
    done: dict[str, Any] = {"state": "finished", "outcome": "ran", "finished_at": timezone.now()}
    is_model = probe.tree == TreeName.MODEL
    run = Run.objects.create(
        task_revision=probe.task_revision,
        trajectory=probe.trajectory if is_model else None,
        tree=probe.tree,
        with_test_patch=probe.with_test_patch,
        command=probe.command,
        test_ids=probe.test_ids,
        recipe=recipe,
        purpose="probe",
        requested_by=probe.asked_by,
        exit_code=1,
        environment_key="a" * 64,
        tested_tree="b" * 40,
        **(done if judgement else {}),
    )
    return ProbeResult.objects.create(
        probe=probe,
        run=run,
        judgement=judgement,
        reason="The exit status is 1." if judgement else "",
        concluded_at=timezone.now() if judgement else None,
    )
