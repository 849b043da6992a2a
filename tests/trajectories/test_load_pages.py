from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from lxml import html

from accounts.models import Event, User
from trajectories.forms import LoadForm
from trajectories.loading import uploads
from trajectories.loading.uploads import find_result, load_upload, receive_upload
from trajectories.models import Batch, Task, Trajectory
from trajectories.tasks import load_uploaded_files

ROW = {
    "repo": "a/b",
    "instance_id": "a__b-1",
    "base_commit": "a" * 40,
    "patch": "diff --git a/x b/x\n",
    "problem_statement": "x",
    "FAIL_TO_PASS": ["t"],
}
RUN = {"environment": "a__b-1", "trajectory": [{"action": "ls", "observation": "x"}], "info": {}}


def upload_of(name: str, document: Any) -> SimpleUploadedFile:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return SimpleUploadedFile(name, content)


def post(client: Client, *files: SimpleUploadedFile, **data: str) -> Any:
    fields = {"kind": "tasks", "batch": "first", "dataset": "", **data}
    return client.post(
        reverse("trajectories:load"), {**fields, "uploads": list(files)}, follow=True
    )


def texts(response: Any, selector: str) -> list[str]:
    page = html.fromstring(response.content.decode())
    return [" ".join(element.text_content().split()) for element in page.cssselect(selector)]


def test_tasks_and_trajectories_load_through_the_page(admin_client: Client) -> None:
    response = post(admin_client, upload_of("rows.json", [ROW, {"instance_id": "bad"}]))
    assert texts(response, "[role=status] .chip") == ["1 loaded", "0 unchanged", "1 refused"]
    assert "item 2: The row has no repo." in texts(response, "td:last-child")
    runs = [upload_of("one.traj", RUN), upload_of("two.md", b"# no\n")]
    response = post(admin_client, *runs, kind="trajectories")
    assert texts(response, "[role=status] .chip") == ["1 loaded", "0 unchanged", "1 refused"]
    assert texts(response, "#load-result h2") == ["one.traj", "two.md"]
    assert Trajectory.objects.get().task == Task.objects.get()
    assert Batch.objects.get().slug == "first"


def test_the_load_is_logged_with_who_did_it(admin_client: Client, admin_user: User) -> None:
    post(admin_client, upload_of("rows.json", [ROW]), dataset="lite")
    verbs = set(Event.objects.filter(actor=admin_user).values_list("verb", flat=True))
    assert verbs >= {
        "files uploaded",
        "task revised",
        "tasks loaded",
        "upload loaded",
        "batch created",
    }
    assert Task.objects.select_related("current_revision").get().current_revision.dataset == "lite"


def test_uploaded_files_are_removed_once_they_are_loaded(
    admin_client: Client, data_folder: Any
) -> None:
    post(admin_client, upload_of("../../rows.json", [ROW]))
    assert list((data_folder / "uploads").iterdir()) == []


@pytest.mark.parametrize(
    "data", [{"batch": "not a slug"}, {"kind": "nonsense"}, {"batch": ""}, {"dataset": "x" * 201}]
)
def test_an_invalid_form_comes_back_with_its_errors(
    data: dict[str, str], admin_client: Client
) -> None:
    response = post(admin_client, upload_of("rows.json", [ROW]), **data)
    assert response.status_code == 422
    assert texts(response, ".errorlist")
    assert not Event.objects.filter(verb="files uploaded").exists()


def test_no_file_is_an_error_of_the_form(admin_client: Client) -> None:
    assert post(admin_client).status_code == 422
    assert "required" in LoadForm({}).errors["uploads"][0]


def test_loading_is_for_admins(
    annotator_client: Client, reviewer_client: Client, client: Client, admin_client: Client
) -> None:
    finished = post(admin_client, upload_of("rows.json", [ROW])).redirect_chain[-1][0]
    for url in (reverse("trajectories:load"), finished):
        assert annotator_client.get(url).status_code == 403
        assert reviewer_client.get(url).status_code == 403
        assert client.get(url).status_code == 302
        assert admin_client.get(url).status_code == 200
    assert admin_client.get(reverse("trajectories:load-result", args=[10**9])).status_code == 404
    assert admin_client.post(finished).status_code == 405


def test_a_large_upload_waits_for_a_worker_and_the_page_asks_again(
    admin_client: Client,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    monkeypatch.setattr(uploads, "INLINE_BYTES", 0)
    with django_capture_on_commit_callbacks() as queued:
        response = post(admin_client, upload_of("rows.json", [ROW]))
    assert len(queued) == 1
    assert texts(response, "#load-result[hx-trigger]")
    upload = Event.objects.get(verb="files uploaded")
    load_uploaded_files(upload.pk)
    url = reverse("trajectories:load-result", args=[upload.pk])
    fragment = admin_client.get(url, headers={"HX-Request": "true"})
    assert not texts(fragment, "[hx-trigger]")
    assert not texts(fragment, "title")
    assert "1 loaded" in texts(fragment, ".chip")


def test_a_job_that_is_delivered_twice_reports_once(admin_user: User) -> None:
    upload = receive_upload(
        [upload_of("rows.json", [ROW])],
        kind="tasks",
        batch_slug="first",
        dataset="",
        actor=admin_user,
    )
    first = load_upload(upload)
    assert load_upload(upload) == first == find_result(upload)


def test_names_in_the_report_are_escaped(admin_client: Client) -> None:
    hostile = {**ROW, "instance_id": "<img src=x onerror=alert(1)>"}
    response = post(admin_client, upload_of("<b>rows.json", [hostile]))
    page = html.fromstring(response.content.decode())
    assert not page.cssselect("td img, h2 b")
    assert "<img src=x onerror=alert(1)>" in texts(response, "td.mono")
