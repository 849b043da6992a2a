"""Search the text of a tree, and what any search's results look like."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from django.utils.safestring import SafeString

from trajectories.contexts.files_query import Find
from trajectories.git import BadPattern, Hit, Mirror, Pattern, grep
from trajectories.git.text import visible, visible_path
from trajectories.highlighting import markup

MAX_FILES = 100
MAX_LINES = 500
MAX_LINES_PER_FILE = 20
# Of a longer line, the part around what was found is shown.
_MAX_CHARS = 240
_CHARS_BEFORE = 60
ENDED_EARLY = "The search was ended early: it took too long or found too much."


@dataclass(frozen=True)
class ResultLine:
    """`within` names the function or class around it; `kind` says what is defined there."""

    number: int
    html: SafeString
    within: str = ""
    kind: str = ""


@dataclass(frozen=True)
class ResultFile:
    """`n_more` of its lines are not shown. `can_open` is False for a name that is no UTF-8."""

    path: str
    lines: tuple[ResultLine, ...]
    n_more: int = 0
    can_open: bool = True


@dataclass(frozen=True)
class Results:
    """What was found, by file. `problem` says why the search could not be made."""

    find: Find
    files: tuple[ResultFile, ...] = ()
    n_lines: int = 0
    n_files: int = 0
    cut: str = ""
    problem: str = ""

    @property
    def only_place(self) -> tuple[str, int] | None:
        """Where the one definition is, if there is but one."""
        if self.find.kind != "definition" or self.n_lines != 1 or self.cut:
            return None
        [file] = self.files
        return (file.path, file.lines[0].number) if file.can_open else None


@lru_cache(maxsize=16)
def entries_of(mirror: Mirror, tree: str) -> dict[str, str]:
    """Return the blob of every file of a tree by its path."""
    return {entry.path: entry.id for entry in mirror.list_files(tree) if entry.kind == "blob"}


@lru_cache(maxsize=16)
def paths_of(mirror: Mirror, tree: str) -> tuple[str, ...]:
    """Return the paths of a tree's files that an address can name."""
    return tuple(path for path in entries_of(mirror, tree) if path.isprintable())


def text_results(mirror: Mirror, tree: str, find: Find) -> Results:
    """Search a tree for a text or a regular expression. Raises GitError."""
    pattern = Pattern(find.code, find.is_regex, find.matches_case, find.is_word)
    try:
        found = grep(mirror, tree, pattern, find.globs)
    except BadPattern as error:
        return Results(find, problem=problem_of(find, error))
    by_file = [(path, list(hits)) for path, hits in groupby(found.hits, lambda hit: hit.path)]
    shown = tuple(_files(by_file))
    n_lines = len(found.hits)
    cut = ""
    if found.is_cut:
        cut = f"{ENDED_EARLY} Restrict it."
    elif len(shown) < len(by_file):
        cut = f"Only the first {len(shown)} of {len(by_file)} files are shown. Restrict the search."
    return Results(find, shown, n_lines, len(by_file), cut)


def problem_of(find: Find, error: BadPattern) -> str:
    if find.is_regex:
        return f"This regular expression cannot be used: {error}."
    return f"This cannot be searched for: {error}."


def _files(by_file: list[tuple[str, list[Hit]]]) -> Iterator[ResultFile]:
    n_left = MAX_LINES
    for path, hits in by_file[:MAX_FILES]:
        if n_left <= 0:
            return
        shown = hits[: min(MAX_LINES_PER_FILE, n_left)]
        n_left -= len(shown)
        lines = tuple(ResultLine(hit.line, excerpt(hit)) for hit in shown)
        yield ResultFile(visible_path(path), lines, len(hits) - len(shown), path.isprintable())


def excerpt(hit: Hit) -> SafeString:
    """Return the line, or its part around the first place found, as HTML with the places bold."""
    text, spans = hit.text, hit.spans
    start = 0
    if len(text) > _MAX_CHARS and spans:
        start = max(0, spans[0][0] - _CHARS_BEFORE)
    # Leading blanks say where the line is in its block; here they would only push it away.
    start += len(text[start:]) - len(text[start:].lstrip())
    part = visible(text[start : start + _MAX_CHARS])
    moved = tuple(
        (max(0, first - start), min(len(part), last - start))
        for first, last in spans
        if last > start and first < start + _MAX_CHARS
    )
    return markup((("", part),), moved)
