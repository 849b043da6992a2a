"""The judgement: rubric, reviews, threads, exports."""

from __future__ import annotations

from reviews.models.export import Export, ExportState
from reviews.models.review import Review, Rubric, Verdict
from reviews.models.thread import Comment, Thread

__all__ = ["Comment", "Export", "ExportState", "Review", "Rubric", "Thread", "Verdict"]
