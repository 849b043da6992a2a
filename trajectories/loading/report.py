"""What a load did, file by file and item by item: for the report file, the page, the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Status = Literal["loaded", "unchanged", "refused"]


@dataclass(frozen=True)
class ItemReport:
    """One row or one trajectory; `reason` says why it was refused, or what is worth knowing."""

    instance_id: str
    format: str
    status: Status
    reason: str = ""
    steps: int | None = None
    has_patch: bool = False


@dataclass
class FileReport:
    """One file. Refused as a whole, it has a reason and no items."""

    path: str
    items: list[ItemReport] = field(default_factory=list)
    refusal: str = ""

    @property
    def status(self) -> Status:
        statuses = {item.status for item in self.items}
        if self.refusal or not statuses or statuses == {"refused"}:
            return "refused"
        return "loaded" if "loaded" in statuses else "unchanged"

    @property
    def n_refused(self) -> int:
        return sum(item.status == "refused" for item in self.items)

    @property
    def reason(self) -> str:
        """Why the file was refused, or how many of its items were."""
        if self.refusal:
            return self.refusal
        if not self.n_refused:
            return ""
        if len(self.items) == 1:
            return self.items[0].reason
        return f"{self.n_refused} of {len(self.items)} refused."


@dataclass
class LoadReport:
    """Everything that one load looked at."""

    files: list[FileReport] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Tell whether nothing at all was refused."""
        return all(file.status != "refused" and not file.n_refused for file in self.files)

    def counts(self) -> dict[str, int]:
        """Count the items by status; a file refused as a whole counts once."""
        counter = Counter(item.status for file in self.files for item in file.items)
        counter["refused"] += sum(bool(file.refusal) for file in self.files)
        return {status: counter[status] for status in ("loaded", "unchanged", "refused")}

    def as_json(self) -> dict[str, Any]:
        """Return the report in the form that `--report` writes and the page shows."""
        return {
            "files": [
                {
                    "path": file.path,
                    "status": file.status,
                    "reason": file.reason,
                    "items": [asdict(item) for item in file.items],
                }
                for file in self.files
            ]
        }

    def summary_lines(self) -> Iterator[str]:
        """Say in plain words what happened: one line per file, one per refused item."""
        for file in self.files:
            reason = f": {file.reason}" if file.reason else ""
            yield f"{file.status:9} {file.path}{reason}"
            if len(file.items) > 1:
                for item in file.items:
                    if item.status == "refused":
                        yield f"          {item.instance_id or '(no instance id)'}: {item.reason}"
        counts = ", ".join(f"{count} {status}" for status, count in self.counts().items())
        yield f"{len(self.files)} files: {counts}."
