"""Which commit each line of a file comes from, as far back from a commit as git knows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from trajectories.git.errors import GitFailed, ObjectMissing
from trajectories.git.mirror import Mirror
from trajectories.git.names import check_object_id, check_path
from trajectories.git.text import decode, visible

_LINE = re.compile(rb"([0-9a-f]{40}) \d+ (\d+)(?: \d+)?$")
_HUNK = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)


@dataclass(frozen=True)
class Origin:
    """The commit that a line comes from. `authored_at` is in the author's own time zone.

    `is_boundary`: history is cut here, so the line may be older.
    """

    commit: str
    author: str
    authored_at: datetime | None
    summary: str
    is_boundary: bool = False


def blame(
    mirror: Mirror,
    commit: str,
    path: str,
    ranges: Iterable[tuple[int, int]],
    *,
    timeout_seconds: float = 10,
) -> dict[int, Origin]:
    """Return where lines of a file at a commit come from; `ranges` are 1-based, both ends in.

    Only the commit and its ancestors are looked at. Raises ObjectMissing or GitFailed (also where
    it takes too long).
    """
    spans = [f"-L{first},{last}" for first, last in ranges]
    if not spans:
        return {}
    check_object_id(commit)
    try:
        out = mirror.git(
            # Else the names would be those that the newest .mailmap gives.
            *("-c", f"mailmap.blob={commit}:.mailmap"),
            *("blame", "--porcelain", *spans, commit, "--", check_path(path)),
            timeout_seconds=timeout_seconds,
        )
    except GitFailed as error:
        if "no such path" in error.stderr:
            raise ObjectMissing(f"There is no {path} in {commit[:12]}.") from error
        raise
    return _read(out)


def _read(out: bytes) -> dict[int, Origin]:
    facts: dict[str, dict[str, bytes]] = {}
    commit_of: dict[int, str] = {}
    commit = ""
    for line in out.split(b"\n"):
        if line.startswith(b"\t"):
            continue
        if match := _LINE.fullmatch(line):
            commit = match[1].decode("ascii")
            facts.setdefault(commit, {})
            commit_of[int(match[2])] = commit
        elif commit:
            name, _, value = line.partition(b" ")
            facts[commit].setdefault(name.decode("ascii", "replace"), value)
    origins = {commit: _origin(commit, values) for commit, values in facts.items()}
    return {line: origins[commit] for line, commit in commit_of.items()}


def _origin(commit: str, values: dict[str, bytes]) -> Origin:
    return Origin(
        commit=commit,
        author=_shown(values.get("author", b"")),
        authored_at=_time(values.get("author-time", b""), values.get("author-tz", b"")),
        summary=_shown(values.get("summary", b"")),
        is_boundary="boundary" in values,
    )


def _shown(value: bytes) -> str:
    return visible(decode(value))[:300]


def _time(seconds: bytes, zone: bytes) -> datetime | None:
    """Read a time as git writes it; None for one that no calendar has."""
    try:
        hours, minutes = int(zone[1:3] or 0), int(zone[3:5] or 0)
        sign = -1 if zone.startswith(b"-") else 1
        offset = timezone(sign * timedelta(hours=hours, minutes=minutes))
        return datetime.fromtimestamp(int(seconds), offset)
    except (ValueError, OverflowError, OSError):
        return None


def commit_message(mirror: Mirror, commit: str) -> str:
    """Return the whole message of a commit, as it can be shown; raise ObjectMissing."""
    _, _, message = mirror.read_commit(commit).partition(b"\n\n")
    return "\n".join(visible(line) for line in decode(message).strip().split("\n"))


def source_path(mirror: Mirror, old_tree: str, new_tree: str, path: str) -> str | None:
    """Return where a file of the new tree is in the old one, or None where it is new."""
    out = mirror.git(
        *("diff-tree", "-r", "-z", "-M", "--name-status", "--no-commit-id"),
        check_object_id(old_tree),
        check_object_id(new_tree),
    )
    fields = iter(out.split(b"\0"))
    wanted = path.encode("utf-8", "surrogateescape")
    for status in fields:
        if not status:
            break
        old = next(fields)
        new = next(fields) if status[:1] in (b"R", b"C") else old
        if new == wanted:
            return None if status == b"A" else old.decode("utf-8", "surrogateescape")
    return path


def unchanged_lines(mirror: Mirror, old_blob: str, new_blob: str, n_lines: int) -> dict[int, int]:
    """Return for each line of the new blob that the old one has too, its number there."""
    if old_blob == new_blob:
        return {line: line for line in range(1, n_lines + 1)}
    out = mirror.git(
        *("diff", "-U0", "--no-color", "--no-ext-diff", "--no-textconv", "--text"),
        check_object_id(old_blob),
        check_object_id(new_blob),
        ok_codes=(0, 1),
    )
    lines: dict[int, int] = {}
    at, offset = 1, 0
    for match in _HUNK.finditer(out):
        n_old = int(match[2] or 1)
        start, n_new = int(match[3]), int(match[4] or 1)
        # A hunk without new lines names the line before it.
        first = start if n_new else start + 1
        lines |= {line: line - offset for line in range(at, first)}
        at, offset = first + n_new, offset + n_new - n_old
    return lines | {line: line - offset for line in range(at, n_lines + 1)}
