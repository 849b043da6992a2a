"""Execute claims: ask for the run, conclude from it, run it again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models.functions import Now

from accounts import events
from accounts.models import User
from trajectories.access import Sight, sight_of
from trajectories.models import TaskRevision, Trajectory
from validation.models import (
    Outcome,
    Probe,
    ProbeResult,
    Run,
    RunPriority,
    RunState,
    RunTest,
    TreeName,
)
from validation.probes import (
    Expectation,
    Facts,
    Judgement,
    as_json,
    judge,
    read_expectation,
    sentence,
)
from validation.services.requests import Own, RunRefused, request_run

PURPOSE = "probe"
# Of the runs of probes: the others have nothing to judge by.
_JUDGED = (Outcome.RAN,)


@dataclass(frozen=True)
class Claim:
    """What somebody claims of the code, in a form that can be executed."""

    tree: TreeName
    expectation: Expectation
    with_test_patch: bool = True
    command: str = ""
    test_ids: tuple[str, ...] = ()
    extra_patch: str = ""

    @property
    def own(self) -> Own:
        return Own(self.command, self.test_ids, self.extra_patch)


def hidden_from(sight: Sight, tree: str, *, with_test_patch: bool) -> str:
    """Say why a person may not have this executed yet, or nothing where they may."""
    if tree == TreeName.GOLD and not sight.sees_gold:
        return "The gold patch is hidden until your first diagnosis, so nothing runs on it yet."
    if not sight.sees_verdicts and (with_test_patch or tree == TreeName.GOLD):
        return (
            "The task's tests would tell what is hidden until your first diagnosis;"
            " check the claim without test_patch."
        )
    return ""


@transaction.atomic
def ask(user: User, trajectory: Trajectory, claim: Claim) -> Probe:
    """Write a probe down and ask for its first run. Raise RunRefused, for secrecy too."""
    sight = sight_of(user, trajectory)
    if hidden := hidden_from(sight, claim.tree, with_test_patch=claim.with_test_patch):
        raise RunRefused(hidden)
    probe = Probe.objects.create(
        task_revision=trajectory.task_revision,
        trajectory=trajectory,
        tree=claim.tree,
        with_test_patch=claim.with_test_patch,
        extra_patch=claim.extra_patch,
        command=claim.command,
        test_ids=list(claim.test_ids),
        expectation=as_json(claim.expectation),
        asked_by=user,
    )
    _run(probe, user)
    return probe


@transaction.atomic
def rerun(user: User, probe: Probe) -> ProbeResult:
    """Run a probe once more; one that is on its way is not asked for a second time."""
    Probe.objects.select_for_update(of=("self",)).get(pk=probe.pk)
    newest = newest_result(probe)
    if newest is not None and not newest.judgement:
        return newest
    sight = sight_of(user, probe.trajectory)
    if hidden := hidden_from(sight, probe.tree, with_test_patch=probe.with_test_patch):
        raise RunRefused(hidden)
    return _run(probe, user, newest.run if newest else None)


def sentence_of(probe: Probe) -> str:
    """Say in words what a probe claims."""
    return sentence(
        read_expectation(probe.expectation),
        tree=probe.tree,
        with_test_patch=probe.with_test_patch,
        has_own_patch=bool(probe.extra_patch),
        command=probe.command,
        test_ids=probe.test_ids,
    )


def newest_result(probe: Probe) -> ProbeResult | None:
    return probe.results.select_related("run").order_by("-pk").first()


def claim_of(probe: Probe) -> Claim:
    """Return what a stored probe claims."""
    return Claim(
        tree=TreeName(probe.tree),
        expectation=read_expectation(probe.expectation),
        with_test_patch=probe.with_test_patch,
        command=probe.command,
        test_ids=tuple(probe.test_ids),
        extra_patch=probe.extra_patch,
    )


def request_claim(
    revision: TaskRevision,
    trajectory: Trajectory | None,
    claim: Claim,
    *,
    priority: RunPriority = RunPriority.PERSON,
    repeat_of: Run | None = None,
    user: User | None = None,
) -> Run:
    """Ask for the run that a claim needs. Raise RunRefused."""
    return request_run(
        revision,
        claim.tree,
        trajectory=trajectory,
        with_test_patch=claim.with_test_patch,
        purpose=PURPOSE,
        priority=priority,
        own=claim.own,
        repeat_of=repeat_of,
        user=user,
    )


def _run(probe: Probe, user: User, before: Run | None = None) -> ProbeResult:
    run = request_claim(
        probe.task_revision, probe.trajectory, claim_of(probe), repeat_of=before, user=user
    )
    events.record(user, "claim checked", probe, run=run.pk)
    return ProbeResult.objects.create(probe=probe, run=run)


def hand_in(probes: Iterable[Probe]) -> None:
    """Let reviewers see the probes from now on."""
    pks = [probe.pk for probe in probes]
    Probe.objects.filter(pk__in=pks, handed_in_at=None).update(handed_in_at=Now())


# --- concluding ----------------------------------------------------------------------------------


def conclude_probes(run_id: int | None = None) -> int:
    """Judge the results whose runs have ended (or that of one run); return how many that were.

    Any number of workers may do so at once, and one that dies leaves them to the next.
    """
    ready = ProbeResult.objects.filter(judgement="", run__state=RunState.FINISHED)
    if run_id is not None:
        ready = ready.filter(run=run_id)
    return sum(_conclude(pk) for pk in ready.values_list("pk", flat=True))


@transaction.atomic
def _conclude(pk: int) -> bool:
    result = (
        ProbeResult.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("probe", "run")
        .filter(pk=pk, judgement="")
        .first()
    )
    if result is None:
        return False
    judged = judge_run(result.run, read_expectation(result.probe.expectation))
    result.judgement, result.reason = judged.verdict.value, judged.reason
    result.concluded_at = Now()
    result.save(update_fields=["judgement", "reason", "concluded_at"])
    events.record(
        None, "claim concluded", result.probe, run=result.run_id, judgement=judged.verdict
    )
    return True


def judge_run(run: Run, expectation: Expectation) -> Judgement:
    """Say whether a finished run shows what was expected of it (one query)."""
    return judge(expectation, facts_of(run))


def facts_of(run: Run) -> Facts:
    """Return what is known of a finished run."""
    trouble = "" if run.outcome in _JUDGED else _trouble(run)
    rows = RunTest.objects.filter(run=run, test_id__in=run.test_ids).order_by()
    found = dict(rows.values_list("test_id", "status"))
    return Facts(
        trouble=trouble,
        exit_code=run.exit_code,
        output=run.log,
        output_is_cut=run.log_is_truncated,
        statuses={test_id: found.get(test_id, "MISSING") for test_id in run.test_ids},
    )


def _trouble(run: Run) -> str:
    words = f"{run.get_outcome_display()}."
    return f"{words[0].upper()}{words[1:]} {run.reason}".strip()
