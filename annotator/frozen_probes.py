"""A checked claim as a submission freezes it: what to run again, and how it fared."""

from __future__ import annotations

from typing import Any

from annotator.models import StepProbe
from validation.models import ProbeResult


def is_open(held: StepProbe) -> bool:
    """Tell whether the newest run of a probe is still to be judged."""
    newest = next(iter(held.probe.results.all()), None)
    return held.imported is None if newest is None else not newest.judgement


def frozen_probe(held: StepProbe) -> dict[str, Any]:
    """Return the probe with its newest result that is judged; it comes `with_results`.

    One that was loaded and never run here has the result that it came with.
    """
    probe = held.probe
    judged = next((result for result in probe.results.all() if result.judgement), None)
    return {
        "uid": str(probe.uid),
        "tree": probe.tree,
        "with_test_patch": probe.with_test_patch,
        "extra_patch": probe.extra_patch,
        "command": probe.command,
        "test_ids": probe.test_ids,
        "expectation": probe.expectation,
        "result": _result(judged) if judged else held.imported,
    }


def _result(result: ProbeResult) -> dict[str, Any]:
    run = result.run
    statuses = run.tests.filter(test_id__in=run.test_ids).order_by("test_id")
    return {
        "run": run.pk,
        "judgement": result.judgement,
        "reason": result.reason,
        "outcome": run.outcome,
        "exit_code": run.exit_code,
        "statuses": dict(statuses.values_list("test_id", "status")) if run.test_ids else {},
        "recipe_digest": run.recipe.digest if run.recipe else None,
        "environment_key": run.environment_key,
        "tested_tree": run.tested_tree,
        "sandbox": run.sandbox,
        "finished_at": run.finished_at.isoformat() if run.finished_at else "",
    }
