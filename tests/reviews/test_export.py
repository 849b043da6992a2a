from __future__ import annotations

import hashlib
import json
import weakref
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from jsonschema import Draft202012Validator

from accounts.models import User
from annotator.models import CheckReport, Submission
from annotator.services.timekeeping import correct_time
from reviews.exporting.canonical import canonical_json
from reviews.exporting.pseudonyms import pseudonym
from reviews.exporting.selection import CHUNK, in_export_order
from reviews.exporting.selection import approved as select_approved
from reviews.exporting.writer import FILES, write_export, zip_export
from reviews.models import Review, Verdict
from reviews.services.reviewing import publish_review
from reviews.services.rubrics import rubric_of
from reviews.services.threads import open_thread, reply, set_resolved
from tests.factories import make_batch, make_task, make_trajectory
from tests.reviews.factories import (
    ANSWERS,
    citation_content,
    make_approved,
    make_assignment,
    make_content,
    make_submission,
    step_content,
    submit,
)
from tests.reviews.runs import make_run
from tests.reviews.whole import root_cause, whole_content
from tests.world import add_time
from trajectories.models import Batch


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture
def approved(annotator: User, reviewer: User) -> Submission:
    annotator.first_name, annotator.last_name = "Nils", "Holgersson"
    annotator.save()
    submission = make_approved(annotator, reviewer)
    return submission


def batch_of(submission: Submission) -> Batch:
    return submission.annotation.assignment.membership.batch


def export(batch: Batch, folder: Path) -> list[dict[str, Any]]:
    call_command("export_batch", batch.slug, out=folder)
    lines = (folder / "annotations.jsonl").read_bytes().splitlines()
    return [json.loads(line) for line in lines]


def test_line_carries_the_frozen_content_and_identities(approved: Submission, out: Path) -> None:
    [line] = export(batch_of(approved), out)
    trajectory = approved.annotation.assignment.membership.trajectory
    assert line["annotation"]["content"] == approved.content
    assert line["annotation"]["content_sha256"] == approved.sha256
    assert line["task"]["instance_id"] == trajectory.task.instance_id
    assert line["task"]["revision"] == {
        "number": 1,
        "content_sha256": trajectory.task_revision.content_sha256,
    }
    assert line["trajectory"]["source_file_sha256"] == trajectory.source_file.sha256
    patch = trajectory.model_patch.encode()
    assert line["trajectory"]["model_patch_sha256"] == hashlib.sha256(patch).hexdigest()


