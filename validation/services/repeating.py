"""Run again what was run: the same recipe on the same tree."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from validation.models import Run, RunState, TreeName
from validation.services.requests import Own, RunRefused, request_run, shut

PROBE = "probe"


def refusal_of_repeat(run: Run) -> str:
    """Say why a run cannot be repeated from its own page, or nothing."""
    if not run.is_finished:
        return "A run is repeated once it is finished."
    if run.purpose == PROBE:
        return "A claim is executed again from the reasoning step that makes it."
    if run.recipe_id is None:
        return "Its recipe is not known any more: run the tests of the task instead."
    return shut(run.task_revision) if run.tree == TreeName.MODEL else ""


def repeat_run(run: Run, *, user: User) -> Run:
    """Ask for a run to be repeated, or return the repetition that is on its way. Raise RunRefused.

    One of an admission is repeated for itself: what was decided then stands.
    """
    if refusal := refusal_of_repeat(run):
        raise RunRefused(refusal)
    with transaction.atomic():
        # Of two people who ask at once the second finds what the first asked for.
        Run.objects.select_for_update(of=("self",)).get(pk=run.pk)
        pending = run.repeats.exclude(state=RunState.FINISHED).order_by("pk").first()
        if pending is not None:
            return pending
        return request_run(
            run.task_revision,
            TreeName(run.tree),
            trajectory=run.trajectory,
            with_test_patch=run.with_test_patch,
            own=Own(run.command, tuple(run.test_ids), run.extra_patch),
            recipe=run.recipe,
            repeat_of=run,
            user=user,
        )
