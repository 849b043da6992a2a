"""Which files of a diff a person has seen."""

from __future__ import annotations

from accounts.models import User
from trajectories.code import DiffName
from trajectories.diffs import FileChange
from trajectories.models import SeenFile, Trajectory


def seen_digests(reader: User, trajectory: Trajectory, which: DiffName) -> frozenset[str]:
    """Return the digests of the files' changes that a person has seen (one query)."""
    seen = SeenFile.objects.filter(user=reader, trajectory=trajectory, which=which)
    return frozenset(seen.values_list("digest", flat=True))


def mark_seen(
    reader: User, trajectory: Trajectory, which: DiffName, change: FileChange, *, is_seen: bool
) -> None:
    """Note that a person has seen a file as it is now, or has not; twice is once."""
    about = {"user": reader, "trajectory": trajectory, "which": which, "digest": change.digest}
    if is_seen:
        SeenFile.objects.get_or_create(**about, defaults={"path": change.path})
    else:
        SeenFile.objects.filter(**about).delete()
