"""Which submissions a data set holds, in which order, and what is loaded with them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction
from django.db.models import F, Prefetch
from django.db.models.functions import Collate

from annotator.models import AssignmentState, Submission
from annotator.querysets import SubmissionQuerySet
from reviews.models import Comment, Thread, Verdict
from trajectories.models import Batch

# Rows in memory at a time; a submission may hold megabytes of quotes.
CHUNK = 20
TRAJECTORY = "annotation__assignment__membership__trajectory"


@contextmanager
def snapshot() -> Iterator[None]:
    """Read everything as it was at one moment, whatever is published meanwhile."""
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def approved(batch: Batch) -> SubmissionQuerySet:
    """Select the approved submissions of the batch."""
    return Submission.objects.filter(
        annotation__assignment__membership__batch=batch,
        annotation__assignment__state=AssignmentState.APPROVED,
        review__verdict=Verdict.APPROVE,
    )


def in_export_order(submissions: SubmissionQuerySet) -> Iterator[Submission]:
    """Yield the submissions sorted by content, not by chance, with what a line needs."""
    comments = Comment.objects.order_by("pk").select_related("author")
    threads = Thread.objects.order_by("pk").prefetch_related(Prefetch("comments", comments))
    earlier = Submission.objects.order_by("number").defer("content").select_related("review")
    ordered = (
        submissions.select_related(
            f"{TRAJECTORY}__task__repository",
            f"{TRAJECTORY}__task__current_revision",
            f"{TRAJECTORY}__task_revision",
            f"{TRAJECTORY}__source_file",
            "annotation__assignment__membership__batch",
            "review",
            "check_report",
        )
        .prefetch_related(
            Prefetch("annotation__threads", threads),
            Prefetch("annotation__submissions", earlier),
        )
        .order_by(
            # Bytes, not the language of the database, decide what comes first.
            Collate(F(f"{TRAJECTORY}__task__instance_id"), "C"),
            f"{TRAJECTORY}__source_file__sha256",
            Collate(F(f"{TRAJECTORY}__item_key"), "C"),
            "annotation__assignment__slot",
            "pk",
        )
    )
    for number, submission in enumerate(ordered.iterator(chunk_size=CHUNK), start=1):
        yield submission
        if number % CHUNK == 0:
            # A submission and its review refer to each other, so that their megabytes would
            # stay until the collector comes by, which few objects do not make it do.
            gc.collect()
