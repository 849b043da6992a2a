from __future__ import annotations

import hashlib
import json
import zipfile
from io import BytesIO

import pytest
from django.db import connections
from django.test import Client
from django.urls import reverse
from lxml import html
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import Event, User
from reviews.models import Export, ExportState
from reviews.services import exports as services
from reviews.services.exports import LOCK_CLASS, request_export, run_export
from tests.factories import make_batch
from tests.reviews.factories import make_approved, make_content, step_content
from trajectories.models import Batch

HTMX = {"HX-Request": "true"}


@pytest.fixture
def batch(annotator: User, reviewer: User) -> Batch:
    batch = make_batch()
    make_approved(annotator, reviewer, batch=batch)
    return batch


def page_url(batch: Batch) -> str:
    return reverse("reviews:export", args=[batch.slug])


def test_button_queues_one_export_and_the_row_polls(
    batch: Batch,
    admin_client: Client,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        response = admin_client.post(page_url(batch), headers=HTMX)
        admin_client.post(page_url(batch), headers=HTMX)
    [export] = Export.objects.all()
    assert len(callbacks) == 1
    page = html.fromstring(response.content)
    [row] = page.cssselect("tbody tr")
    assert row.get("hx-get") == reverse("reviews:export-row", args=[export.pk])
    assert row.get("hx-trigger") == "every 2s"


def test_finished_export_stops_polling_and_downloads(
    batch: Batch, admin_user: User, admin_client: Client
) -> None:
    export = request_export(admin_user, batch)
    run_export(export.pk)
    export.refresh_from_db()
    row = admin_client.get(reverse("reviews:export-row", args=[export.pk]), headers=HTMX)
    assert b"hx-trigger" not in row.content
    assert export.sha256.encode() in row.content
    response = admin_client.get(reverse("reviews:download", args=[export.pk]))
    content = response.getvalue()
    assert hashlib.sha256(content).hexdigest() == export.sha256
    archive = zipfile.ZipFile(BytesIO(content))
    manifest = json.loads(archive.read(f"{batch.slug}/manifest.json"))
    assert manifest["counts"]["annotations"] == export.n_annotations == 1
    assert Event.objects.filter(verb="export finished", object_id=str(export.pk)).exists()


def test_failed_export_shows_its_reason(
    batch: Batch, annotator: User, reviewer: User, admin_user: User, admin_client: Client
) -> None:
    make_approved(annotator, reviewer, batch=batch, content=make_content(step_content(kind="x")))
    export = request_export(admin_user, batch)
    run_export(export.pk)
    page = admin_client.get(page_url(batch)).content.decode()
    assert "failed" in page and "does not fit the export&#x27;s schema" in page
    download = admin_client.get(reverse("reviews:download", args=[export.pk]))
    assert download.status_code == 404


def test_job_delivered_twice_writes_once(batch: Batch, admin_user: User) -> None:
    export = request_export(admin_user, batch)
    run_export(export.pk)
    run_export(export.pk)
    assert Event.objects.filter(verb="export finished").count() == 1


@pytest.mark.django_db(transaction=True)
def test_export_that_another_worker_writes_is_left_alone(batch: Batch, admin_user: User) -> None:
    export = request_export(admin_user, batch)
    other = connections["default"].copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK_CLASS, export.pk])
        run_export(export.pk)
        export.refresh_from_db()
        assert export.state == ExportState.QUEUED
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_CLASS, export.pk])
    finally:
        other.close()
    run_export(export.pk)
    export.refresh_from_db()
    assert export.state == ExportState.FINISHED


def test_export_of_a_killed_worker_is_taken_again(batch: Batch, admin_user: User) -> None:
    export = request_export(admin_user, batch)
    Export.objects.update(state=ExportState.RUNNING)
    assert services.unfinished_ids() == [export.pk]
    run_export(export.pk)
    export.refresh_from_db()
    assert export.state == ExportState.FINISHED


def test_unexpected_failure_does_not_leave_the_row_running(
    batch: Batch, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(*_arguments: object) -> None:
        raise OSError("No space left on device")

    export = request_export(admin_user, batch)
    monkeypatch.setattr(services, "write_export", no_space)
    with pytest.raises(OSError, match="No space"):
        run_export(export.pk)
    export.refresh_from_db()
    assert export.state == ExportState.FAILED


def test_exports_are_for_admins(
    batch: Batch, admin_user: User, reviewer_client: Client, annotator_client: Client
) -> None:
    export = request_export(admin_user, batch)
    addresses = [
        page_url(batch),
        reverse("reviews:export-row", args=[export.pk]),
        reverse("reviews:download", args=[export.pk]),
        reverse("reviews:rubric", args=[batch.slug]),
    ]
    for client in (reviewer_client, annotator_client):
        assert [client.get(address).status_code for address in addresses] == [403] * 4
    assert reviewer_client.post(page_url(batch)).status_code == 403


def test_plain_post_goes_back_to_the_page(batch: Batch, admin_client: Client) -> None:
    response = admin_client.post(page_url(batch))
    assert response.headers["Location"] == page_url(batch)


def test_unknown_batch_is_not_found(admin_client: Client) -> None:
    assert admin_client.get(reverse("reviews:export", args=["nope"])).status_code == 404
