"""Checked claims of an exported line, executed again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.core.management.base import CommandError

from annotator.submissions import schema_violations
from reviews.content import reasoning_steps, root_cause_of
from trajectories.models import TaskRevision, Trajectory
from validation.models import ProbeJudgement, Run, RunPriority, TreeName
from validation.probes import Verdict, read_expectation, sentence
from validation.services.probes import Claim, judge_run, request_claim
from validation.services.requests import RunRefused


@dataclass(frozen=True)
class Rerun:
    """A claim of an export: how it fared then, and now."""

    instance_id: str
    # The place in the chain, from 1; 0 is the root cause.
    step: int
    uid: str
    sentence: str
    then: str
    then_reason: str
    claim: Claim
    environment_then: str = ""
    tree_then: str = ""
    run_id: int | None = None
    now: str = ""
    now_reason: str = ""
    environment_now: str = ""
    tree_now: str = ""

    @property
    def step_name(self) -> str:
        return f"R{self.step}" if self.step else "root cause"

    @property
    def is_same(self) -> bool:
        return self.then == self.now


def ask_again(line: dict[str, Any]) -> Iterator[Rerun]:
    """Ask for a run of every checked claim of a line; one that cannot be had says why."""
    content = line["annotation"].get("content")
    if not isinstance(content, dict) or (broken := schema_violations(content)):
        raise CommandError(f"A line of the export does not fit its schema: {broken[:3]}")
    for number, step in enumerate([root_cause_of(content), *reasoning_steps(content)]):
        for frozen in (step or {}).get("probes", []):
            yield _asked(_rerun(content, number, frozen), content)


def conclude(rerun: Rerun) -> Rerun:
    """Judge the run, if there was one and it is finished."""
    run = Run.objects.filter(pk=rerun.run_id).first() if rerun.run_id else None
    if run is None:
        return rerun
    if not run.is_finished:
        return replace(rerun, now=_words(Verdict.COULD_NOT_RUN), now_reason="Not finished yet.")
    judged = judge_run(run, rerun.claim.expectation)
    return replace(
        rerun,
        now=_words(judged.verdict),
        now_reason=judged.reason,
        environment_now=run.environment_key,
        tree_now=run.tested_tree,
    )


def described(rerun: Rerun) -> dict[str, Any]:
    """Return the rerun for a report, with whether environment and tree are those of then."""
    known = {name: value for name, value in asdict(rerun).items() if name != "claim"}
    return {
        **known,
        "is_same": rerun.is_same,
        "is_same_environment": rerun.environment_now == rerun.environment_then,
        "is_same_tree": rerun.tree_now == rerun.tree_then,
    }


def _rerun(content: dict[str, Any], number: int, frozen: dict[str, Any]) -> Rerun:
    claim = Claim(
        tree=TreeName(frozen["tree"]),
        expectation=read_expectation(frozen["expectation"]),
        with_test_patch=frozen["with_test_patch"],
        command=frozen["command"],
        test_ids=tuple(frozen["test_ids"]),
        extra_patch=frozen["extra_patch"],
    )
    result = frozen["result"]
    return Rerun(
        instance_id=content["task"]["instance_id"],
        step=number,
        uid=frozen["uid"],
        sentence=sentence(
            claim.expectation,
            tree=claim.tree,
            with_test_patch=claim.with_test_patch,
            has_own_patch=bool(claim.extra_patch),
            command=claim.command,
            test_ids=claim.test_ids,
        ),
        then=_words(result["judgement"]),
        then_reason=result["reason"],
        claim=claim,
        environment_then=result["environment_key"],
        tree_then=result["tested_tree"],
    )


def _asked(rerun: Rerun, content: dict[str, Any]) -> Rerun:
    try:
        revision = _revision(content["task"])
        trajectory = _trajectory(content) if rerun.claim.tree == TreeName.MODEL else None
        run = request_claim(revision, trajectory, rerun.claim, priority=RunPriority.BULK)
    except RunRefused as refused:
        return replace(rerun, now=_words(Verdict.COULD_NOT_RUN), now_reason=str(refused))
    return replace(rerun, run_id=run.pk)


def _revision(task: dict[str, Any]) -> TaskRevision:
    found = TaskRevision.objects.filter(
        task__instance_id=task["instance_id"], content_sha256=task["content_sha256"]
    ).select_related("task__repository")
    revision = found.order_by("-number").first()
    if revision is None:
        raise RunRefused(
            f"{task['instance_id']} is not here with the content that was annotated: load its row"
            " (load_tasks)."
        )
    return revision


def _trajectory(content: dict[str, Any]) -> Trajectory:
    about = content["trajectory"]
    found = Trajectory.objects.filter(
        task__instance_id=content["task"]["instance_id"],
        source_file__sha256=about["source_file_sha256"],
        item_key=about["item_key"],
    ).first()
    if found is None:
        raise RunRefused("The trajectory is not here: load its file (load_trajectories).")
    return found


def _words(judgement: str) -> str:
    return str(ProbeJudgement(judgement).label).lower()
