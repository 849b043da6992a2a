"""Checks of what is written against what the evidence says: small classes, one thing each.

They are pure functions over (content, facts), so that a draft, a submission and an imported file
are checked by the same code.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from annotator.checks.base import Check, Finding, Place, Severity, Subject
from annotator.checks.conduct import CONDUCT_CHECKS
from annotator.checks.evidence import EVIDENCE_CHECKS
from annotator.checks.hints import HINT_CHECKS
from annotator.checks.patches import PATCH_CHECKS
from annotator.checks.runner import Report, Waived, run_checks
from annotator.checks.shape import SHAPE_CHECKS
from annotator.checks.timing import TIMING_CHECKS
from annotator.checks.whole import WHOLE_CHECKS, WaiversHold
from annotator.checks.writing import WRITING_CHECKS
from annotator.facts import facts_of
from annotator.models import Annotation
from annotator.submissions import SCHEMA_VERSION, build_content, schema_version_of
from annotator.versions import as_latest, as_version
from trajectories.models import Trajectory

# In the order in which their findings are listed.
ALL_CHECKS: tuple[Check, ...] = (
    *EVIDENCE_CHECKS,
    *PATCH_CHECKS,
    *CONDUCT_CHECKS,
    *SHAPE_CHECKS,
    *WHOLE_CHECKS,
    *TIMING_CHECKS,
    *WRITING_CHECKS,
    *HINT_CHECKS,
)
WaiversHold.known = frozenset(check.id for check in ALL_CHECKS)


def check_content(
    content: Mapping[str, Any],
    trajectory: Trajectory,
    switches: Mapping[str, bool] | None = None,
    *,
    is_blind: bool = False,
) -> Report:
    """Check content of any version; `switches` are the batch's, check id to false for off.

    As long as its annotator is blind, nothing is compared with gold or with outcomes.
    """
    off = {check for check, is_on in (switches or {}).items() if not is_on}
    return run_checks(
        Subject(as_latest(content), facts_of(trajectory, is_blind=is_blind)), ALL_CHECKS, off
    )


def check_annotation(annotation: Annotation) -> Report:
    """Check a draft as it is stored now, with the switches of its batch."""
    membership = annotation.assignment.membership
    policy = getattr(membership.batch, "policy", None)
    content = _content_of(annotation)
    return check_content(
        content,
        membership.trajectory,
        policy.checks if policy else None,
        is_blind=bool(policy and policy.blind_first) and not annotation.diagnosis_committed_at,
    )


def _content_of(annotation: Annotation) -> Mapping[str, Any]:
    """Return the draft with the fields that its batch's submissions have, and its waivers."""
    content, version = build_content(annotation), schema_version_of(annotation)
    if version >= SCHEMA_VERSION:
        return content
    return {**as_version(content, version), "waivers": content["waivers"]}


__all__ = [
    "ALL_CHECKS",
    "Check",
    "Finding",
    "Place",
    "Report",
    "Severity",
    "Subject",
    "Waived",
    "check_annotation",
    "check_content",
    "run_checks",
]
