"""What stands in the code: paths, lines, words and symbols at base, with tests, gold and model.

All of it is read from immutable trees and kept by them. While a person is blind, there is no gold.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property, lru_cache

from trajectories.code import TREE_NAMES, mirror_of, text_lines, tree_id
from trajectories.git import GitError, Mirror
from trajectories.kept import kept
from trajectories.models import Step, Trajectory
from trajectories.symbols import Symbol, symbols_of

# Bytes of names: of a binary file, or of one that somebody generated, the rest is left out.
_WORD = re.compile(rb"[A-Za-z_\x80-\xff][0-9A-Za-z_\x80-\xff]{0,99}")
_WORD_IN_TEXT = re.compile(r"[^\W\d]\w{0,99}")
_FILE_NAME = re.compile(r"[\w./-]*\w\.\w{1,5}\b")
_SECONDS = 20
# In so many files the definition of a name is looked for.
_MOST_FILES = 40
# How alike two names must be for one to be suggested for the other.
_ALIKE = 0.75


@dataclass(frozen=True)
class TreeFiles:
    """The paths of a tree, with its folders, and the names that they are made of.

    `by_name` has the paths by the name of the file.
    """

    paths: frozenset[str]
    folders: frozenset[str]
    words: frozenset[str]
    by_name: Mapping[str, tuple[str, ...]]

    def matching(self, path: str) -> list[str]:
        """Return the files that a path or the end of one may mean."""
        if path in self.paths:
            return [path]
        name = path.rpartition("/")[2]
        return [p for p in self.by_name.get(name, ()) if p.endswith(f"/{path}") or name == path]


@dataclass(frozen=True, eq=False)
class CodeFacts:
    """The trees of one trajectory's task, as far as they can be had."""

    trajectory: Trajectory
    is_blind: bool = False

    @cached_property
    def trees(self) -> dict[str, str]:
        """Return the ids of the trees that can be read, by name; base is first."""
        found = {}
        for name in TREE_NAMES:
            if name == "gold" and self.is_blind:
                continue
            try:
                found[name] = tree_id(self.trajectory.task_revision, name, self.trajectory)
            except GitError:
                continue
        return found

    @property
    def is_known(self) -> bool:
        """Tell whether there is code to look at: else nothing can be said of names and paths."""
        return "base" in self.trees

    @property
    def mirror(self) -> Mirror:
        return mirror_of(self.trajectory.task.repository)

    def files(self, tree: str) -> TreeFiles:
        return _tree_files(self.mirror, self.trees[tree])

    @cached_property
    def all_files(self) -> tuple[TreeFiles, ...]:
        return tuple(self.files(tree) for tree in self.trees)

    def matching(self, path: str) -> set[str]:
        """Return the files of any tree that a path may mean."""
        return {found for files in self.all_files for found in files.matching(path)}

    def has_folder(self, path: str) -> bool:
        return any(path.strip("/") in files.folders for files in self.all_files)

    def near_paths(self, path: str) -> list[str]:
        """Return paths that a mistyped one may have meant, the most alike first."""
        name = path.rpartition("/")[2]
        by_name = {n: paths for files in self.all_files for n, paths in files.by_name.items()}
        same_name = sorted(by_name.get(name, ()))
        candidates = [p for n in near_names(name, by_name) for p in by_name[n]]
        if "/" in path:
            candidates = get_close_matches(path, [*same_name, *candidates], n=3, cutoff=_ALIKE)
        return list(dict.fromkeys([*candidates, *same_name]))[:3]

    def n_lines(self, tree: str, path: str) -> int | None:
        """Return how many lines a file has at a tree, None where it is not there."""
        lines = self.lines(tree, path)
        return None if lines is None else len(lines)

    def lines(self, tree: str, path: str) -> tuple[str, ...] | None:
        if tree not in self.trees or path not in self.files(tree).paths:
            return None
        try:
            blob = self.mirror.blob_id(self.trees[tree], path)
            return _lines(self.mirror, blob) if blob else None
        except GitError:
            return None

    def symbols(self, tree: str, path: str) -> tuple[Symbol, ...]:
        if tree not in self.trees:
            return ()
        try:
            blob = self.mirror.blob_id(self.trees[tree], path)
            return symbols_of(self.mirror, blob, path) if blob else ()
        except GitError:
            return ()

    def defines(self, tree: str, path: str, name: str) -> bool:
        """Tell whether a file defines a name at a tree."""
        return any(symbol.name == name for symbol in self.symbols(tree, path))

    def definition_of(self, name: str, trees: Iterable[str] = ()) -> str:
        """Return a file that defines a name at one of the trees, or an empty text."""
        for tree in trees or self.trees:
            for path in _files_with(self.mirror, self.trees[tree], name):
                if self.defines(tree, path, name):
                    return path
        return ""

    def has_word_at_base(self, name: str) -> bool:
        return name in _tree_words(self.mirror, self.trees["base"])

    def words_of_file(self, path: str) -> frozenset[str]:
        """Return the names in a file at any tree."""
        found = (self.lines(tree, path) or () for tree in self.trees)
        return frozenset(word for lines in found for word in _words("\n".join(lines)))

    # --- names -----------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Read what takes long the first time, for other processes to find it kept."""
        if self.is_known:
            _tree_words(self.mirror, self.trees["base"])

    @cached_property
    def words(self) -> tuple[frozenset[str], ...]:
        """Return the names that stand anywhere in code, patches, issue and trajectory."""
        revision = self.trajectory.task_revision
        texts = [revision.problem_statement, revision.test_patch, self.trajectory.model_patch or ""]
        if not self.is_blind:
            texts += [revision.patch, revision.hints_text]
        base = _tree_words(self.mirror, self.trees["base"]) if self.is_known else frozenset()
        of_paths = (files.words for files in self.all_files)
        said = _words_of_steps(self.trajectory.pk)
        return (base, _words_of_texts(tuple(texts)), said, *of_paths)

    def has_word(self, name: str) -> bool:
        return any(name in words for words in self.words)

    def is_said(self, path: str) -> bool:
        """Tell whether the issue or a step of the trajectory names a file."""
        issue = self.trajectory.task_revision.problem_statement
        said = _files_in_steps(self.trajectory.pk)
        return path in issue or any(one == path or one.endswith(f"/{path}") for one in said)

    def near_words(self, name: str) -> list[str]:
        """Return names of the code that a mistyped one may have meant, the most alike first."""
        if not self.is_known:
            return []
        return list(_near(self.mirror, self.trees["base"], self.words[1], name))


