"""Search the text of a tree in a mirror; nothing is checked out."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from trajectories.git.errors import GitError, GitFailed
from trajectories.git.mirror import Mirror
from trajectories.git.names import check_object_id
from trajectories.git.process import read_git
from trajectories.git.text import decode

MAX_PATTERN_CHARS = 1_000
# Colours that git is asked for: none but a mark around what matches, one that no text has.
_MARKED = "#01fe17"
_NO_COLOUR = ("filename", "linenumber", "column", "separator", "selected", "context", "function")
_COLOURS = (
    *("-c", f"color.grep.match={_MARKED}"),
    *(part for name in _NO_COLOUR for part in ("-c", f"color.grep.{name}=")),
)
# TREE:path NUL line NUL content
_HIT = re.compile(rb"[0-9a-f]{40}:([^\0]+)\0(\d+)\0([^\n]*)\n")
_MARK = re.compile(r"\x1b\[38;2;1;254;23m(.*?)\x1b\[m", re.DOTALL)
# "fatal: -e option, '(ab': missing closing parenthesis"
_BAD_PATTERN = re.compile(r"fatal: (?:-e option|command line), '.*': (?P<why>[^\n]+)", re.DOTALL)
_NO_PCRE = "cannot use Perl-compatible regexes"


class BadPattern(GitError):
    """A regular expression that cannot be read; the message says why."""


@dataclass(frozen=True)
class Pattern:
    """What to look for: a text, or a regular expression as Perl reads it."""

    text: str
    is_regex: bool = False
    matches_case: bool = True
    is_word: bool = False


@dataclass(frozen=True)
class Hit:
    """A line (1-based) that holds what was looked for; `spans` are the places in `text`."""

    path: str
    line: int
    text: str
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Found:
    """`is_cut`: the search was ended by a limit of time or size, and there may be more."""

    hits: tuple[Hit, ...]
    is_cut: bool


def grep(
    mirror: Mirror,
    tree: str,
    pattern: Pattern,
    paths: tuple[str, ...] = (),
    *,
    timeout_seconds: float = 8,
    max_bytes: int = 8_000_000,
    max_per_file: int = 200,
) -> Found:
    """Return the lines of a tree's text files that match, in the order of their paths.

    `paths` are globs: `*.py` is at any depth, `pkg/db` is all that is below it, `!tests` is left
    out. Raises BadPattern, ObjectMissing or GitFailed.
    """
    mirror.require()
    arguments = [
        *("grep", "-z", "-n", "-I", "--color=always", f"--max-count={max_per_file}"),
        *(["-w"] if pattern.is_word else []),
        *([] if pattern.matches_case else ["-i"]),
    ]
    what = ["-e", pattern.text, check_object_id(tree), "--", *pathspecs(paths)]

    def search(syntax: str) -> tuple[bytes, bool]:
        return read_git(
            *(*_COLOURS, *arguments, syntax, *what),
            git_dir=mirror.path,
            # Letters beyond ASCII have a case, and a dot stands for the whole of one.
            extra={"GIT_LITERAL_PATHSPECS": "0", "LC_ALL": "C.UTF-8"},
            timeout_seconds=timeout_seconds,
            max_bytes=max_bytes,
            ok_codes=(0, 1),
        )

    if not 0 < len(pattern.text) <= MAX_PATTERN_CHARS or set("\0\n") & set(pattern.text):
        raise BadPattern(f"it must be one line of 1 to {MAX_PATTERN_CHARS} characters")
    try:
        data, is_cut = search("-P" if pattern.is_regex else "-F")
    except GitFailed as error:
        if pattern.is_regex and _NO_PCRE in error.stderr:
            data, is_cut = search("-E")
        else:
            raise _explained(error) from error
    return Found(tuple(_hit(match) for match in _HIT.finditer(data)), is_cut)


def pathspecs(globs: tuple[str, ...]) -> list[str]:
    """Return globs as people write them as git's pathspecs, which nothing in them can change."""
    specs: list[str] = []
    for glob in globs:
        is_excluded = glob.startswith("!")
        text = glob.removeprefix("!").strip("/")
        if not text or "\0" in text:
            continue
        magic = ":(glob,exclude)" if is_excluded else ":(glob)"
        anywhere = text if "/" in text else f"**/{text}"
        # A folder stands for what is in it.
        specs += [f"{magic}{anywhere}", f"{magic}{anywhere}/**"]
    return specs


def _hit(match: re.Match[bytes]) -> Hit:
    path, line, content = match.groups()
    text, spans, at = "", [], 0
    marked = decode(content.removesuffix(b"\r"))
    for mark in _MARK.finditer(marked):
        text += marked[at : mark.start()]
        spans.append((len(text), len(text) + len(mark[1])))
        text += mark[1]
        at = mark.end()
    return Hit(os.fsdecode(path), int(line), text + marked[at:], tuple(spans))


def _explained(error: GitFailed) -> GitError:
    if match := _BAD_PATTERN.search(error.stderr):
        return BadPattern(match["why"].strip())
    # "pcre2_jit_match failed with error code -47: match limit exceeded", "JIT stack limit reached"
    if "limit exceeded" in error.stderr or "limit reached" in error.stderr:
        return BadPattern("it has too many ways to match; make it simpler")
    return error
