"""Files, names, tests and lines that a text mentions: pure functions."""

from __future__ import annotations

import builtins
import datetime
import functools
import itertools
import keyword
import pathlib
import re
import sys
import unittest
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from annotator.checks.prose import code_spans, outside_code, plain

_EXTENSIONS = (
    "py|pyi|pyx|pxd|js|jsx|mjs|cjs|ts|tsx|json|toml|cfg|ini|md|rst|txt|yml|yaml|html|css|c|h|cc|"
    "cpp|cxx|hpp|go|rs|java|rb|php|sh|sql|po|xml|csv|lock|ipynb"
)
# almanac/recurrence.py:12-14, ./setup.py, recurrence.py#L12
_PATH = re.compile(
    rf"(?<![\w/.@:-])(?P<path>(?:\.{{0,2}}/)?(?:[\w.@+-]+/)*[\w.@+-]*\w\.(?:{_EXTENSIONS}))"
    r"(?![\w/]|\.\w)(?:(?::|#L?|:L)(?P<first>\d{1,6})(?:\s*[-–]\s*L?(?P<last>\d{1,6}))?(?![\w:]))?"
)
# tests/test_core.py::TestA::test_b[1-x]
_TEST_ID = re.compile(r"(?<![\w/.-])(?P<id>[\w./-]+\.\w{1,4}(?:::[\w.]+(?:\[[^\]\n]{0,200}\])?)+)")
_TEST_NAME = re.compile(r"(?<![\w.:/\[-])test_\w*[a-z0-9](?:\[[^\]\s]{0,200}\])?(?![\w/]|\.\w|::)")
# Fields of data sets.
_NO_TESTS = frozenset({"test_patch", "test_command", "test_cmd", "test_ids", "test_id"})
# Recurrence.between(window), @property, ._jump, Foo::bar, #parse
_SYMBOL = re.compile(
    r"[@#.]?(?P<name>[^\W\d]\w*(?:(?:\.|::|#)[^\W\d]\w*)*)(?P<call>\(.*\))?", re.DOTALL
)
_CALL_IN_TEXT = re.compile(r"(?<![\w.`])(?P<name>[^\W\d]\w*(?:\.[^\W\d]\w*)*)\(\)")
_WORD_IN_TEXT = re.compile(r"(?<![\w.@/-])[^\W\d]\w*(?![\w@/-])")
_NAME_IN_CODE = re.compile(r"(?<![\w'\"])[^\W\d]\w*(?![\w'\"])")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|#.*")
# "line 42 of core.py", "lines 10–14 in `almanac/core.py`", "line 7"
_LINES = re.compile(
    r"\b[Ll]ines?\s+(?P<first>\d{1,6})(?:\s*(?:[-–—]|to|through|and)\s*(?P<last>\d{1,6}))?"
    r"(?P<file>\s*,?\s*(?:of|in|from|at)\s+(?:the\s+)?(?:file\s+)?`?(?P<path>[\w./@+-]*\w\.(?:"
    rf"{_EXTENSIONS}))\b)?(?P<after>[^.;\n]{{0,40}})"
)
# What has lines but is no file.
_NOT_A_FILE = re.compile(
    r"^\W*(?:(?:of|in|from)\s+)?(?:the\s+|its\s+|that\s+|this\s+)?"
    r"(?:\w+\s+)?(?:output|log|trace|traceback|issue|report|diff|patch|message|table|"
    r"observation|listing|script|reproduction|step|thought)",
    re.IGNORECASE,
)
_LINES_OF_CODE = re.compile(r"^\s*(?:long|of code|more|less|each|apart)\b")
_COMMANDS = re.compile(
    r"^\s*(?:\$\s+)?(?:git|pytest|python3?|pip|uv|tox|nox|make|cd|ls|cat|grep|rg|find|sed|awk|head|tail|"
    r"npm|npx|node|yarn|pnpm|go|cargo|mvn|gradle|docker|bash|sh|echo|export|rm|mv|cp|mkdir|touch|"
    r"diff|curl|tar|chmod|edit|open|search_\w+|find_file|str_replace_editor|submit|goto|scroll_\w+)"
    r"(?:\s|$)"
)


def _names_of(*things: object) -> frozenset[str]:
    return frozenset(name for thing in things for name in dir(thing))


# Of tests, of data sets, of other languages.
_ALSO_KNOWN = """
    self cls args kwargs fixture parametrize raises conftest pytest xfail skip skipif mark
    FAIL_TO_PASS PASS_TO_PASS PASSED FAILED ERROR SKIPPED MISSING XFAIL base gold model
    undefined null true false this const let var function typeof NaN Infinity require
    module exports Object Array String Number Boolean Map Set Promise Symbol Math JSON
    console process Buffer RegExp Date Error TypeError describe it expect nil void
    dataclass defaultdict OrderedDict namedtuple Counter deque lru_cache cached_property
    contextmanager suppress Optional Union Literal Callable Mapping Sequence Any
    assertEqual MagicMock monkeypatch capsys tmp_path
"""
# Names that no repository has to define.
KNOWN: frozenset[str] = (
    _names_of(
        *(builtins, str, bytes, list, dict, set, int, float, object, type, BaseException),
        *(OSError, property, itertools, functools, datetime, datetime.datetime, re, sys),
        *(datetime.date, datetime.timedelta, pathlib, pathlib.Path, unittest, unittest.TestCase),
        *(Iterator, print),
    )
    | frozenset(keyword.kwlist)
    | frozenset(keyword.softkwlist)
    | sys.stdlib_module_names
    | frozenset(_ALSO_KNOWN.split())
)