@lru_cache(maxsize=16)
def _tree_files(mirror: Mirror, tree: str) -> TreeFiles:
    out = mirror.git("ls-tree", "-r", "-z", "--name-only", tree)
    paths = [path.decode("utf-8", "replace") for path in out.split(b"\0") if path]
    by_name: dict[str, list[str]] = {}
    for path in paths:
        by_name.setdefault(path.rpartition("/")[2], []).append(path)
    folders = {folder for path in paths for folder in _folders_of(path)}
    return TreeFiles(
        paths=frozenset(paths),
        folders=frozenset(folders),
        words=_words("\n".join((*folders, *by_name))),
        by_name={name: tuple(found) for name, found in by_name.items()},
    )


def _folders_of(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


@lru_cache(maxsize=128)
def _lines(mirror: Mirror, blob: str) -> tuple[str, ...]:
    return tuple(text_lines(mirror, blob))


@lru_cache(maxsize=8)
def _tree_words(mirror: Mirror, tree: str) -> frozenset[str]:
    """Return every name in the text files of a tree: read once, then kept on disk."""
    return kept("words-1", (tree,), lambda: _read_words(mirror, tree), dump=sorted, load=frozenset)


def _read_words(mirror: Mirror, tree: str) -> frozenset[str]:
    # Each line with a name in it: there is no cheaper way to have git write out a whole tree.
    out = mirror.git(
        *("grep", "-h", "-I", "--no-color", "-e", "[A-Za-z_]", tree),
        timeout_seconds=_SECONDS,
        ok_codes=(0, 1),
    )
    # A line at a time: a list of every name that stands there would be larger than the tree.
    words = {word for line in io.BytesIO(out) for word in _WORD.findall(line)}
    return frozenset(word.decode("utf-8", "replace") for word in words)


@lru_cache(maxsize=512)
def _files_with(mirror: Mirror, tree: str, name: str) -> tuple[str, ...]:
    """Return files of a tree in which a name stands as a word, the first few."""
    command = ("grep", "-l", "-z", "-I", "-w", "-F", "--no-color", "-e", name, tree)
    out = mirror.git(*command, timeout_seconds=_SECONDS, ok_codes=(0, 1))
    found = [path.decode("utf-8", "replace") for path in out.split(b"\0") if path]
    return tuple(path.partition(":")[2] for path in found[:_MOST_FILES])


@lru_cache(maxsize=64)
def _words_of_steps(trajectory_pk: int) -> frozenset[str]:
    """Return every name in the steps of a trajectory, which never change."""
    rows = Step.objects.filter(trajectory=trajectory_pk).order_by("number")
    texts = rows.values_list("thought", "tool_calls", "observations")
    return frozenset(
        word
        for thought, calls, observations in texts.iterator(chunk_size=50)
        for word in _words(f"{thought} {calls} {observations}".replace("\\n", "\n"))
    )


@lru_cache(maxsize=64)
def _files_in_steps(trajectory_pk: int) -> frozenset[str]:
    """Return every name of a file in the steps of a trajectory, with its folders."""
    rows = Step.objects.filter(trajectory=trajectory_pk).order_by("number")
    texts = rows.values_list("thought", "tool_calls", "observations")
    return frozenset(
        name
        for step in texts.iterator(chunk_size=50)
        for text in step
        for name in _FILE_NAME.findall(str(text))
    )


@lru_cache(maxsize=32)
def _words_of_texts(texts: tuple[str, ...]) -> frozenset[str]:
    return _words("\n".join(texts))


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD_IN_TEXT.findall(text))


@lru_cache(maxsize=512)
def _near(mirror: Mirror, tree: str, others: frozenset[str], name: str) -> tuple[str, ...]:
    pool = (word for words in (_tree_words(mirror, tree), others) for word in words)
    return near_names(name, pool)


def near_names(name: str, pool: Iterable[str]) -> tuple[str, ...]:
    """Return up to three names of the pool that are nearly this one, the most alike first."""
    n, head, tail = len(name), name[:2].lower(), name[-3:].lower()
    # Comparing is slow: of a hundred thousand names, those that begin or end alike.
    alike = {
        word
        for word in pool
        if abs(len(word) - n) <= 2
        and word != name
        and (word[:2].lower() == head or word[-3:].lower() == tail)
    }
    return tuple(get_close_matches(name, sorted(alike), n=3, cutoff=_ALIKE))
