"""All names that a tree defines, for going to one by a few of its letters.

One `git grep` for lines that begin a definition, kept by the tree: seconds for a large repository,
where reading every file's symbols would take a minute. What such a line says is less sure than a
symbol, so a place that is shown or cited is looked at again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from heapq import nsmallest
from typing import NamedTuple

from trajectories.contexts.search import paths_of
from trajectories.git import Mirror, Pattern, grep
from trajectories.kept import kept

_VERSION = 1
_MAX_BYTES = 60_000_000
_MAX_TYPED = 100
_PYTHON = ("py", "pyi", "pyw")
_KEYWORDS = (
    *(
        "js",
        "jsx",
        "mjs",
        "cjs",
        "ts",
        "mts",
        "cts",
        "tsx",
        "go",
        "rs",
        "rb",
        "rake",
        "php",
        "java",
    ),
    *("kt", "swift", "scala", "cs", "dart", "lua", "ex", "exs"),
)
_C = ("c", "cc", "cpp", "cxx", "h", "hh", "hpp", "hxx", "java", "cs")
# async def save(self) · class Model:
_PYTHON_LINE = r"^[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+\w+[ \t]*[(:\[]"
# export default async function load · pub(crate) fn read · func (s *Server) Serve
_KEYWORD_LINE = (
    r"^[ \t]*(?:(?:export|default|async|public|private|protected|internal|static|final|abstract"
    r"|pub(?:\([a-z]+\))?|unsafe|const|declare|sealed|data|open|override|local)[ \t]+)*"
    r"(?:def|class|function\*?|fn|func|struct|enum|interface|trait|module|type|defp?|defmodule)"
    r"[ \t]+(?:\([^)]*\)[ \t]*)?(?:self\.)?[A-Za-z_$][\w$.:]*"
)
# static int parse_line(const char *line) · public void close() {
_C_LINE = r"^[ \t]{0,4}(?:[A-Za-z_][\w:<>,\[\]*&]*[ \t*&]+)+[A-Za-z_]\w*[ \t]*\([^;]*$"
_FAMILIES = ((_PYTHON, _PYTHON_LINE), (_KEYWORDS, _KEYWORD_LINE), (_C, _C_LINE))
_NAMED = re.compile(
    r"\b(?:def|class|function\*?|fn|func|struct|enum|interface|trait|module|type|defp|defmodule)"
    r"\s+(?:\([^)]*\)\s*)?(?:self\.)?([A-Za-z_$][\w$]*)"
)
_CALLED = re.compile(r"([A-Za-z_]\w*)\s*\(")
# What looks like a call of a C function and is none.
_NO_NAME = re.compile(
    "if|for|while|switch|return|sizeof|catch|synchronized|else|do|new|throw"
).fullmatch
_TESTS = re.compile(r"(^|/)(tests?|testing|specs?|__tests__)/|(^|/)(test_|conftest)|[._-]test\.")


class Definition(NamedTuple):
    """A name and the line (1-based) that defines it; `qualified` has the classes around it."""

    name: str
    qualified: str
    path: str
    line: int


@dataclass(frozen=True, eq=False)
class Definitions:
    """All definitions of a tree; `lower` has their qualified names in lower case, in order."""

    all: tuple[Definition, ...]
    lower: tuple[str, ...]

    def named(self, name: str) -> tuple[Definition, ...]:
        """Return the definitions that a name may mean, bare or with classes before it."""
        bare = name.rpartition(".")[2]
        return tuple(
            one for one in self._by_name.get(bare, ()) if f".{one.qualified}".endswith(f".{name}")
        )

    @cached_property
    def _by_name(self) -> dict[str, list[Definition]]:
        found: dict[str, list[Definition]] = {}
        for one in self.all:
            found.setdefault(one.name, []).append(one)
        return found

    def best(self, typed: str, n: int, *, near: frozenset[str] = frozenset()) -> list[Definition]:
        """Return the `n` that fit best what was typed; of equals those in files of `near`.

        A name that begins with it comes first, then one in which a word does, then one that has
        it, then one that has its letters in their order.
        """
        wanted = "".join(typed.lower().split())[:_MAX_TYPED]
        if not wanted:
            return []
        found = [i for i, name in enumerate(self.lower) if wanted in name]
        if len(found) < n and len(wanted) > 2:
            # Looks for each character before the next one, so that it never tries twice.
            letters = "".join(f"[^{re.escape(c)}]*{re.escape(c)}" for c in wanted)
            in_order = re.compile(letters).match
            known = set(found)
            found += [
                i for i, one in enumerate(self.all) if i not in known and in_order(one.name.lower())
            ]
        return [self.all[i] for i in nsmallest(n, found, key=lambda i: self._rank(i, wanted, near))]

    def _rank(self, index: int, wanted: str, near: frozenset[str]) -> tuple[object, ...]:
        one, lower = self.all[index], self.lower[index]
        name = lower.rpartition(".")[2]
        tiers = (
            lower == wanted or name == wanted,
            name.startswith(wanted),
            lower.startswith(wanted),
            f"_{wanted}" in name or f".{wanted}" in lower,
            wanted in name,
            wanted in lower,
        )
        tier = next((i for i, fits in enumerate(tiers) if fits), len(tiers))
        return (
            tier,
            one.path not in near,
            bool(_TESTS.search(one.path)),
            len(lower),
            one.path.count("/"),
            one.path,
            one.line,
        )


@lru_cache(maxsize=8)
def definitions_of(mirror: Mirror, tree: str) -> Definitions:
    """Return what a tree defines: read once, then kept on disk. Raises GitError."""
    rows = kept(
        f"definitions-{_VERSION}",
        (tree,),
        lambda: _read(mirror, tree),
        dump=lambda found: [tuple(one) for one in found],
        load=lambda rows: [Definition(*row) for row in rows],
    )
    return Definitions(tuple(rows), tuple(one.qualified.lower() for one in rows))


def _read(mirror: Mirror, tree: str) -> list[Definition]:
    there = {path.rpartition(".")[2] for path in paths_of(mirror, tree)}
    found: set[tuple[str, int, str]] = set()
    for suffixes, line in _FAMILIES:
        globs = tuple(f"*.{suffix}" for suffix in suffixes if suffix in there)
        if globs:
            hits = grep(
                mirror,
                tree,
                Pattern(line, is_regex=True),
                globs,
                max_per_file=5_000,
                max_bytes=_MAX_BYTES,
                timeout_seconds=20,
            ).hits
            found |= {(hit.path, hit.line, hit.text) for hit in hits}
    return list(_qualified(sorted(found)))


def _qualified(lines: Iterable[tuple[str, int, str]]) -> Iterable[Definition]:
    """Name each with what it is indented below, which is where it stands in most languages."""
    current, around = "", list[tuple[int, str]]()
    for path, number, text in lines:
        found = _NAMED.search(text) or _CALLED.search(text)
        name = found[1] if found else ""
        if not name or _NO_NAME(name) or not path.isprintable():
            continue
        if path != current:
            current, around = path, []
        indent = len(text) - len(text.lstrip())
        while around and around[-1][0] >= indent:
            around.pop()
        qualified = ".".join([*(outer for _, outer in around), name])
        around.append((indent, name))
        yield Definition(name, qualified, path, number)
