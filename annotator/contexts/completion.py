"""What `@` offers while one writes: files, symbols, tests, steps, and other reasoning steps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from annotator.models import CHAIN_KINDS, Annotation
from annotator.probe_forms import matching_tests
from trajectories.code import mirror_of, tree_id
from trajectories.contexts.definitions import Definition, definitions_of
from trajectories.contexts.search import paths_of
from trajectories.fuzzy import best_paths
from trajectories.git import GitError, Mirror
from trajectories.models import Step, Trajectory
from trajectories.text import shorten

MOST_OFFERS = 14
_MOST_OF_A_KIND = 6
_LABEL_CHARS = 90
# core.py:42 · core.py:42-50 · core.py: (about to say a line)
_WITH_LINES = re.compile(r"(?P<path>[^:]*)(?::(?P<lines>[1-9]\d{0,6}(?:-[1-9]\d{0,6})?)?)?")


@dataclass(frozen=True)
class Offer:
    """Something to mention: what the list shows, what is written, and what is cited with it.

    `value` is what a mention of this kind names (citations/mentions.py); empty: nothing is cited.
    """

    kind: str
    label: str
    detail: str
    insert: str
    value: str = ""


Ranked = tuple[int, Offer]


def offers(annotation: Annotation, typed: str, besides: str = "") -> list[Offer]:
    """Return what fits what was typed after `@`, the best first (two queries).

    `besides` is the uid of the reasoning step that is written: it does not name itself.
    """
    trajectory = annotation.assignment.membership.trajectory
    typed = typed.strip()
    steps = list(
        Step.objects.filter(trajectory=trajectory)
        .order_by("number")
        .values_list("number", "summary", "files")
    )
    touched = frozenset(str(path) for _, _, files in steps for path in files)
    found: list[Ranked] = [
        *_reasoning(annotation, typed, besides),
        *_steps([(number, summary) for number, summary, _ in steps], typed),
        *_tests(trajectory, typed),
        *_code(trajectory, typed, touched),
    ]
    found.sort(key=lambda ranked: ranked[0])
    return [offer for _, offer in found[:MOST_OFFERS]]


def _words_fit(words: Iterable[str], text: str) -> bool:
    lower = text.lower()
    return all(word in lower for word in words)


def _reasoning(annotation: Annotation, typed: str, besides: str) -> Iterator[Ranked]:
    chain = annotation.reasoning_steps.filter(deleted_at=None, kind__in=CHAIN_KINDS)
    rows = chain.order_by("position", "id").values_list("uid", "claim")
    lower = typed.lower()
    is_number = bool(re.fullmatch(r"r\d*", lower))
    named = (
        (0 if is_number else 3, Offer("reasoning", f"R{number}", claim, f"R{number}"))
        for number, (uid, claim) in enumerate(rows, start=1)
        if str(uid) != besides
        and (
            f"r{number}".startswith(lower)
            if is_number
            else bool(lower) and _words_fit(lower.split(), claim)
        )
    )
    yield from islice(named, _MOST_OF_A_KIND)


def _steps(steps: list[tuple[int, str]], typed: str) -> Iterator[Ranked]:
    """Offer steps by the beginning of their number, or by words of their summary."""
    if not typed:
        return
    is_number = typed.isdecimal()
    words = typed.lower().split()
    fitting = (
        (number, summary)
        for number, summary in steps
        if (str(number).startswith(typed) if is_number else _words_fit(words, summary))
    )
    for number, summary in islice(fitting, _MOST_OF_A_KIND):
        label = f"step {number}"
        tier = (0 if str(number) == typed else 1) if is_number else 3
        yield tier, Offer("step", label, shorten(summary, _LABEL_CHARS), label, str(number))


def _tests(trajectory: Trajectory, typed: str) -> Iterator[Ranked]:
    """Offer tests of the task, those of FAIL_TO_PASS first; before anything is typed only those."""
    revision = trajectory.task_revision
    failing = set(revision.fail_to_pass or ())
    for test_id in matching_tests(revision, typed, _MOST_OF_A_KIND):
        is_failing = test_id in failing
        if not typed and not is_failing:
            return
        name = re.split(r"::|[./\s]", test_id)[-1].lower()
        begins = name.startswith(typed.lower())
        tier = (1 if begins else 2) if is_failing else (3 if begins else 4)
        detail = "fails before, passes after" if is_failing else "passes before and after"
        yield tier, Offer("test", test_id, detail, f"`{test_id}`", test_id)


def _code(trajectory: Trajectory, typed: str, touched: frozenset[str]) -> Iterator[Ranked]:
    """Offer files and symbols at base, where the repository can be had."""
    if " " in typed:
        return
    try:
        mirror = mirror_of(trajectory.task.repository)
        tree = tree_id(trajectory.task_revision, "base", trajectory)
        yield from _files(mirror, tree, typed, touched)
        # One letter fits thousands of names; asked with none, the index is made ready.
        symbols = definitions_of(mirror, tree).best(typed, _MOST_OF_A_KIND, near=touched)
        for one in symbols if len(typed) > 1 else ():
            yield _symbol_tier(one, typed.lower()), _symbol_offer(one)
    except GitError:
        return


def _files(mirror: Mirror, tree: str, typed: str, touched: frozenset[str]) -> Iterator[Ranked]:
    found = _WITH_LINES.fullmatch(typed)
    if found is None:
        return
    wanted, lines = found["path"], found["lines"] or ""
    paths = paths_of(mirror, tree)
    if not wanted:
        best = [path for path in paths if path in touched][:_MOST_OF_A_KIND]
    else:
        best = best_paths(paths, wanted, _MOST_OF_A_KIND)
    for path in best:
        name = path.rpartition("/")[2].lower()
        lower = wanted.lower()
        tier = 1 if name.startswith(lower) else 2 if lower in name else 3 if lower in path else 5
        yield (0 if lines else tier), _file_offer(paths, path, lines)


def _file_offer(paths: tuple[str, ...], path: str, lines: str) -> Offer:
    place = f"{path}:{lines}" if lines else path
    written = f"{_short_path(paths, path)}:{lines}" if lines else path
    return Offer("file", place, "file", f"`{written}`", place)


def _short_path(paths: tuple[str, ...], path: str) -> str:
    """Return the shortest end of a path that names no other file."""
    parts = path.split("/")
    for n in range(1, len(parts)):
        end = "/".join(parts[-n:])
        others = (one for one in paths if one == end or one.endswith(f"/{end}"))
        if list(islice(others, 2)) == [path]:
            return end
    return path


def _symbol_tier(one: Definition, typed: str) -> int:
    name = one.name.lower()
    if typed in (name, one.qualified.lower()):
        return 1
    return 2 if name.startswith(typed) else 4 if typed in one.qualified.lower() else 5


def _symbol_offer(one: Definition) -> Offer:
    place = f"{one.path}:{one.line}"
    return Offer("symbol", one.qualified, place, f"`{one.qualified}`", place)
