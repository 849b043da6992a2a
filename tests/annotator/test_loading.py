"""`manage.py load_annotations`: what export writes is read back, whole or in part."""

from __future__ import annotations

import copy
import json
import zipfile
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Role, User
from annotator.contexts.step_history import step_history
from annotator.models import Annotation, Assignment, Citation, ReasoningStep, Submission
from annotator.services import whole
from annotator.services.claiming import policy_of
from annotator.services.editing import add_step, bring_back, save_step
from annotator.services.undoing import undo
from annotator.submissions import build_content
from tests.annotator.conftest import cite_thought, write
from tests.conftest import make_user
from tests.probes import make_probe

pytestmark = pytest.mark.django_db

SOME_UID = "00000000-0000-4000-8000-000000000001"
BOOKKEEPING = ("edit_count", "diagnosis_committed_at")


@pytest.fixture
def written(annotation: Annotation, annotator: User) -> Annotation:
    """An annotation with references of every kind between its parts."""
    policy = policy_of(annotation.assignment.membership.batch)
    policy.overlap = 3
    policy.save()
    hypothesis = write(annotation, "hypothesis", test="Run it.", outcome="confirmed")
    cited = cite_thought(annotation, hypothesis)
    relation = [{"type": "supports", "to": str(hypothesis.uid)}]
    decision = write(
        annotation,
        "decision",
        question="Where?",
        relations=relation,
        covers=[1, 2],
        options=[
            {
                "title": "Here",
                "for": "short",
                "against": "",
                "considered_by": "agent",
                "chosen": True,
                "evidence": [str(cited.uid)],
            }
        ],
    )
    save_step(annotator, hypothesis, {"settled_by": str(decision.uid)}, hypothesis.version)
    root_cause = add_step(annotator, annotation, "root_cause")
    cite_thought(annotation, root_cause)
    trajectory = annotation.assignment.membership.trajectory
    make_probe(annotator, trajectory, decision)
    whole.judge(annotator, annotation, [1, 2], "misstep")
    whole.waive(annotator, annotation, "some-check", f"{decision.uid}//", "because")
    return Annotation.objects.get(pk=annotation.pk)


@pytest.fixture
def other(db: None) -> User:
    return make_user("otto", Role.ANNOTATOR)


def content_of(annotation: Annotation) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(json.dumps(build_content(annotation)))
    return content


def load(tmp_path: Path, *rows: object, name: str = "given.jsonl", **options: Any) -> Any:
    """Load rows as lines of a file; return the report's rows and what was printed."""
    file = tmp_path / name
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return run(tmp_path, file, **options)


def run(tmp_path: Path, file: Path, **options: Any) -> tuple[list[dict[str, Any]], str]:
    out, report = StringIO(), tmp_path / "report.json"
    try:
        call_command("load_annotations", file, stdout=out, report=report, **options)
    except SystemExit as ended:
        assert ended.code == 1
    return json.loads(report.read_text())["annotations"], out.getvalue()


def without(content: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name not in names}


def renumbered(content: dict[str, Any]) -> Any:
    """Return content with its uids replaced by the order in which they come."""
    text = json.dumps(without(content, *BOOKKEEPING))
    uids: dict[str, str] = {}
    cards = [*content["reasoning_steps"], content["root_cause"]]
    for card in cards:
        for each in (card, *card["citations"], *card["probes"]):
            uids.setdefault(each["uid"], f"uid {len(uids)}")
    for uid, number in uids.items():
        text = text.replace(uid, number)
    return json.loads(text)


def test_what_was_written_is_read_back_as_a_draft_of_somebody_else(
    written: Annotation, other: User, tmp_path: Path
) -> None:
    given = content_of(written)
    [row], _ = load(tmp_path, {"annotation": {"content": given}}, draft_for="otto")
    assert (row["outcome"], row["reason"]) == ("loaded", "")
    draft = Annotation.objects.get(assignment=row["assignment"])
    assert draft.assignment.annotator == other
    assert renumbered(content_of(draft)) == renumbered(given)
    assert {step.uid for step in draft.reasoning_steps.all()}.isdisjoint(
        written.reasoning_steps.values_list("uid", flat=True)
    )


