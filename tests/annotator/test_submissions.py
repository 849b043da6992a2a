from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import Event, User
from annotator.checks import ALL_CHECKS, check_annotation
from annotator.models import Annotation, AssignmentState, Submission
from annotator.services.checking import check_submission
from annotator.services.claiming import policy_of
from annotator.services.editing import (
    NotWritable,
    commit_diagnosis,
    delete_step,
    remove_citation,
    save_step,
)
from annotator.services.submitting import NotReady, all_problems, submit
from annotator.services.whole import judge, waive
from annotator.submissions import (
    build_content,
    canonical_sha256,
    problems,
    schema_violations,
    submission_schema,
)
from tests.annotator.conftest import cite_thought, write
from trajectories.models import Step

pytestmark = pytest.mark.django_db

_TEXTS = [
    {"title": "Change the sign", "for": "one line", "against": "", "chosen": True},
    {"title": "Negate b", "for": "", "against": "reads worse", "chosen": False},
]
OPTIONS = [{**text, "considered_by": "agent", "evidence": []} for text in _TEXTS]


@pytest.fixture
def complete(annotation: Annotation) -> Annotation:
    """An annotation with everything a submission may hold."""
    step = write(
        annotation,
        claim="The sign is wrong",
        rationale="As *the thought* says.",
        covers=[1, 2],
    )
    cite_thought(annotation, step)
    write(annotation, "decision", claim="Change the sign", options=OPTIONS)
    judge(annotation.assignment.annotator, annotation, [1], "productive")
    annotation.refresh_from_db()
    return annotation


def test_a_submission_is_the_annotation_as_it_was(complete: Annotation, annotator: User) -> None:
    submission = submit(annotator, complete)
    content = submission.content
    trajectory = complete.assignment.membership.trajectory
    assert content["task"]["instance_id"] == trajectory.task.instance_id
    assert content["task"]["content_sha256"] == trajectory.task_revision.content_sha256
    assert content["trajectory"]["source_file_sha256"] == trajectory.source_file.sha256
    first, second = content["reasoning_steps"]
    assert first["covers"] == [1, 2]
    [judged] = content["judgements"]
    assert (judged["step"], judged["judgement"]) == (1, "productive")
    [citation] = first["citations"]
    assert (citation["target"], citation["quote"]) == ({"step": 2}, "I run the")
    assert second["options"] == OPTIONS
    assert content["edit_count"] == 6


def test_its_hash_is_of_the_canonical_json(complete: Annotation, annotator: User) -> None:
    submission = Submission.objects.get(pk=submit(annotator, complete).pk)
    assert submission.sha256 == canonical_sha256(submission.content)
    shuffled = dict(reversed(submission.content.items()))
    assert canonical_sha256(shuffled) == submission.sha256


def test_handing_in_closes_the_annotation(complete: Annotation, annotator: User) -> None:
    submit(annotator, complete)
    complete.assignment.refresh_from_db()
    assert complete.assignment.state == AssignmentState.SUBMITTED
    assert Event.objects.filter(verb="annotation submitted").count() == 1
    with pytest.raises(NotWritable, match="is submitted"):
        submit(annotator, complete)


def test_the_next_submission_has_the_next_number(complete: Annotation, annotator: User) -> None:
    first = submit(annotator, complete)
    complete.assignment.request_changes(annotator)
    complete.assignment.refresh_from_db()
    write(complete, claim="One more")
    second = submit(annotator, complete)
    assert (first.number, second.number) == (1, 2)
    first.refresh_from_db()
    assert len(first.content["reasoning_steps"]) == 2


def test_a_submission_cannot_be_changed(complete: Annotation, annotator: User) -> None:
    submission = submit(annotator, complete)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Submission.objects.filter(pk=submission.pk).update(content={})


def test_removed_steps_and_citations_are_left_out(complete: Annotation, annotator: User) -> None:
    first, second = complete.reasoning_steps.all()
    remove_citation(annotator, first.citations.get())
    delete_step(annotator, second)
    [step] = build_content(complete)["reasoning_steps"]
    assert (step["claim"], step["citations"]) == ("The sign is wrong", [])


def test_options_of_what_is_no_decision_any_more_are_left_out(
    complete: Annotation, annotator: User
) -> None:
    decision = complete.reasoning_steps.get(kind="decision")
    decision = save_step(annotator, decision, {"kind": "change"}, decision.version)
    assert decision.options == OPTIONS
    assert build_content(complete)["reasoning_steps"][1]["options"] == []


# --- what keeps it from being handed in -----------------------------------------------------------


def test_nothing_is_missing_from_a_complete_one(complete: Annotation) -> None:
    assert problems(complete) == []


def test_an_empty_annotation_is_not_handed_in(annotation: Annotation, annotator: User) -> None:
    with pytest.raises(NotReady, match="no reasoning step yet"):
        submit(annotator, annotation)
    assert not Submission.objects.exists()


