"""Admit tasks: run base and gold several times, and write down what that shows."""

from __future__ import annotations

from collections import defaultdict

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Now

from accounts import events
from accounts.models import User
from trajectories.models import Batch, TaskRevision
from validation.admission import RunFacts, decide
from validation.models import (
    Admission,
    AdmissionState,
    Run,
    RunPriority,
    RunState,
    RunTest,
    TestGroup,
    TreeName,
)
from validation.services.requests import RunRefused, check_request, request_run

REPEATS = 3
_TREES = (TreeName.BASE, TreeName.GOLD)


def request_admission(
    revision: TaskRevision, *, n_repeats: int = REPEATS, user: User | None = None
) -> Admission:
    """Ask for the runs that admit a task, base and gold in turns. Raise RunRefused.

    An admission that is still on its way is returned rather than asked for a second time.
    """
    recipe = check_request(revision, TreeName.GOLD)
    with transaction.atomic():
        # Of two people who ask at once the second finds what the first asked for.
        TaskRevision.objects.select_for_update(of=("self",)).get(pk=revision.pk)
        pending = revision.admissions.filter(state=AdmissionState.PENDING).first()
        if pending is not None:
            return pending
        admission = Admission.objects.create(
            task_revision=revision, recipe=recipe, n_repeats=n_repeats, requested_by=user
        )
        events.record(
            user,
            "admission requested",
            admission,
            instance_id=revision.task.instance_id,
            n_repeats=n_repeats,
        )
        for _ in range(n_repeats):
            for tree in _TREES:
                request_run(
                    revision,
                    tree,
                    purpose="admission",
                    priority=RunPriority.BULK,
                    admission=admission,
                    user=user,
                )
    return admission


def admit_untried(batch: Batch, *, user: User) -> None:
    """Ask for the admission of every task of a batch that has none; note why one cannot be had."""
    revisions = TaskRevision.objects.filter(
        task__batch_memberships__batch=batch, task__current_revision=F("pk"), admissions=None
    ).order_by("task__batch_memberships__position")
    for revision in revisions.select_related("task__repository"):
        try:
            request_admission(revision, user=user)
        except RunRefused as refused:
            events.record(user, "admission refused", revision, reason=str(refused))


def conclude_admissions() -> int:
    """Decide the admissions whose runs have all ended; return how many that were.

    Any number of workers may do so at once, and one that dies leaves them to the next.
    """
    unfinished = Run.objects.filter(admission=OuterRef("pk")).exclude(state=RunState.FINISHED)
    ready = Admission.objects.filter(~Exists(unfinished), state=AdmissionState.PENDING)
    return sum(_conclude(pk) for pk in ready.values_list("pk", flat=True))


@transaction.atomic
def _conclude(pk: int) -> bool:
    admission = (
        Admission.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("task_revision__task")
        .filter(pk=pk, state=AdmissionState.PENDING)
        .first()
    )
    if admission is None:
        return False
    revision = admission.task_revision
    decision = decide(revision.fail_to_pass or [], revision.pass_to_pass or [], _facts(admission))
    admission.state = (
        AdmissionState.ADMITTED if decision.is_admitted else AdmissionState.NOT_ADMITTED
    )
    admission.reasons = list(decision.reasons)
    admission.flaky_tests = list(decision.flaky)
    admission.decided_at = Now()
    admission.save(update_fields=["state", "reasons", "flaky_tests", "decided_at"])
    events.record(
        None,
        "task admitted" if decision.is_admitted else "task not admitted",
        admission,
        instance_id=revision.task.instance_id,
        reasons=admission.reasons,
        flaky_tests=admission.flaky_tests,
    )
    return True


def _facts(admission: Admission) -> list[RunFacts]:
    runs = list(admission.runs.order_by("pk"))
    statuses: dict[int, dict[str, str]] = defaultdict(dict)
    named = RunTest.objects.filter(run__in=runs).exclude(group=TestGroup.OTHER)
    for run_id, test_id, status in named.values_list("run", "test_id", "status"):
        statuses[run_id][test_id] = status
    return [RunFacts(run.tree, run.outcome, run.reason, statuses[run.pk]) for run in runs]


def flaky_tests(revision: TaskRevision) -> tuple[str, ...]:
    """Return the tests that did not end alike each time when the task was admitted."""
    decided = Admission.objects.decided_of(revision)
    return tuple(decided.flaky_tests) if decided is not None else ()


def let_in(admission: Admission, *, reason: str, user: User) -> None:
    """Let a task in that is not admitted, for a reason; raise RunRefused where there is none."""
    if not reason.strip():
        raise RunRefused("Say why the task is let in although it is not admitted.")
    changed = Admission.objects.filter(pk=admission.pk, state=AdmissionState.NOT_ADMITTED)
    with transaction.atomic():
        if not changed.order_by().update(let_in_by=user, let_in_reason=reason.strip()):
            raise RunRefused("Only a task that is not admitted can be let in.")
        events.record(user, "task let in", admission, reason=reason.strip())