def test_uids_that_are_free_are_kept(written: Annotation, other: User, tmp_path: Path) -> None:
    text = json.dumps(content_of(written))
    for uid in [str(step.uid) for step in written.reasoning_steps.all()]:
        text = text.replace(uid, uid[::-1][:8].replace("-", "0") + uid[8:])
    given = json.loads(text)
    [row], _ = load(tmp_path, given, draft_for="otto")
    draft = content_of(Annotation.objects.get(assignment=row["assignment"]))
    assert [s["uid"] for s in draft["reasoning_steps"]] == [
        s["uid"] for s in given["reasoning_steps"]
    ]


def test_checking_keeps_nothing(written: Annotation, other: User, tmp_path: Path) -> None:
    before = (ReasoningStep.objects.count(), Citation.objects.count(), Assignment.objects.count())
    [row], printed = load(tmp_path, content_of(written), check=True)
    assert row["outcome"] == "checked"
    assert before == (
        ReasoningStep.objects.count(),
        Citation.objects.count(),
        Assignment.objects.count(),
    )
    assert written.assignment.membership.trajectory.task.instance_id in printed


def test_the_same_is_found_in_a_file_and_in_its_draft(
    written: Annotation, other: User, tmp_path: Path
) -> None:
    given = content_of(written)
    given["reasoning_steps"][0]["citations"][0]["quote"] = "never said"
    [checked], _ = load(tmp_path, given, check=True)
    [loaded], _ = load(tmp_path, given, draft_for="otto")
    found = [(each["check"], each["severity"]) for each in checked["findings"]]
    assert found == [(each["check"], each["severity"]) for each in loaded["findings"]]


def test_a_part_is_a_start_that_counts_as_nobodys_work(
    written: Annotation, other: User, tmp_path: Path, client: Any
) -> None:
    task = content_of(written)["task"]["instance_id"]
    part = {
        "task": {"instance_id": task},
        "reasoning_steps": [{"kind": "hypothesis", "claim": "It is the sign."}],
    }
    [row], _ = load(tmp_path, part, draft_for="otto")
    draft = Annotation.objects.get(assignment=row["assignment"])
    assert draft.is_prefilled
    client.force_login(other)
    assert '<td class="number">0</td>' in client.get("/").content.decode()
    step = draft.reasoning_steps.get()
    assert step.claim == "It is the sign."
    save_step(other, step, {"claim": "It is another sign."}, step.version)
    draft.refresh_from_db()
    assert not draft.is_prefilled
    assert '<td class="number">1</td>' in client.get("/").content.decode()


def test_loading_is_not_undone(written: Annotation, other: User, tmp_path: Path) -> None:
    [row], _ = load(tmp_path, content_of(written), draft_for="otto")
    draft = Annotation.objects.get(assignment=row["assignment"])
    assert undo(other, draft) is None
    assert draft.reasoning_steps.count() == 3


def test_the_history_of_a_loaded_step_begins_with_the_loading(
    written: Annotation, other: User, tmp_path: Path
) -> None:
    load(tmp_path, content_of(written), draft_for=other.username)
    step = ReasoningStep.objects.filter(annotation__assignment__annotator=other).first()
    assert step is not None
    assert [version.said for version in step_history(step).versions] == ["loaded it"]
    claim = step.claim
    save_step(other, step, {"claim": "Mine."}, step.version)
    mended = ReasoningStep.objects.get(pk=step.pk)
    newest, loaded = step_history(mended).versions
    assert (newest.said, loaded.said, loaded.can_bring_back) == ("changed it", "loaded it", True)
    assert bring_back(other, mended, loaded.number).claim == claim


def test_writing_is_never_loaded_over(written: Annotation, tmp_path: Path) -> None:
    name = written.assignment.annotator.username
    [row], _ = load(tmp_path, content_of(written), draft_for=name)
    assert row["outcome"] == "refused"
    assert "has written" in row["reason"]