def test_every_line_fits_the_schema_beside_it(approved: Submission, out: Path) -> None:
    lines = export(batch_of(approved), out)
    schema = json.loads((out / "schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    for line in lines:
        Draft202012Validator(schema).validate(line)


def test_a_line_of_version_3_carries_all_of_it(annotator: User, reviewer: User, out: Path) -> None:
    submission = make_approved(annotator, reviewer, content=whole_content())
    [line] = export(batch_of(submission), out)
    Draft202012Validator(json.loads((out / "schema.json").read_text())).validate(line)
    assert line["annotation"]["content"] == submission.content
    assert line["annotation"]["content"]["first_diagnosis"]
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["counts"]["reasoning_steps"] == 7
    # One of them is the root cause's.
    assert manifest["counts"]["citations"] == 2


def test_a_run_that_only_the_root_cause_cites_is_exported(
    annotator: User, reviewer: User, out: Path
) -> None:
    trajectory = make_trajectory()
    cited, _latest = make_run(trajectory, "base"), make_run(trajectory, "base")
    target = {"run": cited.pk, "test_id": "tests/test_core.py::test_add"}
    citation = citation_content(kind="test", target=target)
    content = whole_content(root_cause=root_cause(citations=[citation]))
    submission = make_approved(annotator, reviewer, trajectory=trajectory, content=content)
    [line] = export(batch_of(submission), out)
    assert cited.pk in [run["run"] for run in line["validation"]]


def test_what_the_checks_found_goes_with_the_line(approved: Submission, out: Path) -> None:
    [line] = export(batch_of(approved), out)
    assert line["annotation"]["checks"] is None
    found = {"check": "x", "severity": "warn", "message": "R1 …", "place": "//", "offer": ""}
    CheckReport.objects.create(
        submission=approved,
        findings=[found],
        waived=[{**found, "reason": "Fine."}],
        checked=["x"],
        failure="/srv/mirrors is gone",
    )
    [line] = export(batch_of(approved), out)
    Draft202012Validator(json.loads((out / "schema.json").read_text())).validate(line)
    said = {"check": "x", "severity": "warn", "message": "R1 …", "place": "//"}
    assert line["annotation"]["checks"] == {
        "checked": ["x"],
        "findings": [said],
        "waived": [{**said, "reason": "Fine."}],
        "has_failed": True,
    }


def test_what_counts_of_the_annotators_time_goes_with_the_line(
    approved: Submission, out: Path
) -> None:
    [line] = export(batch_of(approved), out)
    assert line["annotation"]["active_seconds"] is None
    claim = add_time(approved.annotation.assignment)
    correct_time(claim.person, claim, 60, "less", timezone.now())
    [line] = export(batch_of(approved), out)
    Draft202012Validator(json.loads((out / "schema.json").read_text())).validate(line)
    assert line["annotation"]["active_seconds"] == 13 * 60


@pytest.mark.parametrize(
    "place", [(), ("task",), ("trajectory",), ("annotation",), ("review",), ("review", "scores", 0)]
)
def test_schema_refuses_a_field_it_does_not_describe(
    approved: Submission, out: Path, place: tuple[str | int, ...]
) -> None:
    [line] = export(batch_of(approved), out)
    where: Any = line
    for key in place:
        where = where[key]
    where["surprise"] = 1
    schema = json.loads((out / "schema.json").read_text())
    [error] = Draft202012Validator(schema).iter_errors(line)
    assert "surprise" in error.message


def test_names_of_people_are_not_exported(approved: Submission, reviewer: User, out: Path) -> None:
    [line] = export(batch_of(approved), out)
    written = (out / "annotations.jsonl").read_text()
    for word in ("Nils", "Holgersson", "nils", "rosa"):
        assert word not in written
    assert line["annotation"]["annotator"] == pseudonym(approved.submitted_by_id)
    assert line["review"]["reviewer"] == pseudonym(reviewer.pk)


def test_rounds_threads_and_scores_are_exported(annotator: User, reviewer: User, out: Path) -> None:
    first = make_submission(annotator)
    batch = batch_of(first)
    rubric = rubric_of(batch)
    uid = first.content["reasoning_steps"][0]["uid"]
    thread = open_thread(reviewer, first, body="Which line?", reasoning_step_uid=uid)
    review(reviewer, first, Verdict.REQUEST_CHANGES, "Cite the line.")
    reply(annotator, thread, body="Line 2.")
    second = submit(first.annotation.assignment, make_content(step_content(uid=uid)))
    set_resolved(reviewer, thread, True)
    review(reviewer, second, Verdict.APPROVE, "")
    [line] = export(batch, out)
    assert line["annotation"]["submission_number"] == 2
    assert line["review"]["n_rounds"] == 2
    assert [earlier["summary"] for earlier in line["review"]["earlier"]] == ["Cite the line."]
    [exported] = line["review"]["threads"]
    assert exported["reasoning_step_uid"] == uid and exported["is_resolved"]
    assert [(comment["role"], comment["body"]) for comment in exported["comments"]] == [
        ("reviewer", "Which line?"),
        ("annotator", "Line 2."),
    ]
    question = rubric.criteria[0]["question"]
    assert line["review"]["scores"][0] == {"id": "c1", "question": question, "answer": True}


def test_only_approved_submissions_of_the_batch_are_exported(
    approved: Submission, annotator: User, reviewer: User, out: Path
) -> None:
    batch = batch_of(approved)
    make_submission(annotator, batch=batch)
    make_assignment(annotator, batch)
    rejected = make_submission(annotator, batch=batch)
    review(reviewer, rejected, Verdict.REJECT, "No.")
    make_approved(annotator, reviewer)
    [line] = export(batch, out)
    assert line["annotation"]["content_sha256"] == approved.sha256


def test_lines_are_sorted_by_instance_whatever_order_they_were_approved_in(
    annotator: User, reviewer: User, out: Path
) -> None:
    trajectories = [make_trajectory(make_task(name)) for name in ("b__b-2", "B__b-1", "a__a-10")]
    batch = make_batch(*trajectories)
    for trajectory in trajectories:
        make_approved(annotator, reviewer, batch=batch, trajectory=trajectory)
    lines = export(batch, out)
    assert [line["task"]["instance_id"] for line in lines] == ["B__b-1", "a__a-10", "b__b-2"]


def test_latest_run_of_each_tree_and_every_cited_run_is_exported(
    annotator: User, reviewer: User, out: Path
) -> None:
    trajectory = make_trajectory()
    cited, _skipped, base, gold, model = (
        make_run(trajectory, "base", {"tests/test_core.py::test_add": "FAILED"}),
        make_run(trajectory, "base"),
        make_run(trajectory, "base", {"tests/test_core.py::test_add": "FAILED"}),
        make_run(trajectory, "gold", {"tests/test_core.py::test_add": "PASSED"}),
        make_run(trajectory, "model", outcome="patch_does_not_apply"),
    )
    target = {"run": cited.pk, "test_id": "tests/test_core.py::test_add"}
    content = make_content(step_content(citations=[citation_content(kind="test", target=target)]))
    submission = make_approved(annotator, reviewer, trajectory=trajectory, content=content)
    [line] = export(batch_of(submission), out)
    runs = line["validation"]
    assert [run["run"] for run in runs] == [cited.pk, base.pk, gold.pk, model.pk]
    assert [run["resolved"] for run in runs] == [False, False, True, None]
    assert runs[2]["fail_to_pass"] == {"tests/test_core.py::test_add": "PASSED"}
    assert runs[2]["recipe_digest"] == gold.recipe.digest


def test_export_of_the_same_state_is_the_same_bytes(approved: Submission, out: Path) -> None:
    archives = []
    for folder in (out / "one", out / "two"):
        write_export(batch_of(approved), folder)
        archive = BytesIO()
        zip_export(folder, archive, "batch")
        archives.append(archive.getvalue())
    assert archives[0] == archives[1]
    assert sorted(zipfile.ZipFile(BytesIO(archives[0])).namelist()) == sorted(
        f"batch/{name}" for name in FILES
    )


def test_manifest_names_counts_and_hashes(approved: Submission, out: Path) -> None:
    export(batch_of(approved), out)
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["counts"] == {
        "annotations": 1,
        "tasks": 1,
        "trajectories": 1,
        "reasoning_steps": 1,
        "citations": 1,
    }
    for file in manifest["files"]:
        content = (out / file["name"]).read_bytes()
        assert file["sha256"] == hashlib.sha256(content).hexdigest()
        assert file["size_bytes"] == len(content)


def test_submission_that_does_not_fit_is_named_and_nothing_is_written(
    annotator: User, reviewer: User, out: Path
) -> None:
    broken = make_content(step_content(kind="guess"))
    submission = make_approved(annotator, reviewer, content=broken)
    instance_id = submission.annotation.assignment.membership.trajectory.task.instance_id
    with pytest.raises(CommandError, match=f"Submission 1 of {instance_id}.*kind"):
        export(batch_of(submission), out)
    assert list(out.glob("*")) == []


def test_export_keeps_other_files_of_the_folder(approved: Submission, out: Path) -> None:
    (out / "notes.txt").write_text("mine")
    export(batch_of(approved), out)
    assert sorted(path.name for path in out.iterdir()) == sorted([*FILES, "notes.txt"])


def test_unknown_batch_is_refused_with_those_that_exist(approved: Submission, out: Path) -> None:
    with pytest.raises(CommandError, match=f"no batch 'nope'.*{batch_of(approved).slug}"):
        call_command("export_batch", "nope", out=out)


def test_batch_without_approved_work_exports_an_empty_file(annotator: User, out: Path) -> None:
    assert export(batch_of(make_submission(annotator)), out) == []


def test_queries_grow_by_a_constant_for_each_line(
    annotator: User, reviewer: User, out: Path
) -> None:
    def count(n: int) -> int:
        batch = make_batch()
        for _ in range(n):
            make_approved(annotator, reviewer, batch=batch)
        with CaptureQueriesContext(connection) as queries:
            write_export(batch, out / str(n))
        return len(queries)

    one, two, four = count(1), count(2), count(4)
    assert four - two == 2 * (two - one)
    assert two - one <= 3


def test_only_a_few_submissions_are_in_memory_at_a_time(annotator: User, reviewer: User) -> None:
    batch = make_batch()
    for _ in range(3 * CHUNK):
        make_approved(annotator, reviewer, batch=batch)
    seen: list[weakref.ref[Submission]] = []
    most_alive = 0
    for submission in in_export_order(select_approved(batch)):
        seen.append(weakref.ref(submission))
        most_alive = max(most_alive, sum(reference() is not None for reference in seen))
    assert len(seen) == 3 * CHUNK
    assert most_alive <= 2 * CHUNK


def test_canonical_json_does_not_depend_on_the_order_of_keys() -> None:
    assert canonical_json({"b": "ü", "a": [1]}) == canonical_json({"a": [1], "b": "ü"})
    assert canonical_json({"b": "ü", "a": [1]}) == '{"a":[1],"b":"ü"}'.encode()


def review(reviewer: User, submission: Submission, verdict: str, summary: str) -> Review:
    return publish_review(reviewer, submission, verdict=verdict, summary=summary, scores=ANSWERS)
