"""Check submissions in a worker, and keep what was found."""

from __future__ import annotations

import logging

from annotator.checks import check_content
from annotator.facts import facts_of
from annotator.models import CheckReport, Submission
from annotator.submissions import waivers_of
from trajectories.git import GitError
from trajectories.models import Trajectory

logger = logging.getLogger(__name__)
_MOST_AT_ONCE = 200


def check_submission(submission_id: int) -> CheckReport:
    """Run the checks over frozen content; done twice, the later report stands."""
    submission = Submission.objects.select_related(
        "annotation__assignment__membership__batch__policy",
        "annotation__assignment__membership__trajectory__task__repository",
        "annotation__assignment__membership__trajectory__task_revision",
        "annotation__assignment__membership__trajectory__source_file",
    ).get(pk=submission_id)
    membership = submission.annotation.assignment.membership
    policy = getattr(membership.batch, "policy", None)
    try:
        # The first versions of the schema have no waivers; the draft that was handed in has them.
        content = {"waivers": waivers_of(submission.annotation), **submission.content}
        report = check_content(content, membership.trajectory, policy.checks if policy else None)
        values = {**report.as_json(), "failure": ", ".join(report.broken)}
    except GitError as error:
        logger.warning("Submission %s could not be checked: %s", submission_id, error)
        values = {"failure": str(error)}
    kept, _ = CheckReport.objects.update_or_create(submission=submission, defaults=values)
    return kept


def unchecked_ids() -> list[int]:
    """Return the submissions that no worker has checked, the newest first."""
    missing = Submission.objects.filter(check_report=None).order_by("-pk")
    return list(missing.values_list("pk", flat=True)[:_MOST_AT_ONCE])


def prepare(trajectory_id: int) -> None:
    """Have the names in a trajectory's code kept, before anybody writes about it."""
    trajectory = Trajectory.objects.select_related("task__repository", "task_revision").get(
        pk=trajectory_id
    )
    try:
        facts_of(trajectory).code.prepare()
    except GitError as error:
        logger.warning("The names in the code of %s cannot be read: %s", trajectory, error)
