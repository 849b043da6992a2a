"""Whether a task, or those of a batch, are admitted, and what to do where not."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from django.db.models import F

from trajectories.models import Batch, TaskRevision
from validation.models import Admission, AdmissionState, Recipe, RunState


@dataclass(frozen=True)
class AdmissionContext:
    """The decision that counts for a revision, and the admission that is on its way.

    `n_ended` of `n_runs` of the latter's runs have ended.
    """

    instance_id: str
    decided: Admission | None
    pending: Admission | None
    n_ended: int
    n_runs: int
    may_change: bool
    # The decision was made with another recipe than the task has now.
    is_outdated: bool

    @property
    def signature(self) -> str:
        decided = self.decided.pk if self.decided else 0
        pending = self.pending.pk if self.pending else 0
        return f"{decided}-{pending}-{self.n_ended}"

    @property
    def may_let_in(self) -> bool:
        return self.may_change and self.decided is not None and not self.decided.is_open


def admission_context(
    revision: TaskRevision, *, recipe: Recipe | None, may_change: bool
) -> AdmissionContext:
    """Select what is known of a revision's admission (at most three queries)."""
    decided = Admission.objects.select_related("let_in_by").decided_of(revision)
    pending = revision.admissions.filter(state=AdmissionState.PENDING).first()
    runs = list(pending.runs.values_list("state", flat=True)) if pending else []
    return AdmissionContext(
        instance_id=revision.task.instance_id,
        decided=decided,
        pending=pending,
        n_ended=runs.count(RunState.FINISHED),
        n_runs=len(runs),
        may_change=may_change,
        is_outdated=decided is not None and recipe is not None and decided.recipe_id != recipe.pk,
    )


@dataclass(frozen=True)
class Refused:
    """A task of a batch that nobody is handed."""

    instance_id: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class BatchAdmission:
    """How many tasks of a batch are admitted, let in, not admitted, on their way, and untried."""

    n_admitted: int
    n_let_in: int
    n_pending: int
    n_untried: int
    refused: tuple[Refused, ...]


def batch_admission(batch: Batch) -> BatchAdmission:
    """Count the tasks of a batch by what is known of their tests (three queries)."""
    revisions = TaskRevision.objects.filter(
        task__batch_memberships__batch=batch, task__current_revision=F("pk")
    )
    decided = (
        Admission.objects.decided()
        .filter(task_revision__in=revisions)
        .select_related("task_revision__task")
        .order_by("task_revision__task__instance_id")
    )
    found = Counter[str]()
    refused: list[Refused] = []
    for admission in decided:
        if admission.let_in_by_id is not None:
            found["let in"] += 1
        elif admission.state == AdmissionState.ADMITTED:
            found["admitted"] += 1
        else:
            name = admission.task_revision.task.instance_id
            refused.append(Refused(name, tuple(admission.reasons)))
    known = [admission.task_revision_id for admission in decided]
    pending = Admission.objects.filter(state=AdmissionState.PENDING, task_revision__in=revisions)
    waiting = set(pending.values_list("task_revision", flat=True))
    n_tasks = revisions.count()
    return BatchAdmission(
        n_admitted=found["admitted"],
        n_let_in=found["let in"],
        n_pending=len(waiting),
        n_untried=n_tasks - len(waiting.union(known)),
        refused=tuple(refused),
    )
