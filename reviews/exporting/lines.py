"""Build the line of one approved submission: what it is about, what it says, how it was judged."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

from django.db.models import Q

from annotator.models import Activity, Assignment, Submission, TimeEntry
from reviews.content import all_steps
from reviews.exporting.canonical import timestamp
from reviews.exporting.pseudonyms import pseudonym
from reviews.models import Comment, Review, Thread
from reviews.services.rubrics import Criterion
from trajectories.models import TaskRevision, Trajectory
from validation.contexts.tests import revision_to_test
from validation.models import Outcome, Run, RunState, RunTest, TestGroup

SCHEMA_VERSION = 1
# How a run of tests ends where it can be graded.
VERDICTS = (Outcome.RESOLVED, Outcome.NOT_RESOLVED)

Line = dict[str, Any]


def build_line(submission: Submission, criteria: dict[str, Criterion]) -> Line:
    """Return the line as JSON values; `submission` comes from `selection.in_export_order`."""
    assignment = submission.annotation.assignment
    trajectory = assignment.membership.trajectory
    return {
        "schema_version": SCHEMA_VERSION,
        "batch": assignment.membership.batch.slug,
        "task": _task(trajectory.task_revision, trajectory),
        "trajectory": _trajectory(trajectory),
        "annotation": {
            "annotator": pseudonym(assignment.annotator_id),
            "submission_number": submission.number,
            "submitted_at": timestamp(submission.submitted_at),
            "content_sha256": submission.sha256,
            "content": submission.content,
            "checks": _checks(submission),
            "active_seconds": _active_seconds(assignment),
        },
        "validation": [_run(run) for run in _runs(submission, trajectory)],
        "review": _review(submission, criteria),
    }


def _task(revision: TaskRevision, trajectory: Trajectory) -> Line:
    return {
        "instance_id": trajectory.task.instance_id,
        "repo": trajectory.task.repository.name,
        "base_commit": revision.base_commit,
        "version": revision.version,
        "dataset": revision.dataset,
        "revision": _revision(revision),
    }


def _revision(revision: TaskRevision) -> Line:
    return {"number": revision.number, "content_sha256": revision.content_sha256}


def _trajectory(trajectory: Trajectory) -> Line:
    patch = trajectory.model_patch
    return {
        "format": trajectory.format,
        "agent_name": trajectory.agent_name,
        "model_name": trajectory.model_name,
        "exit_status": trajectory.exit_status,
        "source_file_sha256": trajectory.source_file.sha256,
        "item_key": trajectory.item_key,
        "n_steps": trajectory.n_steps,
        "model_patch_sha256": (
            None if patch is None else hashlib.sha256(patch.encode()).hexdigest()
        ),
    }


def _checks(submission: Submission) -> Line | None:
    """Return what the checks found at submission; None where no worker has run them."""
    report = getattr(submission, "check_report", None)
    if report is None:
        return None
    return {
        "checked": report.checked,
        "findings": [_finding(row) for row in report.findings],
        "waived": [{**_finding(row), "reason": row["reason"]} for row in report.waived],
        # The words name what is on the machine.
        "has_failed": bool(report.failure),
    }


def _active_seconds(assignment: Assignment) -> int | None:
    """Return what counts of the annotator's time; None where none was recorded."""
    entries = TimeEntry.objects.filter(
        assignment=assignment, person=assignment.annotator_id, activity=Activity.ANNOTATING
    )
    if not entries.exists():
        return None
    return int(entries.counting().total().total_seconds())


def _finding(row: Line) -> Line:
    return {name: row[name] for name in ("check", "severity", "message", "place")}


# --- validation ---------------------------------------------------------------------------------


def _runs(submission: Submission, trajectory: Trajectory) -> list[Run]:
    """Return the latest finished run of each tree and every run that is cited, oldest first."""
    wanted = _latest_runs(trajectory) | _cited_runs(submission)
    runs = Run.objects.filter(
        pk__in=wanted, state=RunState.FINISHED, task_revision__task=trajectory.task
    )
    return list(
        runs.defer("log")
        .select_related("recipe", "task_revision")
        .prefetch_related("tests")
        .order_by("pk")
    )


def _latest_runs(trajectory: Trajectory) -> set[int]:
    runs = (
        Run.objects.verdicts()
        .filter(
            Q(trajectory=None) | Q(trajectory=trajectory),
            task_revision=revision_to_test(trajectory),
            state=RunState.FINISHED,
        )
        .exclude(outcome=Outcome.CANCELLED)
    )
    return set(runs.order_by("tree", "-pk").distinct("tree").values_list("pk", flat=True))


def _cited_runs(submission: Submission) -> set[int]:
    return {
        int(citation["target"]["run"])
        for step in all_steps(submission.content)
        for citation in step["citations"]
        if citation["kind"] == "test"
    }


def _run(run: Run) -> Line:
    tests = list(run.tests.all())
    assert run.finished_at is not None
    return {
        "run": run.pk,
        "tree": run.tree,
        "with_test_patch": run.with_test_patch,
        "task_revision": _revision(run.task_revision),
        "recipe_digest": run.recipe.digest if run.recipe else None,
        "outcome": run.outcome,
        "resolved": run.outcome == Outcome.RESOLVED if run.outcome in VERDICTS else None,
        "is_suspect": run.is_suspect,
        "suspect_reasons": run.suspect_reasons,
        "finished_at": timestamp(run.finished_at),
        "fail_to_pass": _statuses(tests, TestGroup.FAIL_TO_PASS),
        "pass_to_pass": _statuses(tests, TestGroup.PASS_TO_PASS),
    }


def _statuses(tests: list[RunTest], group: TestGroup) -> dict[str, str]:
    return {test.test_id: test.status for test in tests if test.group == group}


# --- review -------------------------------------------------------------------------------------


def _review(submission: Submission, criteria: dict[str, Criterion]) -> Line:
    earlier = [
        other.review
        for other in submission.annotation.submissions.all()
        if other.number < submission.number and hasattr(other, "review")
    ]
    return {
        **_verdict(submission.review, criteria),
        "n_rounds": len(earlier) + 1,
        "earlier": [_verdict(review, criteria) for review in earlier],
        "threads": [
            _thread(thread, submission.annotation.assignment.annotator_id)
            for thread in submission.annotation.threads.all()
        ],
    }


def _verdict(review: Review, criteria: dict[str, Criterion]) -> Line:
    return {
        "reviewer": pseudonym(review.reviewer_id),
        "verdict": review.verdict,
        "summary": review.summary,
        "scores": [
            {"id": key, "question": criteria[key].question, "answer": answer}
            for key, answer in sorted(review.scores.items())
        ],
        "published_at": timestamp(review.published_at),
    }


def _thread(thread: Thread, annotator_id: int) -> Line:
    return {
        "reasoning_step_uid": _text(thread.reasoning_step_uid),
        "citation_uid": _text(thread.citation_uid),
        "is_blocking": thread.is_blocking,
        "is_resolved": thread.resolved_at is not None,
        "comments": [_comment(comment, annotator_id) for comment in thread.comments.all()],
    }


def _comment(comment: Comment, annotator_id: int) -> Line:
    return {
        "author": pseudonym(comment.author_id),
        "role": "annotator" if comment.author_id == annotator_id else "reviewer",
        "body": comment.body,
        "created_at": timestamp(comment.created_at),
    }


def _text(uid: UUID | None) -> str | None:
    return None if uid is None else str(uid)
