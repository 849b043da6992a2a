"""Where the shown lines of a file come from: a commit before the task, or the tree's patch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from trajectories.contexts.file_lines import Cell, FileLine, History, ShownFile
from trajectories.git import Entry, GitError, Mirror, Origin, blame
from trajectories.git.blame import commit_message, source_path, unchanged_lines
from trajectories.kept import kept

_MAX_RANGES = 200
# A long run of lines from one commit names it again, so that it can be read wherever one is.
_NAMED_EVERY = 20
_MAX_MESSAGE_CHARS = 6_000


@dataclass(frozen=True)
class Trees:
    """The base commit and its tree, the tree that is shown, and what made it of the base."""

    base_commit: str
    base: str
    shown: str
    made_by: str


def with_history(mirror: Mirror, trees: Trees, entry: Entry, file: ShownFile) -> ShownFile:
    """Add to each shown line where it comes from; a failure is a sentence beside the lines."""
    try:
        origins = _origins(mirror, trees, entry, file)
    except GitError as error:
        problem = "git could not tell where these lines come from."
        if "no end after" in str(error):
            problem = "Finding out where these lines come from took too long."
        return replace(file, history=History(problem=problem))
    by_patch = Cell("", f"new in {trees.made_by}")
    cells = {commit: _cell(origin) for commit, origin in _by_commit(origins.values())}
    of_line = {line: cells[origin.commit] for line, origin in origins.items()}
    target = next((line for line in file.lines if line.is_first_target), None)
    history = History()
    if target:
        cell = of_line.get(target.number, by_patch)
        message = commit_message(mirror, cell.commit) if cell.commit else ""
        history = History(cell=cell, message=message[:_MAX_MESSAGE_CHARS])
    lines = tuple(_marked(file.lines, of_line, by_patch))
    return replace(file, lines=lines, history=history)


def _by_commit(origins: Iterable[Origin]) -> Iterator[tuple[str, Origin]]:
    return ((origin.commit, origin) for origin in origins)


def _cell(origin: Origin) -> Cell:
    summary = origin.summary or "(no message)"
    return Cell(origin.commit, summary, origin.author, origin.authored_at)


def _marked(
    lines: tuple[FileLine, ...], of_line: dict[int, Cell], by_patch: Cell
) -> Iterator[FileLine]:
    for cell, run in groupby(lines, key=lambda line: of_line.get(line.number, by_patch)):
        for index, line in enumerate(run):
            is_named = index % _NAMED_EVERY == 0 or line.is_first_target
            yield replace(line, cell=cell) if is_named else line


def _origins(mirror: Mirror, trees: Trees, entry: Entry, file: ShownFile) -> dict[int, Origin]:
    """Return for each shown line that base has too where it comes from, by its number here."""
    path = source_path(mirror, trees.base, trees.shown, entry.path)
    blob = mirror.blob_id(trees.base, path) if path else None
    if path is None or blob is None:
        return {}
    at_base = unchanged_lines(mirror, blob, entry.id, file.n_lines)
    here = {at_base[n]: n for n in range(file.first, file.last + 1) if n in at_base}
    ranges = tuple(_ranges(here))[:_MAX_RANGES]
    found: dict[int, Origin] = kept(
        "blame-1",
        (trees.base_commit, path, repr(ranges)),
        lambda: blame(mirror, trees.base_commit, path, ranges),
        dump=_dump,
        load=_load,
    )
    return {here[line]: origin for line, origin in found.items() if line in here}


def _ranges(lines: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Join numbers that follow each other: 1, 2, 3, 7 as (1, 3), (7, 7)."""
    for _, run in groupby(enumerate(sorted(lines)), key=lambda pair: pair[1] - pair[0]):
        numbers = [number for _, number in run]
        yield numbers[0], numbers[-1]


def _dump(origins: dict[int, Origin]) -> object:
    commits = {origin.commit: asdict(origin) for origin in origins.values()}
    for facts in commits.values():
        time = facts["authored_at"]
        facts["authored_at"] = time.isoformat() if time else None
    return [commits, [[line, origin.commit] for line, origin in origins.items()]]


def _load(content: Any) -> dict[int, Origin]:
    commits, lines = content
    origins = {}
    for commit, facts in commits.items():
        time = facts.pop("authored_at")
        authored_at = datetime.fromisoformat(time) if time else None
        origins[commit] = Origin(**facts, authored_at=authored_at)
    return {line: origins[commit] for line, commit in lines}
