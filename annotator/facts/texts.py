"""Texts that an annotation should not be a copy of: issue, hints, gold's message, others' work."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from annotator.models import Submission
from trajectories.models import Trajectory

# Where rows of data sets keep what the commit, or the pull request, of the gold patch says.
_MESSAGES = (
    "commit_message",
    "gold_commit_message",
    "merge_commit_message",
    "pr_title",
    "pr_body",
    "title",
    "body",
)
_DIFF = re.compile(r"^(?:diff --git |--- |Index: )", re.MULTILINE)
_SUBJECT = re.compile(r"^Subject:\s*(?:\[PATCH[^\]]*\]\s*)?(.*)", re.MULTILINE | re.DOTALL)
_MOST_OTHERS = 20


@dataclass(frozen=True, eq=False)
class TextFacts:
    """The texts of one task, and what annotators handed in about one trajectory."""

    trajectory: Trajectory
    is_blind: bool = False

    @property
    def issue(self) -> str:
        return self.trajectory.task_revision.problem_statement

    @property
    def hints(self) -> str:
        return "" if self.is_blind else self.trajectory.task_revision.hints_text

    @cached_property
    def gold_message(self) -> str:
        """Return what the commit of the gold patch says, as far as its row tells; "" if not."""
        if self.is_blind:
            return ""
        revision = self.trajectory.task_revision
        texts = [message_of(revision.patch)]
        texts += [str(revision.extra.get(key) or "") for key in _MESSAGES]
        return "\n\n".join(text for text in texts if text.strip())

    def handed_in(self, own_uids: Collection[str]) -> tuple[tuple[str, ...], ...]:
        """Return the texts of each other annotation's newest submission (a query, then kept).

        An annotation that has a step of `own_uids` is the same one.
        """
        submissions = map(_submitted, self._newest)
        return tuple(texts for uids, texts in submissions if uids.isdisjoint(own_uids))

    @cached_property
    def _newest(self) -> tuple[int, ...]:
        rows = (
            Submission.objects.filter(
                annotation__assignment__membership__trajectory=self.trajectory
            )
            .order_by("annotation_id", "-number")
            .distinct("annotation_id")
        )
        return tuple(rows.values_list("pk", flat=True)[:_MOST_OTHERS])


def message_of(patch: str) -> str:
    """Return the commit message above a patch, as `git format-patch` and `git show` write it."""
    start = _DIFF.search(patch)
    head = patch[: start.start()] if start else ""
    if subject := _SUBJECT.search(head):
        return re.split(r"^---\s*$", subject[1], maxsplit=1, flags=re.MULTILINE)[0].strip()
    indented = [line.strip() for line in head.splitlines() if line.startswith("    ")]
    return "\n".join(indented).strip() if head.startswith("commit ") else ""


@lru_cache(maxsize=256)
def _submitted(pk: int) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the uids and the texts of a submission, which never changes."""
    content = Submission.objects.values_list("content", flat=True).get(pk=pk)
    cards = list(cards_of(content))
    return frozenset(str(card.get("uid")) for card in cards), tuple(map(text_of, cards))


def cards_of(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the root cause, where there is one, and the steps of the chain."""
    if content.get("root_cause"):
        yield content["root_cause"]
    yield from content.get("reasoning_steps", ())


def text_of(card: dict[str, Any]) -> str:
    """Return claim and rationale of a step."""
    return f"{card.get('claim') or ''}\n\n{card.get('rationale') or ''}"
