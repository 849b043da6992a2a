"""The checked claims of a submission: how they fared when it was handed in, and since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from annotator.models import Submission
from reviews.content import all_steps
from validation.contexts.probes import TONES, ProbeContext, probe_contexts
from validation.models import Probe, ProbeJudgement


@dataclass(frozen=True)
class ProbeView:
    """A claim as it was frozen; `live` is the same one with its runs since, where it is seen."""

    uid: str
    words: str
    tone: str
    run_id: int
    live: ProbeContext | None


def probes_of(user: User, submission: Submission) -> Mapping[str, ProbeContext]:
    """Return the probes of a submission that `user` may see, by uid (constant queries)."""
    uids = [
        frozen["uid"] for step in all_steps(submission.content) for frozen in step.get("probes", [])
    ]
    if not uids:
        return {}
    found = Probe.objects.visible_to(user).filter(uid__in=uids).with_results()
    return {str(shown.row.uid): shown for shown in probe_contexts(found)}


def probe_view(frozen: dict[str, Any], live: ProbeContext | None) -> ProbeView:
    result = frozen["result"]
    words, tone = TONES[ProbeJudgement(result["judgement"])]
    return ProbeView(frozen["uid"], words, tone, result["run"], live)
