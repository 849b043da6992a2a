"""Find the function that a test id names in a tree of the mirror."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass
from functools import lru_cache
from typing import Any

from trajectories.git import Mirror
from trajectories.git.text import file_lines
from trajectories.kept import kept
from trajectories.symbols import Symbol, enclosing, symbols_of
from validation.testids import TestName, parse_test_id

# Raise it with every change of how a source is found.
_VERSION = 1
_MAX_FILES = 40
_SHORTEST_SENTENCE = 8
_MODULE_FILES = (".py", "/__init__.py", ".java", ".rs")


@dataclass(frozen=True)
class TestSource:
    """Lines of a file, 1-based, both included. `name` is qualified by classes: `TestA.test_b`."""

    path: str
    blob_id: str
    line: int
    end_line: int
    name: str

    __test__ = False


def find_source(
    mirror: Mirror, tree: str, test_id: str, changed: tuple[str, ...] = ()
) -> TestSource | None:
    """Return where a test stands in a tree, or None; kept by content. Raises GitError.

    Files of `changed`, those of the test patch, are preferred where several would do.
    """
    found = kept(
        f"test-source-{_VERSION}",
        (tree, test_id, *changed),
        lambda: _find(mirror, tree, parse_test_id(test_id), changed),
        dump=lambda source: astuple(source) if source else None,
        load=_load,
    )
    return found


def _load(row: Any) -> TestSource | None:
    return TestSource(*row) if row else None


def _find(mirror: Mirror, tree: str, test: TestName, changed: tuple[str, ...]) -> TestSource | None:
    if not test.name:
        return _by_text(mirror, tree, test.text, changed)
    tried: set[str] = set()
    for path, classes in _candidates(mirror, tree, test, changed):
        if path not in tried:
            tried.add(path)
            if source := _in_file(mirror, tree, path, test.name, classes):
                return source
    return None


def _candidates(
    mirror: Mirror, tree: str, test: TestName, changed: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield files that may hold the test, the likeliest first, with the classes around it."""
    paths = (*changed, *_paths(mirror, tree))
    if test.path:
        yield from ((path, test.owners) for path in _ending_with(paths, test.path))
    parts = test.module.split(".") if test.module else []
    for n in range(len(parts), 0, -1):
        for ending in _MODULE_FILES:
            name = "/".join(parts[:n]) + ending
            yield from ((path, tuple(parts[n:])) for path in _ending_with(paths, name))
    if not test.path:
        yield from ((path, test.owners) for path in changed)
    # A test may be inherited from a class in another file.
    yield from ((path, ()) for path in _with_word(mirror, tree, test.name))


def _ending_with(paths: tuple[str, ...], name: str) -> list[str]:
    found = [path for path in paths if path == name or path.endswith(f"/{name}")]
    return sorted(dict.fromkeys(found), key=lambda path: path != name)[:_MAX_FILES]


@lru_cache(maxsize=8)
def _paths(mirror: Mirror, tree: str) -> tuple[str, ...]:
    listed = mirror.git("ls-tree", "-r", "-z", "--name-only", tree)
    return tuple(path for path in listed.decode("utf-8", "replace").split("\0") if path)


def _with_word(mirror: Mirror, tree: str, word: str) -> list[str]:
    return _grep(mirror, tree, "-w", word)


def _grep(mirror: Mirror, tree: str, *what: str, paths: tuple[str, ...] = ()) -> list[str]:
    """Return files of a tree with a fixed string; none where git finds none."""
    *options, text = what
    found = mirror.git(
        *("grep", "-l", "-z", "-I", "-F", *options, "-e", text, tree, "--", *paths),
        ok_codes=(0, 1),
    )
    prefix = f"{tree}:"
    names = [name.removeprefix(prefix) for name in found.decode("utf-8", "replace").split("\0")]
    return [name for name in names if name][:_MAX_FILES]


def _in_file(
    mirror: Mirror, tree: str, path: str, name: str, classes: tuple[str, ...]
) -> TestSource | None:
    blob = mirror.blob_id(tree, path)
    if blob is None:
        return None
    named = [symbol for symbol in symbols_of(mirror, blob, path) if symbol.name == name]
    if not named:
        return None
    # Of several tests of one name, the one in the class that the id names.
    full = ".".join((*classes, name))
    best = min(named, key=lambda symbol: not f".{symbol.qualified_name}".endswith(f".{full}"))
    return _source(mirror, blob, path, best)


def _source(mirror: Mirror, blob: str, path: str, symbol: Symbol) -> TestSource:
    first = _with_decorators(file_lines(mirror.read_blob(blob)), symbol.line)
    return TestSource(path, blob, first, symbol.end_line, symbol.qualified_name)


def _with_decorators(lines: list[str], line: int) -> int:
    """Return the line of the first decorator above a definition, or the definition's own."""
    if line > len(lines):
        return line
    indent = _indent(lines[line - 1])
    first = line
    for number in range(line - 1, 0, -1):
        text = lines[number - 1]
        if not text.strip() or _indent(text) < indent:
            break
        if _indent(text) == indent:
            if text.lstrip().startswith("@"):
                first = number
            elif text.lstrip()[0] not in ")]}#":
                break
    return first


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _by_text(mirror: Mirror, tree: str, text: str, changed: tuple[str, ...]) -> TestSource | None:
    """Find the test whose docstring or title a sentence is."""
    text = text.strip().partition("\n")[0]
    if len(text) < _SHORTEST_SENTENCE:
        return None
    paths = (_grep(mirror, tree, text, paths=changed) if changed else []) or _grep(
        mirror, tree, text
    )
    for path in paths:
        blob = mirror.blob_id(tree, path)
        lines = file_lines(mirror.read_blob(blob)) if blob else []
        number = next((n for n, line in enumerate(lines, start=1) if text in line), None)
        if blob is None or number is None:
            continue
        symbol = enclosing(symbols_of(mirror, blob, path), number)
        if symbol:
            return _source(mirror, blob, path, symbol)
        return TestSource(path, blob, number, number, "")
    return None
