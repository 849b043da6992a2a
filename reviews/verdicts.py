"""What a published verdict is called; `Verdict` names the act, these its result."""

from __future__ import annotations

from reviews.models import Review, Verdict

_WORDS = {
    Verdict.APPROVE: "approved",
    Verdict.REQUEST_CHANGES: "changes requested",
    Verdict.REJECT: "rejected",
}


def verdict_words(review: Review) -> str:
    return _WORDS[Verdict(review.verdict)]
