"""Claims of an export executed again where there is no worker: real git, sandbox and grading."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from accounts.models import User
from annotator.frozen_probes import frozen_probe
from annotator.models import StepProbe
from tests.factories import grant
from tests.reviews.factories import about, make_content, step_content
from tests.validation.conftest import F2P, GOLD, calc, calc_task, trajectory_with
from trajectories.models import Task, Trajectory
from validation.grading import client
from validation.models import Probe, TreeName
from validation.probes import OutputMatches, TestsFail
from validation.sandbox import SandboxUnavailable, choose_sandbox
from validation.services.execution import execute_run
from validation.services.probes import Claim, ask, conclude_probes

__all__ = ["calc", "calc_task"]

# A lease is renewed by a thread, which sees only what is committed.
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _sandbox_and_grading(monkeypatch: pytest.MonkeyPatch) -> Any:
    pytest.importorskip("swebench", reason="swebench belongs to requirements/runs.txt")
    try:
        choose_sandbox()
    except SandboxUnavailable as error:
        pytest.skip(str(error))
    monkeypatch.setattr("validation.services.requests.send", lambda run_id: None)
    yield
    client.close()


def checked(user: User, trajectory: Trajectory, claim: Claim) -> dict[str, Any]:
    """Execute a claim, and freeze it as a submission does."""
    probe = ask(user, trajectory, claim)
    assert execute_run(probe.results.get().run_id)
    assert conclude_probes() == 1
    return frozen_probe(StepProbe(probe=Probe.objects.with_results().get(pk=probe.pk)))


def test_claims_fare_as_they_did_in_the_same_environment_on_the_same_tree(
    annotator: User, calc_task: Task, tmp_path: Path
) -> None:
    trajectory = trajectory_with(calc_task, GOLD)
    grant(annotator, trajectory)
    command = "python -c 'import calc; print(calc.halve(3))'"
    probes = [
        checked(annotator, trajectory, Claim(TreeName.BASE, TestsFail(), test_ids=(F2P,))),
        checked(annotator, trajectory, Claim(TreeName.MODEL, OutputMatches("5$"), command=command)),
    ]
    assert [probe["result"]["judgement"] for probe in probes] == ["as_claimed"] * 2
    assert probes[0]["result"]["statuses"] == {F2P: "FAILED"}
    content = make_content(step_content(probes=probes), schema_version=2, **about(trajectory))
    export, report = tmp_path / "annotations.jsonl", tmp_path / "report.json"
    export.write_text(json.dumps({"annotation": {"content": content}}) + "\n")

    out = io.StringIO()
    call_command("rerun_probes", export, report=report, stdout=out)

    assert "2 of 2 claims fare as they did." in out.getvalue()
    for row in json.loads(report.read_text())["probes"]:
        assert (row["is_same"], row["is_same_environment"], row["is_same_tree"]) == (True,) * 3
        assert row["tree_now"] and row["environment_now"]
