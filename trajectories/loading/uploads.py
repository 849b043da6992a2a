"""Load files that came through the page.

An upload is an Event (the log of what people did already keeps who, when and what), its files
wait in a folder of their own, and the finished load is a second Event that carries the report.
So a small upload can be loaded within the request and a large one by a worker, with one page
that shows either.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from accounts.events import record
from accounts.models import Event, User
from trajectories.loading.batches import get_batch
from trajectories.loading.report import LoadReport
from trajectories.loading.sources import Source
from trajectories.loading.tasks import load_task_sources
from trajectories.loading.trajectories import load_trajectory_sources
from trajectories.models import Batch
from trajectories.text import clean_text, storable_json

logger = logging.getLogger(__name__)
UPLOADED, FINISHED = "files uploaded", "upload loaded"
# What a request loads itself; more than that is a worker's work.
INLINE_BYTES = 8 * 1024 * 1024


def receive_upload(
    files: Sequence[UploadedFile[Any]],
    *,
    kind: Literal["tasks", "trajectories"],
    batch_slug: str,
    dataset: str,
    actor: User,
) -> Event:
    """Keep the files for loading and log the upload. Raises BadBatchSlug."""
    batch = get_batch(batch_slug, actor)
    names = [clean_text(Path(file.name or "file").name)[:200] for file in files]
    upload = record(
        actor,
        UPLOADED,
        batch,
        kind=kind,
        dataset=dataset,
        files=names,
        size_bytes=sum(file.size or 0 for file in files),
    )
    folder = _folder(upload)
    folder.mkdir(parents=True, mode=0o700)
    for number, file in enumerate(files):
        with (folder / str(number)).open("wb") as kept:
            for chunk in file.chunks():
                kept.write(chunk)
    return upload


def is_small(upload: Event) -> bool:
    """Tell whether a request may load the files itself."""
    return int(upload.data["size_bytes"]) <= INLINE_BYTES


def load_upload(upload: Event) -> Event:
    """Load an upload's files and log the report; a second call returns the first one's result."""
    finished = find_result(upload)
    if finished is not None:
        return finished
    report = _load(upload)
    with transaction.atomic():
        # A message that is delivered twice loads twice, which changes nothing, but reports once.
        Event.objects.select_for_update().get(pk=upload.pk)
        finished = find_result(upload) or record(
            upload.actor, FINISHED, upload, report=storable_json(report.as_json())
        )
    shutil.rmtree(_folder(upload), ignore_errors=True)
    return finished


def _load(upload: Event) -> LoadReport:
    batch = Batch.objects.get(pk=upload.object_id)
    folder = _folder(upload)
    sources = [
        Source(folder / str(number), name) for number, name in enumerate(upload.data["files"])
    ]
    if upload.data["kind"] == "tasks":
        dataset = upload.data["dataset"]
        return load_task_sources(sources, batch, dataset=dataset, actor=upload.actor)
    return load_trajectory_sources(sources, batch, actor=upload.actor)


def find_result(upload: Event) -> Event | None:
    """Return the event with the report, once the upload is loaded."""
    return Event.objects.filter(
        verb=FINISHED, object_type=Event._meta.label_lower, object_id=str(upload.pk)
    ).first()


def find_upload(pk: int) -> Event | None:
    return Event.objects.select_related("actor").filter(pk=pk, verb=UPLOADED).first()


def _folder(upload: Event) -> Path:
    data: Any = settings.RETRACE_DATA
    return Path(data) / "uploads" / str(upload.pk)
