from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from tests.factories import PATCH, grant, make_trajectory
from tests.html import Page, page_of
from trajectories.models import SeenFile, Trajectory

pytestmark = pytest.mark.django_db

TWO = PATCH + PATCH.replace("core.py", "more.py")


@pytest.fixture
def trajectory(annotator: User) -> Trajectory:
    trajectory = make_trajectory(model_patch=TWO)
    grant(annotator, trajectory, sees_gold=False)
    return trajectory


def diff_page(client: Client, trajectory: Trajectory) -> Page:
    return page_of(client.get(reverse("trajectories:diff", args=[trajectory.pk, "model"])))


def mark(client: Client, page: Page, **headers: str) -> Page:
    (button, *_) = page.select("button.diff-seen")
    answer = client.post(button.get("hx-post") or "", headers={"HX-Request": "true", **headers})
    return page_of(answer)


def test_a_seen_file_comes_folded_and_is_counted(
    annotator_client: Client, trajectory: Trajectory
) -> None:
    page = diff_page(annotator_client, trajectory)
    assert page.text("#diff-model-count") == "0 of 2 files seen"
    answer = mark(annotator_client, page)
    assert answer.text("#diff-model-count") == "1 of 2 files seen"
    assert not answer.select("details[open]")
    page = diff_page(annotator_client, trajectory)
    assert page.text("#diff-model-count") == "1 of 2 files seen"
    assert [bool(file.cssselect("details[open]")) for file in page.select("article")] == [
        False,
        True,
    ]


def test_the_key_marks_a_file_that_is_not_seen(
    annotator_client: Client, trajectory: Trajectory
) -> None:
    mark(annotator_client, diff_page(annotator_client, trajectory))
    page = diff_page(annotator_client, trajectory)
    (button,) = page.select('button[data-key="m"]')
    assert "more.py" in button.text_content()


def test_seen_can_be_taken_back(annotator_client: Client, trajectory: Trajectory) -> None:
    mark(annotator_client, diff_page(annotator_client, trajectory))
    answer = mark(annotator_client, diff_page(annotator_client, trajectory))
    assert answer.select("details[open] table.diff")
    assert not SeenFile.objects.exists()


def test_a_changed_file_is_not_seen_any_more(
    annotator_client: Client, trajectory: Trajectory
) -> None:
    mark(annotator_client, diff_page(annotator_client, trajectory))
    trajectory.model_patch = TWO.replace("a + b", "b + a")
    trajectory.save()
    page = diff_page(annotator_client, trajectory)
    assert page.text("#diff-model-count") == "0 of 2 files seen"


def test_what_one_person_has_seen_is_not_seen_by_another(
    annotator_client: Client, admin_client: Client, trajectory: Trajectory
) -> None:
    mark(annotator_client, diff_page(annotator_client, trajectory))
    page = diff_page(admin_client, trajectory)
    assert page.text("#diff-model-count") == "0 of 2 files seen"


def test_a_plain_form_goes_on_to_the_next_unseen_file(
    annotator_client: Client, trajectory: Trajectory
) -> None:
    page = diff_page(annotator_client, trajectory)
    button = page.select("button.diff-seen")[0]
    answer = annotator_client.post(button.get("formaction") or "", {"page": "/x/?left=step"})
    assert answer.status_code == 302
    assert answer["Location"] == "/x/?left=step&right=model&file=pkg%2Fmore.py"


def test_the_page_to_return_to_is_of_this_site(
    annotator_client: Client, trajectory: Trajectory
) -> None:
    page = diff_page(annotator_client, trajectory)
    button = page.select("button.diff-seen")[0]
    answer = annotator_client.post(button.get("formaction") or "", {"page": "//elsewhere.example/"})
    assert answer["Location"].startswith("/elsewhere.example/")


def test_marking_twice_is_marking_once(annotator_client: Client, trajectory: Trajectory) -> None:
    url = diff_page(annotator_client, trajectory).select("button.diff-seen")[0].get("hx-post") or ""
    for _ in range(2):
        annotator_client.post(url, headers={"HX-Request": "true"})
    assert SeenFile.objects.count() == 1


def test_a_stranger_and_hidden_gold_are_not_found(
    other_annotator_client: Client, annotator_client: Client, trajectory: Trajectory
) -> None:
    def post(client: Client, which: str) -> int:
        url = reverse("trajectories:diff-seen", args=[trajectory.pk, which])
        return client.post(f"{url}?seen=1&path=pkg/core.py").status_code

    assert post(other_annotator_client, "model") == 404
    assert post(annotator_client, "gold") == 404
    assert not SeenFile.objects.exists()


def test_an_unknown_file_cannot_be_seen(annotator_client: Client, trajectory: Trajectory) -> None:
    url = reverse("trajectories:diff-seen", args=[trajectory.pk, "model"])
    assert annotator_client.post(f"{url}?seen=1&path=nowhere").status_code == 404


def test_queries_do_not_grow_with_what_is_seen(
    annotator_client: Client,
    trajectory: Trajectory,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _ in range(2):
        with django_assert_num_queries(5):
            diff_page(annotator_client, trajectory)
        mark(annotator_client, diff_page(annotator_client, trajectory))


def test_a_file_that_a_patch_has_twice_is_shown_twice(admin_client: Client) -> None:
    trajectory = make_trajectory(model_patch=PATCH + PATCH.replace("a + b", "b + a"))
    page = diff_page(admin_client, trajectory)
    ids = [file.get("id") for file in page.select("article")]
    assert len(set(ids)) == 2
    assert page.texts("tr.diff-line--added td.code") == ["return a + b", "return b + a"]
