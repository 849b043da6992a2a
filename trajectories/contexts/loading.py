"""What the page about an upload shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from accounts.models import Event
from trajectories.loading.uploads import find_result
from trajectories.models import Batch

# A report of thousands of rows says what matters by its refused and remarkable ones.
MAX_ITEMS_SHOWN = 200


@dataclass(frozen=True)
class LoadedFile:
    path: str
    status: str
    reason: str
    items: tuple[dict[str, Any], ...]
    n_items: int

    @property
    def n_more(self) -> int:
        return self.n_items - len(self.items)


@dataclass(frozen=True)
class LoadResult:
    """An upload, and its report once there is one."""

    upload: Event
    batch: Batch | None
    is_finished: bool
    files: tuple[LoadedFile, ...]
    counts: dict[str, int]


def load_result_context(upload: Event) -> LoadResult:
    """Read the report of an upload (two queries)."""
    result = find_result(upload)
    report = result.data["report"]["files"] if result else []
    statuses = [item["status"] for file in report for item in file["items"] or [file]]
    return LoadResult(
        upload=upload,
        batch=Batch.objects.filter(pk=upload.object_id).first(),
        is_finished=result is not None,
        files=tuple(_loaded_file(file) for file in report),
        counts={status: statuses.count(status) for status in ("loaded", "unchanged", "refused")},
    )


def _loaded_file(file: dict[str, Any]) -> LoadedFile:
    """Put refused items first, then those with a remark, then the rest."""
    items = sorted(
        file["items"], key=lambda item: (item["status"] != "refused", not item["reason"])
    )
    return LoadedFile(
        path=file["path"],
        status=file["status"],
        reason=file["reason"],
        items=tuple(items[:MAX_ITEMS_SHOWN]),
        n_items=len(items),
    )
