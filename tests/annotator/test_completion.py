"""What `@` offers, and what a mention cites."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from annotator.contexts.completion import Offer, offers
from annotator.models import Annotation, Citation
from annotator.services.claiming import claim_next, policy_of
from tests.annotator.conftest import write
from tests.conftest import signed_in
from tests.factories import make_batch
from tests.trajectories.conftest import fetched_trajectory
from tests.trajectories.git_repositories import make_sample
from trajectories.models import Step

MORE = {
    "pkg/query.py": b'"""Queries."""\n\n\nclass QuerySet:\n    def filter(self):\n        pass\n',
    "other/core.py": b"def other():\n    pass\n",
}


@pytest.fixture
def annotation(annotator: User, tmp_path: Path) -> Annotation:
    """An annotation whose repository is fetched."""
    sample = make_sample(tmp_path / "sample")
    sample.add_files(MORE)
    return claim_next(annotator, make_batch(fetched_trajectory(sample))).annotation


@pytest.fixture
def client(annotation: Annotation) -> Client:
    return signed_in(annotation.assignment.annotator)


def labels(annotation: Annotation, typed: str, kind: str = "") -> list[str]:
    return [offer.label for offer in offers(annotation, typed) if kind in ("", offer.kind)]


def first(annotation: Annotation, typed: str) -> Offer:
    return offers(annotation, typed)[0]


def mention(client: Client, step: Any, kind: str, value: str) -> Any:
    data = {"kind": kind, "value": value}
    return client.post(f"/reasoning/{step.uid}/mention/", data, headers={"HX-Request": "true"})


# --- offers ---------------------------------------------------------------------------------------


def test_a_file_is_offered_by_some_of_its_letters(annotation: Annotation) -> None:
    assert labels(annotation, "qry", "file") == ["pkg/query.py"]


def test_a_file_with_a_line_is_written_by_the_end_that_names_no_other(
    annotation: Annotation,
) -> None:
    assert first(annotation, "query.py:4").insert == "`query.py:4`"
    assert first(annotation, "pkg/core.py:1-2").insert == "`pkg/core.py:1-2`"


def test_a_symbol_is_offered_with_its_class_and_its_line(annotation: Annotation) -> None:
    offer = first(annotation, "filt")
    assert (offer.kind, offer.label, offer.value) == ("symbol", "QuerySet.filter", "pkg/query.py:5")


def test_failing_tests_are_offered_first_and_before_anything_is_typed(
    annotation: Annotation,
) -> None:
    revision = annotation.assignment.membership.trajectory.task_revision
    tests = labels(annotation, "", "test")
    assert tests == revision.fail_to_pass[: len(tests)]
    assert labels(annotation, "test", "test")[0] == revision.fail_to_pass[0]


def test_a_step_is_offered_by_its_number_and_by_words_of_its_summary(
    annotation: Annotation,
) -> None:
    assert first(annotation, "2").insert == "step 2"
    trajectory = annotation.assignment.membership.trajectory
    summary = Step.objects.get(trajectory=trajectory, number=2).summary
    words = " ".join(reversed(summary.split()[:2]))
    assert "step 2" in labels(annotation, words, "step")


def test_other_reasoning_steps_are_offered_by_number_and_claim(annotation: Annotation) -> None:
    own, other = write(annotation, claim="mine"), write(annotation, claim="the cache is stale")
    found = offers(annotation, "r", str(own.uid))
    assert [o.insert for o in found if o.kind == "reasoning"] == ["R2"]
    assert labels(annotation, "stale cache", "reasoning") == ["R2"]
    assert other.claim in [o.detail for o in found]


@pytest.mark.parametrize(
    "typed", ["(", "[a", "\\", "a:b:c", "😀", "..", "@@", ":", ":12", "x" * 200]
)
def test_odd_letters_offer_nothing_odd(annotation: Annotation, typed: str) -> None:
    assert all(offer.insert for offer in offers(annotation, typed))


def test_without_a_repository_steps_and_tests_are_offered(
    annotator: User, batch: Any, db: None
) -> None:
    annotation = claim_next(annotator, batch).annotation
    assert {offer.kind for offer in offers(annotation, "2")} == {"step"}


def test_the_answer_takes_as_many_queries_for_twice_as_many_steps(
    client: Client, annotation: Annotation, django_assert_num_queries: Any
) -> None:
    url = f"/assignments/{annotation.assignment_id}/complete/?q=a"
    write(annotation)
    client.get(url)
    with django_assert_num_queries(5) as first:
        client.get(url)
    for _ in range(3):
        write(annotation)
    with django_assert_num_queries(len(first.captured_queries)):
        assert client.get(url).json()["offers"]


# --- mentions -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "value", "cited"),
    [
        ("file", "pkg/query.py:4-5", "class QuerySet:\n    def filter(self):"),
        ("file", "pkg/query.py", '"""Queries."""'),
        ("symbol", "pkg/query.py:5", "    def filter(self):"),
    ],
)
def test_a_mention_of_code_cites_its_lines_at_base(
    client: Client, annotation: Annotation, kind: str, value: str, cited: str
) -> None:
    step = write(annotation)
    answer = mention(client, step, kind, value)
    assert answer.status_code == 200
    assert b"cite-chip" in answer.content
    citation = Citation.objects.get(reasoning_step=step)
    assert (citation.kind, citation.quote, citation.target["tree"]) == ("file", cited, "base")


def test_a_mention_of_a_step_cites_its_thought(client: Client, annotation: Annotation) -> None:
    step = write(annotation)
    assert mention(client, step, "step", "2").status_code == 200
    citation = Citation.objects.get(reasoning_step=step)
    assert (citation.kind, citation.target) == ("thought", {"step": 2})


def test_a_mention_of_a_test_without_a_run_cites_its_definition(
    client: Client, annotation: Annotation
) -> None:
    step = write(annotation)
    test_id = annotation.assignment.membership.trajectory.task_revision.fail_to_pass[0]
    assert mention(client, step, "test", test_id).status_code == 200
    citation = Citation.objects.get(reasoning_step=step)
    assert (citation.kind, citation.target["tree"]) == ("file", "tests")
    assert test_id.rpartition("::")[2] in citation.quote


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("file", "no/such.py"),
        ("file", "../../etc/passwd"),
        ("file", "pkg/query.py:999"),
        ("step", "99"),
        ("step", "٣"),
        ("step", "x"),
        ("test", "no_such_test_anywhere"),
        ("reasoning", "R1"),
    ],
)
def test_what_is_not_there_is_not_cited(
    client: Client, annotation: Annotation, kind: str, value: str
) -> None:
    step = write(annotation)
    assert mention(client, step, kind, value).status_code == 422
    assert not Citation.objects.filter(reasoning_step=step).exists()


def test_while_blind_a_test_is_cited_by_its_definition(
    client: Client, annotation: Annotation
) -> None:
    policy = policy_of(annotation.assignment.membership.batch)
    policy.blind_first = True
    policy.save()
    annotation.assignment.membership.trajectory.grants.update(sees_gold=False, sees_verdicts=False)
    step = write(annotation)
    test_id = annotation.assignment.membership.trajectory.task_revision.fail_to_pass[0]
    mention(client, step, "test", test_id)
    assert Citation.objects.get(reasoning_step=step).kind == "file"
