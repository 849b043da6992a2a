"""Who reaches which address of the annotator's room, and with which method."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from annotator.models import Annotation, Citation
from tests.annotator.conftest import cite_thought
from tests.conftest import signed_in

pytestmark = pytest.mark.django_db

# name of the address, what it is an address of
READING = [("workspace", "assignment"), ("reasoning", "assignment"), ("step-history", "step")]
WRITING = [
    ("release", "assignment"),
    ("submit", "assignment"),
    ("step-add", "annotation"),
    ("cite", "annotation"),
    ("diagnosis", "annotation"),
    ("step-save", "step"),
    ("step-move", "step"),
    ("step-delete", "step"),
    ("step-restore", "step"),
    ("citation-remove", "citation"),
    ("citation-restore", "citation"),
]


@pytest.fixture
def citation(annotation: Annotation) -> Citation:
    return cite_thought(annotation)


def address(name: str, of: str, citation: Citation) -> str:
    step = citation.reasoning_step
    keys = {
        "assignment": step.annotation.assignment_id,
        "annotation": step.annotation_id,
        "step": step.uid,
        "citation": citation.uid,
    }
    return reverse(f"annotator:{name}", args=[keys[of]])


@pytest.mark.parametrize(("name", "of"), [*READING, *WRITING])
def test_a_stranger_finds_nothing(
    citation: Citation, other_annotator: User, reviewer: User, name: str, of: str
) -> None:
    for person in (other_annotator, reviewer):
        client = signed_in(person)
        call = client.post if (name, of) in WRITING else client.get
        assert call(address(name, of, citation)).status_code == 404


@pytest.mark.parametrize(("name", "of"), [*READING, *WRITING])
def test_nobody_is_sent_to_the_login(citation: Citation, name: str, of: str) -> None:
    response = Client().post(address(name, of, citation))
    assert response.status_code == 302
    assert response.headers["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize(("name", "of"), WRITING)
def test_an_admin_reads_only(citation: Citation, admin_client: Client, name: str, of: str) -> None:
    assert admin_client.post(address(name, of, citation)).status_code == 403


def test_an_admin_reads_a_draft(citation: Citation, admin_client: Client) -> None:
    response = admin_client.get(address("workspace", "assignment", citation))
    assert response.status_code == 200
    assert b"for reading only" in response.content
    assert b"data-autosave" not in response.content


@pytest.mark.parametrize(("name", "of"), WRITING)
def test_nothing_is_changed_by_following_a_link(
    citation: Citation, annotator_client: Client, name: str, of: str
) -> None:
    assert annotator_client.get(address(name, of, citation)).status_code == 405


@pytest.mark.parametrize(("name", "of"), READING)
def test_reading_takes_no_posts(
    citation: Citation, annotator_client: Client, name: str, of: str
) -> None:
    assert annotator_client.post(address(name, of, citation)).status_code == 405


@pytest.mark.parametrize(
    ("name", "method", "allowed"),
    [
        ("batch", "get", {"admin": 200, "annotator": 200, "reviewer": 403}),
        ("claim", "post", {"admin": 302, "annotator": 302, "reviewer": 403}),
        ("policy", "post", {"admin": 422, "annotator": 403, "reviewer": 403}),
    ],
)
def test_a_batch_is_for_annotators_and_admins(
    citation: Citation,
    admin_user: User,
    annotator: User,
    reviewer: User,
    name: str,
    method: str,
    allowed: dict[str, int],
) -> None:
    batch = citation.reasoning_step.annotation.assignment.membership.batch
    url = reverse(f"annotator:{name}", args=[batch.slug])
    got = {
        person.role: getattr(signed_in(person), method)(url).status_code
        for person in (admin_user, annotator, reviewer)
    }
    assert got == allowed


def test_a_batch_that_is_not_there_is_not_found(annotator_client: Client) -> None:
    assert annotator_client.get("/batches/none/").status_code == 404


def test_forms_without_the_token_are_refused(citation: Citation, annotator: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(annotator)
    assert client.post(address("step-delete", "step", citation)).status_code == 403
