"""Have the claims of reasoning steps executed."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from annotator.models import ReasoningStep, StepProbe
from annotator.services.editing import NotWritable, lock, log
from validation.services.probes import Claim, ask

MOST_PROBES = 30


@transaction.atomic
def check_claim(user: User, step: ReasoningStep, claim: Claim) -> StepProbe:
    """Ask for a run of what a reasoning step claims. Raise NotWritable or RunRefused."""
    locked = lock(user, step.annotation)
    current = ReasoningStep.objects.select_for_update().get(pk=step.pk)
    if current.deleted_at is not None:
        raise NotWritable("This reasoning step was removed in another window; undo that first.")
    if current.step_probes.filter(deleted_at=None).count() >= MOST_PROBES:
        raise NotWritable(f"A reasoning step holds {MOST_PROBES} checks at most.")
    probe = ask(user, step.annotation.assignment.membership.trajectory, claim)
    log(locked, user, "check", {"probe": [None, str(probe.uid)]}, current)
    return StepProbe.objects.create(reasoning_step=current, probe=probe)


def remove_probe(user: User, step_probe: StepProbe) -> None:
    _set_deleted(user, step_probe, deleted=True)


def restore_probe(user: User, step_probe: StepProbe) -> None:
    _set_deleted(user, step_probe, deleted=False)


@transaction.atomic
def _set_deleted(user: User, step_probe: StepProbe, *, deleted: bool) -> None:
    step = step_probe.reasoning_step
    locked = lock(user, step.annotation)
    rows = StepProbe.objects.filter(pk=step_probe.pk, deleted_at__isnull=deleted)
    if rows.update(deleted_at=timezone.now() if deleted else None):
        uid = str(step_probe.probe.uid)
        change = [uid, None] if deleted else [None, uid]
        log(locked, user, "uncheck" if deleted else "check", {"probe": change}, step)
