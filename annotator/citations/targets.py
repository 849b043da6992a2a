"""Where a citation points: one small dataclass per kind, read from what a browser sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeGuard, cast

from annotator.models import CitationKind
from trajectories.code import is_diff_name, is_tree_name
from trajectories.text import storable


class CannotCite(Exception):
    """What was selected cannot be cited; the message is a sentence for the person."""


@dataclass(frozen=True)
class FileTarget:
    """Whole lines of a file at a tree, 1-based, inclusive."""

    tree: str
    tree_id: str
    path: str
    start_line: int
    end_line: int


@dataclass(frozen=True)
class PatchTarget:
    """Whole lines of one side of a file in a diff, 1-based, inclusive."""

    which: str
    path: str
    side: str
    start_line: int
    end_line: int


@dataclass(frozen=True)
class IssueTarget:
    """A passage of the problem statement: of its source, or of the words it renders to."""

    is_rendered: bool = False


@dataclass(frozen=True)
class ThoughtTarget:
    step: int


@dataclass(frozen=True)
class CallTarget:
    step: int
    index: int


@dataclass(frozen=True)
class ObservationTarget:
    step: int
    index: int


@dataclass(frozen=True)
class TestTarget:
    """The status of a test in a run."""

    run: int
    test_id: str

    __test__ = False


@dataclass(frozen=True)
class ProbeTarget:
    """How a claim that was executed fared in a run of it; 0 stands for the newest."""

    probe: str
    run: int = 0


Target = (
    FileTarget
    | PatchTarget
    | IssueTarget
    | ThoughtTarget
    | CallTarget
    | ObservationTarget
    | TestTarget
    | ProbeTarget
)
TARGETS: dict[str, type[Target]] = {
    CitationKind.FILE: FileTarget,
    CitationKind.PATCH: PatchTarget,
    CitationKind.ISSUE: IssueTarget,
    CitationKind.THOUGHT: ThoughtTarget,
    CitationKind.TOOL_CALL: CallTarget,
    CitationKind.OBSERVATION: ObservationTarget,
    CitationKind.TEST: TestTarget,
    CitationKind.PROBE: ProbeTarget,
}
_UID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAMES: dict[str, Callable[[str], bool]] = {
    "tree": is_tree_name,
    "which": is_diff_name,
    "side": ("old", "new").__contains__,
    "probe": lambda text: bool(_UID.fullmatch(text)),
}
_LARGEST = 2**31 - 1


def read_target(kind: str, raw: Mapping[str, Any]) -> Target:
    """Return the target of a kind, or raise CannotCite for what does not fit it."""
    if kind not in TARGETS:
        raise CannotCite(f"{kind!r:.40} is not a kind of citation.")
    target = TARGETS[kind]
    values = {
        field.name: _value(field.name, str(field.type), raw[field.name])
        for field in fields(target)
        if field.name in raw
    }
    try:
        read = target(**cast(Any, values))
    except TypeError:
        raise CannotCite("The selection does not say where it was made.") from None
    if isinstance(read, FileTarget | PatchTarget) and read.start_line > read.end_line:
        raise CannotCite("The selection ends before it begins.")
    return read


def as_json(target: Target) -> dict[str, Any]:
    return asdict(target)


def _value(name: str, kind: str, value: object) -> object:
    if kind == "int":
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST:
            return value
    elif kind == "bool":
        if isinstance(value, bool):
            return value
    elif _is_clean_text(value) and (name not in _NAMES or _NAMES[name](value)):
        return value
    raise CannotCite(f"The selection has no usable {name.replace('_', ' ')}.")


def _is_clean_text(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and len(value) < 4000 and storable(value) == value
