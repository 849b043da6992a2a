"""Hang citations on reasoning steps."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from annotator.citations.sources import Passage
from annotator.citations.targets import as_json
from annotator.models import Annotation, Citation, CitationKind, ReasoningKind, ReasoningStep
from annotator.services.editing import add_step, lock, log, one_gesture


@transaction.atomic
def cite(
    user: User,
    annotation: Annotation,
    kind: str,
    passage: Passage,
    step: ReasoningStep | None = None,
) -> Citation:
    """Keep a passage as a citation of `step`, or of a new observation where there is none.

    The same passage cited twice on one step stays one citation.
    """
    with one_gesture():
        step = step or add_step(user, annotation, ReasoningKind.OBSERVATION)
        return _cite(user, annotation, kind, passage, step)


def _cite(
    user: User, annotation: Annotation, kind: str, passage: Passage, step: ReasoningStep
) -> Citation:
    locked = lock(user, annotation)
    values = {
        "kind": CitationKind(kind),
        "target": as_json(passage.target),
        "start": passage.span.start,
        "end": passage.span.end,
    }
    existing = step.citations.filter(deleted_at=None, **values).first()
    if existing is not None:
        return existing
    citation = Citation.objects.create(
        reasoning_step=step,
        quote=passage.quote,
        prefix=passage.prefix,
        suffix=passage.suffix,
        content_sha256=passage.content_sha256,
        **values,
    )
    log(locked, user, "cite", {"citation": [None, str(citation.uid)]}, step)
    return citation