@pytest.mark.parametrize(
    ("kind", "values", "says"),
    [
        ("observation", {"claim": " "}, "R1 has no claim"),
        ("decision", {"options": []}, "fewer than two options"),
        ("decision", {"options": OPTIONS[:1]}, "fewer than two options"),
        ("decision", {"options": [OPTIONS[1], OPTIONS[1]]}, "without a chosen option"),
        ("decision", {"options": [OPTIONS[0], OPTIONS[0]]}, "without a chosen option"),
        ("decision", {"options": [*OPTIONS, {**OPTIONS[1], "title": ""}]}, "without a title"),
        ("observation", {"covers": [9]}, "covers step 9"),
    ],
)
def test_what_is_missing_is_named_with_its_step(
    annotation: Annotation, kind: str, values: dict[str, Any], says: str
) -> None:
    write(annotation, kind, **values)
    [problem] = problems(annotation)
    assert problem.sentence.startswith("R1 ") and says in problem.sentence


def test_a_citation_that_no_longer_holds_is_named(complete: Annotation) -> None:
    trajectory = complete.assignment.membership.trajectory
    Step.objects.filter(trajectory=trajectory, number=2).update(thought="Gone.")
    [problem] = problems(complete)
    assert problem.sentence.startswith("R1 cites “I run the”")


@pytest.mark.checks
def test_what_a_check_finds_is_said_once(complete: Annotation) -> None:
    trajectory = complete.assignment.membership.trajectory
    Step.objects.filter(trajectory=trajectory, number=2).update(thought="Gone.")
    found = [each for each in all_problems(complete) if "R1" in each]
    assert len(found) == 1, found
    assert found[0].startswith("R1 cites")


@pytest.mark.checks
def test_what_a_check_finds_keeps_it_from_being_handed_in_where_the_check_is_off(
    complete: Annotation,
) -> None:
    policy = policy_of(complete.assignment.membership.batch)
    policy.checks = {check.id: False for check in ALL_CHECKS}
    policy.save()
    complete.reasoning_steps.update(claim="")
    assert any("R1 has no claim" in each for each in all_problems(complete))


def test_a_blind_batch_asks_for_the_first_diagnosis(complete: Annotation, annotator: User) -> None:
    policy = policy_of(complete.assignment.membership.batch)
    policy.blind_first = True
    policy.save()
    annotation = Annotation.objects.get(pk=complete.pk)
    assert [each.sentence for each in problems(annotation)] == [
        "The first diagnosis is not committed yet; this batch asks for it."
    ]
    commit_diagnosis(annotator, annotation, "The sign.")
    content = submit(annotator, Annotation.objects.get(pk=complete.pk)).content
    assert content["first_diagnosis"] == "The sign."
    assert content["diagnosis_committed_at"]


@pytest.mark.checks
def test_what_an_earlier_version_of_the_schema_cannot_say_is_waived_all_the_same(
    complete: Annotation, annotator: User
) -> None:
    policy = policy_of(complete.assignment.membership.batch)
    policy.schema_version = 2
    policy.save()
    draft = Annotation.objects.get(pk=complete.pk)
    for finding in check_annotation(draft).findings:
        if finding.is_waivable:
            waive(annotator, draft, finding.check, finding.place.key, "It is a sample.")
    submission = submit(annotator, Annotation.objects.get(pk=complete.pk))
    assert "waivers" not in submission.content
    report = check_submission(submission.pk)
    assert report.findings == []
    assert {row["reason"] for row in report.waived} == {"It is a sample."}


# --- the schema -----------------------------------------------------------------------------------


def test_the_schema_takes_what_is_built(complete: Annotation) -> None:
    assert schema_violations(json.loads(json.dumps(build_content(complete)))) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema_version",), 4),
        (("unknown",), 1),
        (("reasoning_steps",), []),
        (("reasoning_steps", 0, "kind"), "poem"),
        (("reasoning_steps", 0, "claim"), ""),
        (("judgements", 0, "judgement"), "great"),
        (("reasoning_steps", 0, "covers", 0), 0),
        (("reasoning_steps", 0, "details"), {"question": "?"}),
        (("overview", "exit"), "lost"),
        (("reasoning_steps", 0, "citations", 0, "quote"), ""),
        (("reasoning_steps", 0, "citations", 0, "kind"), "file"),
        (("reasoning_steps", 0, "citations", 0, "content_sha256"), "x"),
        (("task", "instance_id"), ""),
    ],
)
def test_the_schema_refuses_what_breaks_it(
    complete: Annotation, path: tuple[str | int, ...], value: object
) -> None:
    content: Any = copy.deepcopy(build_content(complete))
    place = content
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    assert schema_violations(content)


def test_the_schema_is_documented_field_by_field() -> None:
    schema = submission_schema()
    assert set(schema["required"]) == set(schema["properties"])