def test_what_is_blocked_is_not_handed_in_and_leaves_nothing(
    written: Annotation, other: User, tmp_path: Path
) -> None:
    given = content_of(written)
    given["reasoning_steps"][0]["claim"] = ""
    [row], printed = load(tmp_path, given, submit_as="otto")
    assert row["outcome"] == "refused"
    assert "cannot be handed in" in printed
    assert not Submission.objects.exists()
    assert not Assignment.objects.filter(annotator=other).exists()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema_version": 9}, "$.schema_version is 9"),
        ({"reasoning_steps": [{"kind": "poem"}]}, "$.reasoning_steps[0].kind"),
        ({"reasoning_steps": [{"claim": "x"}]}, "'kind' is a required property"),
        ({"overview": {"exit": "lost"}}, "$.overview.exit"),
        ({"unknown": 1}, "'unknown' was unexpected"),
        ({"trajectory": {"source_file_sha256": "0" * 64}}, "is not loaded here"),
        ({"trajectory": {}, "task": {"instance_id": "no__such-1"}}, "is not loaded here"),
        ({"trajectory": {}, "task": {}}, "names neither"),
        ({"task": {"instance_id": "no__such-1"}}, "names the task no__such-1, but a trajectory of"),
        ({"task": {"base_commit": "f" * 40}}, "base commit ffffffffffff, which no revision"),
        (
            {"reasoning_steps": [{"kind": "observation", "claim": "so " * 200}]},
            "has 599 characters of 500 at the most",
        ),
        (
            {"reasoning_steps": 2 * [{"kind": "observation", "uid": SOME_UID}]},
            f"The uid {SOME_UID} stands twice",
        ),
    ],
)
def test_what_cannot_be_loaded_says_what_and_where(
    written: Annotation, other: User, tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    good = content_of(written)
    rows, printed = load(tmp_path, {**good, **change}, good, draft_for="otto")
    assert [row["outcome"] for row in rows] == ["refused", "loaded"]
    assert says in rows[0]["reason"]
    assert "given.jsonl, line 1" in printed


def test_another_length_of_the_trajectory_is_refused(
    written: Annotation, other: User, tmp_path: Path
) -> None:
    good = content_of(written)
    good["trajectory"]["n_steps"] += 1
    [row], _ = load(tmp_path, good, draft_for="otto")
    assert (row["outcome"], "steps, but it has" in row["reason"]) == ("refused", True)


@pytest.mark.parametrize("text", ["", "\n", "[]"])
def test_a_file_without_annotations_is_refused(db: None, tmp_path: Path, text: str) -> None:
    file = tmp_path / "empty.json"
    file.write_text(text)
    [row], _ = run(tmp_path, file, check=True)
    assert (row["outcome"], "holds no annotation" in row["reason"]) == ("refused", True)


@pytest.mark.parametrize("text", ["{", "[1]", '{"annotation": 5}', "null", "9" * 5000, "[" * 9999])
def test_what_is_no_annotation_is_refused(written: Annotation, tmp_path: Path, text: str) -> None:
    file = tmp_path / "odd.jsonl"
    file.write_text(text)
    [row], _ = run(tmp_path, file, check=True)
    assert row["outcome"] == "refused"
    assert "odd.jsonl, line 1" in row["reason"]


def test_the_zip_of_an_export_is_read(written: Annotation, tmp_path: Path) -> None:
    file = tmp_path / "export.zip"
    with zipfile.ZipFile(file, "w") as packed:
        line = {"schema_version": 1, "annotation": {"content": content_of(written)}}
        packed.writestr("batch/annotations.jsonl", json.dumps(line) + "\n")
    [row], _ = run(tmp_path, file, check=True)
    assert row["outcome"] == "checked"


def test_a_zip_without_annotations_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.zip"
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("readme.txt", "x")
    [row], _ = run(tmp_path, file, check=True)
    assert "holds no annotations.jsonl" in row["reason"]


def test_somebody_who_is_no_annotator_gets_no_draft(db: None, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="nobody called"):
        load(tmp_path, {}, draft_for="nobody")


def test_a_blind_batch_takes_no_draft(written: Annotation, other: User, tmp_path: Path) -> None:
    policy = policy_of(written.assignment.membership.batch)
    policy.blind_first = True
    policy.save()
    [row], _ = load(tmp_path, content_of(written), draft_for="otto")
    assert "blind first" in row["reason"]


def test_earlier_versions_are_read(written: Annotation, other: User, tmp_path: Path) -> None:
    from annotator.versions import as_version

    given = content_of(written)
    for version, name in ((1, "eins"), (2, "zwei")):
        make_user(name, Role.ANNOTATOR)
        [row], _ = load(tmp_path, as_version(copy.deepcopy(given), version), draft_for=name)
        draft = content_of(Annotation.objects.get(assignment=row["assignment"]))
        assert draft["reasoning_steps"][1]["covers"] == [1, 2]
        assert [each["judgement"] for each in draft["judgements"]] == ["misstep", "misstep"]
