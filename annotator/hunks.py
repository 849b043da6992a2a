"""The hunks of a patch as a change step names them: by patch, path and line ranges."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

from django.core.exceptions import ValidationError

from trajectories.code import patch_of
from trajectories.models import Trajectory

_KEY = re.compile(r"(gold|model):(.{1,2000}):-(\d{1,9}),(\d{1,9})\+(\d{1,9}),(\d{1,9})", re.DOTALL)


@dataclass(frozen=True)
class HunkRef:
    """A hunk of the gold or the model patch. Lines count from 1; a count of 0 is an empty side."""

    which: str
    path: str
    old_start: int
    old_count: int
    new_start: int
    new_count: int

    @property
    def key(self) -> str:
        """The hunk in one word, as forms and places of findings name it."""
        old, new = f"{self.old_start},{self.old_count}", f"{self.new_start},{self.new_count}"
        return f"{self.which}:{self.path}:-{old}+{new}"

    @property
    def label(self) -> str:
        """The hunk for people: `core.py −12,7 +12,9`."""
        old, new = f"−{self.old_start},{self.old_count}", f"+{self.new_start},{self.new_count}"
        return f"{self.path} {old} {new}"


def read_hunk(key: str) -> dict[str, Any]:
    """Return what a step stores for a hunk's key, or raise ValidationError."""
    found = _KEY.fullmatch(key)
    if found is None:
        raise ValidationError("A hunk is not named as the page names it; reload the page.")
    which, path, *numbers = found.groups()
    return asdict(HunkRef(which, path, *map(int, numbers)))


def hunks_of(trajectory: Trajectory, which: str) -> tuple[HunkRef, ...]:
    """Return the hunks of the gold or the model patch in its order.

    A file without hunks (binary, renamed, mode changed) counts as one of no lines.
    """
    return tuple(
        HunkRef(which, change.path, *lines)
        for change in patch_of(trajectory, which).files
        for lines in (
            [(h.old_start, h.old_count, h.new_start, h.new_count) for h in change.hunks]
            or [(0, 0, 0, 0)]
        )
    )