@dataclass(frozen=True)
class PathMention:
    """A file that a text names, with the lines it gives, and whether it stands in backticks."""

    path: str
    first: int | None = None
    last: int | None = None
    is_code: bool = False


@dataclass(frozen=True)
class NameMention:
    """A name that a text mentions, as its parts: `Recurrence.between` has two.

    `symbol`: it stands alone in backticks, or is called. `snippet`: it is one of several names in a
    piece of code. `word`: it stands among words, and looks like code.
    """

    text: str
    parts: tuple[str, ...]
    kind: Literal["symbol", "snippet", "word"]


@dataclass(frozen=True)
class LineMention:
    """Lines that a text gives by number; `path` is empty where it names no file beside them."""

    first: int
    last: int
    path: str = ""

    @property
    def words(self) -> str:
        one = self.first == self.last
        lines = f"line {self.first}" if one else f"lines {self.first}–{self.last}"
        return f"{lines} of {self.path}" if self.path else lines


def path_mentions(text: str) -> list[PathMention]:
    """Return the files that a text names, each once."""
    in_code = " ".join(code_spans(text))
    found = {}
    for match in _PATH.finditer(_without_test_ids(plain(text))):
        path = match["path"]
        first = int(match["first"]) if match["first"] else None
        last = int(match["last"]) if match["last"] else first
        found[path, first, last] = PathMention(path, first, last, path in in_code)
    return list(found.values())


def test_mentions(text: str) -> list[str]:
    """Return the test ids and names of tests that a text mentions, each once."""
    said = plain(text)
    ids = [match["id"] for match in _TEST_ID.finditer(said)]
    names = [match[0] for match in _TEST_NAME.finditer(_without_test_ids(said))]
    names = [name for name in names if name not in _NO_TESTS]
    return list(dict.fromkeys([*ids, *names]))


test_mentions.__test__ = False  # type: ignore[attr-defined]


def _without_test_ids(text: str) -> str:
    return _TEST_ID.sub(" ", text)


def name_mentions(text: str) -> list[NameMention]:
    """Return the names of code that a text mentions, each once: neither paths nor test ids."""
    found = [mention for span in code_spans(text) for mention in _in_span(span)]
    said = _PATH.sub(" ", _without_test_ids(outside_code(text)))
    for match in _CALL_IN_TEXT.finditer(said):
        found.append(NameMention(match[0], tuple(match["name"].split(".")), "symbol"))
    for name in _WORD_IN_TEXT.findall(_CALL_IN_TEXT.sub(" ", said)):
        # Underscores around a word are Markdown's, where there is one on either side.
        is_emphasis = name.startswith("_") and name.endswith("_") and not name.startswith("__")
        if looks_like_code(name) and not is_emphasis:
            found.append(NameMention(name, (name,), "word"))
    return list(dict.fromkeys(found))


def _in_span(span: str) -> Iterator[NameMention]:
    if _COMMANDS.match(span) or span.startswith("-") or _PATH.search(span) or "::test" in span:
        return
    if match := _SYMBOL.fullmatch(span):
        parts = tuple(re.split(r"\.|::|#", match["name"]))
        yield NameMention(span, parts, "symbol")
        return
    for name in dict.fromkeys(_NAME_IN_CODE.findall(_QUOTED.sub(" ", span))):
        if looks_like_code(name):
            yield NameMention(name, (name,), "snippet")


def looks_like_code(name: str) -> bool:
    """Tell names as only code has them from words: `_jump`, `add_months`, `IntervalSet`."""
    return "_" in name.strip("_") or name.startswith("_") or bool(re.search("[a-z0-9][A-Z]", name))


def line_mentions(text: str) -> list[LineMention]:
    """Return the line numbers that a text gives, with the file where it names one."""
    found = [
        LineMention(mention.first, mention.last or mention.first, mention.path)
        for mention in path_mentions(text)
        if mention.first is not None
    ]
    for match in _LINES.finditer(plain(text)):
        first = int(match["first"])
        last = int(match["last"] or first)
        after = match["after"]
        if not match["path"] and (_NOT_A_FILE.match(after) or _LINES_OF_CODE.match(after)):
            continue
        low, high = min(first, last), max(first, last)
        found.append(LineMention(low, high, match["path"] or ""))
    return list(dict.fromkeys(found))


def distance(one: str, other: str, most: int = 3) -> int:
    """Count the edits (of two neighbours that are swapped: one) between texts, `most` + 1 at most.

    Source: the restricted Damerau–Levenshtein distance.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        last, row, older = row, [i] + [0] * len(other), before
        for j, b in enumerate(other, start=1):
            row[j] = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                row[j] = min(row[j], older[j - 2] + 1)
        before = last
    return min(row[-1], most + 1)


def is_slip_of(name: str, other: str) -> bool:
    """Tell whether a name is so near another that it is a slip: a letter or two, no more."""
    if name.strip("_").lower() == other.strip("_").lower():
        return False
    return distance(name, other) <= (1 if len(name) < 7 else 2)
