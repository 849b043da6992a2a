"""Write a data set into a folder: the same database state gives the same bytes."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from annotator.models import Submission
from reviews.content import all_steps, reasoning_steps
from reviews.exporting.canonical import canonical_json, timestamp
from reviews.exporting.lines import SCHEMA_VERSION, build_line
from reviews.exporting.schema import check_line, line_schema
from reviews.exporting.selection import approved, in_export_order, snapshot
from reviews.models import Review, Rubric
from reviews.services.rubrics import Criterion, criteria_of
from trajectories.models import Batch

ANNOTATIONS = "annotations.jsonl"
SCHEMA = "schema.json"
MANIFEST = "manifest.json"
FILES = (ANNOTATIONS, SCHEMA, MANIFEST)
# The earliest time that a zip can hold; a real one would change the archive's bytes.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class WrittenFile:
    name: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Counts:
    annotations: int
    tasks: int
    trajectories: int
    reasoning_steps: int
    citations: int


def write_export(batch: Batch, folder: Path) -> Counts:
    """Write annotations.jsonl, schema.json and manifest.json into `folder`, or none of them.

    Raise ExportUserError where a submission does not fit the schema. Files of these names are
    replaced, others are left alone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=folder) as temporary, snapshot():
        work = Path(temporary)
        counts = _write_lines(batch, work / ANNOTATIONS)
        (work / SCHEMA).write_bytes(_pretty(line_schema()))
        written = [_describe(work / name) for name in (ANNOTATIONS, SCHEMA)]
        (work / MANIFEST).write_bytes(_pretty(_manifest(batch, counts, written)))
        for name in FILES:
            os.replace(work / name, folder / name)
    return counts


def zip_export(folder: Path, archive: IO[bytes], name: str) -> None:
    """Pack the files of an export below a folder `name`, in a fixed order with a fixed time."""
    with zipfile.ZipFile(archive, "w") as packed:
        for file_name in FILES:
            info = zipfile.ZipInfo(f"{name}/{file_name}", date_time=ZIP_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            with packed.open(info, "w") as target, (folder / file_name).open("rb") as source:
                while block := source.read(1 << 20):
                    target.write(block)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def name_of(submission: Submission) -> str:
    """Name a submission so that an admin finds it."""
    trajectory = submission.annotation.assignment.membership.trajectory
    return (
        f"Submission {submission.number} of {trajectory.task.instance_id} "
        f"({trajectory.label}; /reviews/submissions/{submission.pk}/)"
    )


def _write_lines(batch: Batch, path: Path) -> Counts:
    criteria = _criteria(batch)
    totals: Counter[str] = Counter()
    tasks: set[str] = set()
    trajectories: set[int] = set()
    with path.open("wb") as file:
        for submission in in_export_order(approved(batch)):
            line = build_line(submission, criteria)
            check_line(line, name_of(submission))
            file.write(canonical_json(line) + b"\n")
            totals += _totals(line)
            tasks.add(line["task"]["instance_id"])
            trajectories.add(submission.annotation.assignment.membership.trajectory_id)
    return Counts(
        annotations=totals["annotations"],
        tasks=len(tasks),
        trajectories=len(trajectories),
        reasoning_steps=totals["reasoning_steps"],
        citations=totals["citations"],
    )


def _criteria(batch: Batch) -> dict[str, Criterion]:
    rubric = Rubric.objects.filter(batch=batch).first()
    return {criterion.id: criterion for criterion in criteria_of(rubric)} if rubric else {}


def _totals(line: dict[str, Any]) -> Counter[str]:
    content = line["annotation"]["content"]
    return Counter(
        annotations=1,
        reasoning_steps=len(reasoning_steps(content)),
        citations=sum(len(step["citations"]) for step in all_steps(content)),
    )


def _manifest(batch: Batch, counts: Counts, files: list[WrittenFile]) -> dict[str, Any]:
    newest = Review.objects.filter(submission__in=approved(batch)).order_by("-published_at").first()
    return {
        "schema_version": SCHEMA_VERSION,
        "batch": {"slug": batch.slug, "title": batch.title},
        "created_from": {
            "selection": "the approved submission of every assignment of the batch",
            "newest_review_at": timestamp(newest.published_at) if newest else None,
        },
        "counts": asdict(counts),
        "files": [asdict(file) for file in files],
    }


def _describe(path: Path) -> WrittenFile:
    return WrittenFile(path.name, sha256_of(path), path.stat().st_size)


def _pretty(value: object) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n"
