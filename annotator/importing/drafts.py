"""Turn content into the rows of a draft."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils.dateparse import parse_datetime

from accounts.models import User
from annotator.importing.partial import Content
from annotator.models import (
    Annotation,
    Assignment,
    Citation,
    ReasoningKind,
    ReasoningStep,
    StepProbe,
)
from annotator.overview import from_content
from annotator.services.claiming import NothingToClaim, assign, policy_of
from annotator.services.editing import GAP, NotWritable, lock, log
from trajectories.models import BatchTrajectory
from validation.models import Probe

_UID = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@transaction.atomic
def load_draft(user: User, membership: BatchTrajectory, content: Content, name: str) -> Annotation:
    """Write content as the draft of an annotator who has written nothing there yet.

    Raise NotWritable or NothingToClaim. The draft counts as nobody's work until it is edited.
    """
    annotation = _empty_annotation(user, membership)
    locked = lock(user, annotation)
    fresh = with_free_uids(content)
    log(locked, user, "load", {"file": [None, name]})
    _write_whole(locked, fresh)
    for place, step in enumerate(fresh["reasoning_steps"], start=1):
        _write_step(locked, step, step["kind"], step["details"], place * GAP)
    if root_cause := fresh["root_cause"]:
        details = {"elsewhere": root_cause["elsewhere"]}
        _write_step(locked, root_cause, ReasoningKind.ROOT_CAUSE, details, 0)
    return locked


def _empty_annotation(user: User, membership: BatchTrajectory) -> Annotation:
    """Return the person's annotation of the trajectory, claimed for them where they have none."""
    held = Assignment.objects.holding_slot().filter(membership=membership)
    mine = held.filter(annotator=user).select_related("annotation").first()
    if mine is None:
        overlap = policy_of(membership.batch).overlap
        # Two loads at once wait for each other here, as two people who claim do.
        BatchTrajectory.objects.select_for_update().get(pk=membership.pk)
        if held.count() >= overlap:
            raise NothingToClaim(
                f"All {overlap} places of {membership.trajectory} are taken; raise the overlap."
            )
        return assign(user, membership).annotation
    if mine.annotation.edit_count or mine.annotation.reasoning_steps.exists():
        raise NotWritable(
            f"{user} has written on {membership.trajectory} already; nothing was loaded over it."
        )
    return mine.annotation


def _write_whole(annotation: Annotation, content: Content) -> None:
    annotation.first_diagnosis = content["first_diagnosis"]
    annotation.diagnosis_committed_at = parse_datetime(content["diagnosis_committed_at"] or "")
    annotation.overview = from_content(content["overview"])
    annotation.judgements = {
        str(row["step"]): {name: value for name, value in row.items() if name != "step"}
        for row in content["judgements"]
    }
    annotation.waivers = {
        f"{row['check']}|{row['place']}": row["reason"] for row in content["waivers"]
    }
    annotation.is_prefilled = True
    annotation.save()


def _write_step(
    annotation: Annotation, step: Content, kind: str, details: Content, position: int
) -> None:
    row = ReasoningStep.objects.create(
        annotation=annotation,
        uid=step["uid"],
        position=position,
        kind=kind,
        claim=step["claim"],
        rationale=step["rationale"],
        details=details,
        options=step.get("options", []),
        relations=step.get("relations", []),
        covers=step.get("covers", []),
    )
    Citation.objects.bulk_create(
        Citation(reasoning_step=row, **citation) for citation in step["citations"]
    )
    for frozen in step["probes"]:
        _write_probe(annotation, row, frozen)


def _write_probe(annotation: Annotation, step: ReasoningStep, frozen: Content) -> None:
    """Keep a checked claim so that it can be run; until then the result it came with counts."""
    trajectory = annotation.assignment.membership.trajectory
    probe = Probe.objects.create(
        uid=frozen["uid"],
        task_revision=trajectory.task_revision,
        trajectory=trajectory,
        tree=frozen["tree"],
        with_test_patch=frozen["with_test_patch"],
        extra_patch=frozen["extra_patch"],
        command=frozen["command"],
        test_ids=frozen["test_ids"],
        expectation=frozen["expectation"],
        asked_by=annotation.assignment.annotator,
    )
    StepProbe.objects.create(reasoning_step=step, probe=probe, imported=frozen["result"])


# --- uids -------------------------------------------------------------------------------------


def with_free_uids(content: Content) -> Content:
    """Return content with new uids for those that are taken here, wherever they are named."""
    cards = [*content["reasoning_steps"], *filter(None, [content["root_cause"]])]
    taken = _taken(ReasoningStep, (card["uid"] for card in cards))
    taken |= _taken(Citation, (each["uid"] for card in cards for each in card["citations"]))
    taken |= _taken(Probe, (each["uid"] for card in cards for each in card["probes"]))
    if not taken:
        return content
    renamed = {uid: str(uuid.uuid4()) for uid in taken}
    fresh: Content = _renamed(content, renamed)
    return fresh


def _taken(model: Any, uids: Iterable[str]) -> set[str]:
    """Return the uids that rows here have."""
    all_uids = list(uids)
    stored = model.objects.filter(uid__in=all_uids).values_list("uid", flat=True)
    return {str(uid) for uid in stored}


def _renamed(value: Any, renamed: Mapping[str, str]) -> Any:
    """Replace uids in whole values and within places (`uid/field/part`), never within prose."""
    if isinstance(value, dict):
        return {
            key: part if key in _PROSE else _renamed(part, renamed) for key, part in value.items()
        }
    if isinstance(value, list):
        return [_renamed(part, renamed) for part in value]
    if isinstance(value, str) and len(value) < 3000:
        return _UID.sub(lambda found: renamed.get(found[0], found[0]), value)
    return value


_PROSE = frozenset(
    {"claim", "rationale", "quote", "prefix", "suffix", "reason", "for", "against", "strategy"}
    | {"first_diagnosis", "should_have", "title", "test", "expected", "question", "instead"}
    | {"also_changed", "does_not_show", "elsewhere", "exit_reason", "command", "extra_patch"}
)
