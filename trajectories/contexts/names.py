"""Go to a name's definition, or list its uses.

No index of a whole tree is made: `git grep` names the lines that have the word, and the symbols of
their files, which are kept by blob, say which of them define it and what the others are in.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import NamedTuple

from django.utils.safestring import SafeString

from trajectories.contexts.files_query import Find
from trajectories.contexts.search import (
    ENDED_EARLY,
    MAX_FILES,
    MAX_LINES,
    MAX_LINES_PER_FILE,
    ResultFile,
    ResultLine,
    Results,
    entries_of,
    excerpt,
    problem_of,
)
from trajectories.git import BadPattern, Hit, Mirror, Pattern, grep
from trajectories.git.text import visible_path
from trajectories.symbols import Kind, Symbol, enclosing, language_of, suffixes, symbols_of

# What a search may take for reading symbols that are not kept yet.
MAX_SECONDS = 3.0
_TESTS = re.compile(
    r"(^|/)(tests?|testing|specs?|__tests__)/|(^|/)(test_|conftest)|[._-](test|spec)s?\."
)
_CODE = tuple(f"*.{suffix}" for suffix in suffixes())
_ORDER: dict[Kind, int] = {"variable": 1, "module": 1}
_TOO_LONG = (
    "Not every file was looked at, since it would have taken too long; asking again goes on."
)


class _Definition(NamedTuple):
    path: str
    symbol: Symbol
    hit: Hit


def name_results(mirror: Mirror, tree: str, find: Find, path: str) -> Results:
    """Find a name as seen from the file at `path`, nearest first. Raises GitError.

    A name may have what it is in before it: `QuerySet.filter`.
    """
    word = re.split(r"\.|::", find.code)[-1].strip("() ")
    # A definition can only be in what can be read as code, which is a part of the tree's text.
    paths = _CODE if find.kind == "definition" else ()
    try:
        found = grep(mirror, tree, Pattern(word, is_word=True), paths, max_per_file=1_000)
    except BadPattern as error:
        return Results(find, problem=problem_of(find, error))
    by_file = [(name, list(hits)) for name, hits in groupby(found.hits, lambda hit: hit.path)]
    by_file.sort(key=lambda pair: nearness(pair[0], path))
    read = _reader(mirror, tree)
    if find.kind == "definition":
        return _definitions(find, word, by_file, read, found.is_cut)
    return _uses(find, word, by_file, read, found.is_cut)


def nearness(path: str, seen_from: str) -> tuple[bool, bool, bool, str]:
    """Order paths: the same file, the same folder, no tests; then by name."""
    folder = seen_from.rpartition("/")[0]
    return (
        path != seen_from,
        path.rpartition("/")[0] != folder or not seen_from,
        bool(_TESTS.search(path)),
        path,
    )


def _reader(mirror: Mirror, tree: str) -> Callable[[str], tuple[Symbol, ...] | None]:
    """Return what reads a file's symbols, until time is up: then it returns None."""
    blobs, end = entries_of(mirror, tree), time.monotonic() + MAX_SECONDS

    def read(path: str) -> tuple[Symbol, ...] | None:
        blob = blobs.get(path)
        if blob is None or language_of(path) is None:
            return ()
        return None if time.monotonic() > end else symbols_of(mirror, blob, path)

    return read


def _definitions(
    find: Find,
    word: str,
    by_file: list[tuple[str, list[Hit]]],
    read: Callable[[str], tuple[Symbol, ...] | None],
    is_cut: bool,
) -> Results:
    found: list[_Definition] = []
    for path, hits in by_file:
        of_line = {hit.line: hit for hit in hits if _may_define(path, hit, word)}
        if not of_line:
            continue
        symbols = read(path)
        if symbols is None:
            is_cut = True
            break
        for symbol in symbols:
            if symbol.name == word and symbol.kind != "impl":
                # The name may be lines below where its definition begins, after decorators.
                line = next((n for n in of_line if symbol.line <= n <= symbol.end_line), None)
                if line is not None:
                    found.append(_Definition(path, symbol, of_line[line]))
    found = _most_fitting(found, find.code)
    return _grouped(find, found, is_cut)


def _most_fitting(found: list[_Definition], code: str) -> list[_Definition]:
    """Keep those that are in what the name says they are in, if there are any."""
    wanted = code.replace("::", ".").strip("() ")
    fitting = [
        one
        for one in found
        if one.symbol.qualified_name == wanted or one.symbol.qualified_name.endswith(f".{wanted}")
    ]
    return fitting or found


def _grouped(find: Find, found: list[_Definition], is_cut: bool) -> Results:
    files = []
    for path, group in groupby(found[:MAX_LINES], lambda one: one.path):
        ones = sorted(group, key=lambda one: (_ORDER.get(one.symbol.kind, 0), one.symbol.line))
        lines = tuple(
            ResultLine(one.hit.line, excerpt(one.hit), one.symbol.qualified_name, one.symbol.kind)
            for one in ones
        )
        files.append(ResultFile(visible_path(path), lines, can_open=path.isprintable()))
    cut = _TOO_LONG if is_cut else ""
    return Results(find, tuple(files[:MAX_FILES]), len(found), len(files), cut)


def _may_define(path: str, hit: Hit, word: str) -> bool:
    """Tell whether a line could define the word, so that few files have to be read."""
    if language_of(path) != "python":
        return language_of(path) is not None
    name = re.escape(word)
    return bool(
        re.match(rf"\s*(async\s+)?(def|class|type)\s+{name}\b|\s*{name}\s*(:|=(?!=))", hit.text)
        # `async def`, `class` and the name need not stand at the line's beginning: `if x: def f`.
        or re.search(rf"\b(def|class)\s+{name}\b", hit.text)
    )


def _uses(
    find: Find,
    word: str,
    by_file: list[tuple[str, list[Hit]]],
    read: Callable[[str], tuple[Symbol, ...] | None],
    is_cut: bool,
) -> Results:
    files: list[ResultFile] = []
    n_left = MAX_LINES
    for path, hits in by_file[:MAX_FILES]:
        shown = hits[: min(MAX_LINES_PER_FILE, n_left)]
        if not shown:
            break
        n_left -= len(shown)
        symbols = read(path) or ()
        lines = tuple(_use(hit, word, symbols) for hit in shown)
        files.append(
            ResultFile(visible_path(path), lines, len(hits) - len(shown), path.isprintable())
        )
    cut = ""
    if is_cut:
        cut = ENDED_EARLY
    elif len(files) < len(by_file):
        cut = f"Only the nearest {len(files)} of {len(by_file)} files are shown."
    n_lines = sum(len(hits) for _, hits in by_file)
    return Results(find, tuple(files), n_lines, len(by_file), cut)


def _use(hit: Hit, word: str, symbols: Iterable[Symbol]) -> ResultLine:
    symbols = tuple(symbols)
    defined = next((s for s in symbols if s.line == hit.line and s.name == word), None)
    within = enclosing(symbols, hit.line)
    html: SafeString = excerpt(hit)
    if defined and defined.kind != "impl":
        return ResultLine(hit.line, html, defined.qualified_name, defined.kind)
    return ResultLine(hit.line, html, within.qualified_name if within else "")
