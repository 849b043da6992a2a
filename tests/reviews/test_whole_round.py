"""An annotation written by the annotator's services goes the whole way into a data set."""

from __future__ import annotations

import json
from pathlib import Path

from django.core.management import call_command

from accounts.models import User
from annotator.citations.sources import Selected, find_passage
from annotator.citations.targets import ThoughtTarget
from annotator.models import Annotation, Assignment, AssignmentState
from annotator.services.citing import cite
from annotator.services.claiming import claim_next
from annotator.services.editing import add_step, save_step
from annotator.services.submitting import submit
from reviews.services.reviewing import publish_review
from reviews.services.threads import open_thread, set_resolved
from tests.factories import make_batch, make_trajectory
from tests.reviews.factories import ANSWERS
from trajectories.access import Sight


def write_step(annotator: User, annotation: Annotation, claim: str) -> None:
    step = add_step(annotator, annotation, "observation")
    values = {"claim": claim, "rationale": "As the *thought* says."}
    step = save_step(annotator, step, values, step.version)
    passage = find_passage(
        annotation.assignment.membership.trajectory,
        Sight(sees_gold=True, sees_verdicts=True),
        ThoughtTarget(step=2),
        Selected("run the reproduction"),
    )
    cite(annotator, annotation, "thought", passage, step)


def test_what_was_typed_and_judged_stands_in_the_export(
    annotator: User, reviewer: User, tmp_path: Path
) -> None:
    batch = make_batch(make_trajectory())
    assignment = claim_next(annotator, batch)
    annotation = assignment.annotation
    write_step(annotator, annotation, "The sign is wrong")

    first = submit(annotator, annotation)
    uid = first.content["reasoning_steps"][0]["uid"]
    thread = open_thread(reviewer, first, body="And then?", reasoning_step_uid=uid)
    publish_review(reviewer, first, verdict="request_changes", summary="More.", scores=ANSWERS)

    annotation = Annotation.objects.get(pk=annotation.pk)
    write_step(annotator, annotation, "The test shows it")
    second = submit(annotator, annotation)
    set_resolved(reviewer, thread, True)
    publish_review(reviewer, second, verdict="approve", summary="Clear.", scores=ANSWERS)
    assert Assignment.objects.get(pk=assignment.pk).state == AssignmentState.APPROVED

    call_command("export_batch", batch.slug, out=tmp_path / "out")
    [line] = (tmp_path / "out" / "annotations.jsonl").read_text().splitlines()
    exported = json.loads(line)
    steps = exported["annotation"]["content"]["reasoning_steps"]
    assert [step["claim"] for step in steps] == ["The sign is wrong", "The test shows it"]
    assert steps[0]["citations"][0]["quote"] == "run the reproduction"
    assert exported["review"]["summary"] == "Clear."
    assert exported["review"]["n_rounds"] == 2
    assert exported["review"]["threads"][0]["comments"][0]["body"] == "And then?"
