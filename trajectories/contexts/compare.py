"""Two attempts at one task side by side: a column for each, and what files they changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from django.http import QueryDict
from django.urls import reverse

from accounts.models import User
from trajectories.access import Sight, get_trajectory, sight_of
from trajectories.code import beside_name, diff_source
from trajectories.contexts.diff_look import read_look
from trajectories.contexts.diffs import Diff, diff_context
from trajectories.contexts.evidence import positive
from trajectories.contexts.outline import Outline, OutlineQuery, outline_context, outline_query
from trajectories.contexts.parts import read_focus, searched_text
from trajectories.contexts.steps import StepDetail, step_context
from trajectories.models import Trajectory
from trajectories.pages import Column

ColumnName = Literal["a", "b"]
COLUMNS: tuple[ColumnName, ColumnName] = ("a", "b")
# Files that the page lists; those that a patch changes come first.
MAX_FILES = 200


class DifferentTasks(Exception):
    """Two trajectories, both visible, that are no attempts at one task."""

    def __init__(self, *pair: Trajectory) -> None:
        super().__init__("These two are attempts at different tasks.")
        self.pair = pair


@dataclass(frozen=True)
class Side:
    """One of the two attempts: its list of steps, and the one that is open in its column."""

    column: Column
    trajectory: Trajectory
    sight: Sight
    outline: Outline
    step: StepDetail | None

    @property
    def element_id(self) -> str:
        return f"column-{self.column.name}"


@dataclass(frozen=True)
class Touched:
    """What one attempt did with a file: steps that named it, lines its patch adds and removes.

    `changed` is None where the patch leaves the file alone.
    """

    n_steps: int
    changed: tuple[int, int] | None

    def __bool__(self) -> bool:
        return bool(self.n_steps or self.changed)


@dataclass(frozen=True)
class ComparedFile:
    path: str
    a: Touched
    b: Touched

    @property
    def whose(self) -> str:
        """Say which of the two touched it."""
        return "both" if self.a and self.b else "only A" if self.a else "only B"

    @property
    def is_changed(self) -> bool:
        return self.a.changed is not None or self.b.changed is not None


@dataclass(frozen=True)
class Compared:
    """The page. `diff` leads from A's code to B's and is there only where it is asked for."""

    a: Side
    b: Side
    files: tuple[ComparedFile, ...]
    which: str
    diff: Diff | None

    @property
    def sides(self) -> tuple[Side, Side]:
        return self.a, self.b

    @property
    def query(self) -> OutlineQuery:
        """What both lists are filtered by."""
        return self.a.outline.query

    @property
    def kinds(self) -> tuple[tuple[str, str], ...]:
        """The kinds of steps that are in either list."""
        return tuple(dict.fromkeys((*self.a.outline.kinds, *self.b.outline.kinds)))

    @property
    def n_changed_by_both(self) -> int:
        changed = [file for file in self.files if file.is_changed]
        return sum(None not in (file.a.changed, file.b.changed) for file in changed)

    @property
    def n_changed_by_one(self) -> int:
        return sum(file.is_changed for file in self.files) - self.n_changed_by_both


def column_of(name: str, trajectory: Trajectory, step: int | None = None) -> Column | None:
    """Return the place of a trajectory's fragments in a page of two, None where it has its own."""
    if name not in COLUMNS:
        return None
    return Column(name, trajectory.get_absolute_url(), step)  # type: ignore[attr-defined]


def column_named(element_id: str | None) -> ColumnName | None:
    """Return the column that the element with this id shows."""
    return next((name for name in COLUMNS if element_id == f"column-{name}"), None)


def get_pair(user: User, pk: int, other: int) -> tuple[Trajectory, Trajectory]:
    """Return two attempts at one task; raise Http404 where one is not visible to `user`.

    Raises DifferentTasks where both are.
    """
    a, b = get_trajectory(user, pk), get_trajectory(user, other)
    if a.task_id != b.task_id:
        raise DifferentTasks(a, b)
    return a, b


def side_context(user: User, trajectory: Trajectory, name: ColumnName, query: QueryDict) -> Side:
    """Show a trajectory in its column, with the step that the query names after the column."""
    number = min(positive(query.get(name)) or 1, max(trajectory.n_steps, 1))
    column = column_of(name, trajectory, number)
    assert column is not None
    sight = sight_of(user, trajectory)
    # `a-part` and `a-open` say of the step in column "a" what `part` and `open` say elsewhere.
    own = {key: query.get(f"{name}-{key}", "") for key in ("part", "open")}
    focus = read_focus(own, searched_text({"q": query.get("q", "")}))
    asked = replace(outline_query(query), step=number, first=None, last=None, column=name)
    return Side(
        column=column,
        trajectory=trajectory,
        sight=sight,
        outline=outline_context(trajectory, asked),
        step=step_context(trajectory, sight, number, focus) if trajectory.n_steps else None,
    )


def compared_context(user: User, pk: int, other: int, query: QueryDict) -> Compared:
    """Show two attempts at one task; raise Http404 where one of them may not be seen."""
    a, b = get_pair(user, pk, other)
    side_a, side_b = side_context(user, a, "a", query), side_context(user, b, "b", query)
    which = beside_name(b.pk)
    return Compared(
        a=side_a,
        b=side_b,
        files=compared_files(side_a, side_b)[:MAX_FILES],
        which=which,
        diff=_diff(user, query, a, which),
    )


def _diff(user: User, query: QueryDict, trajectory: Trajectory, which: str) -> Diff | None:
    if query.get("right") != which:
        return None
    sight = sight_of(user, trajectory, which)
    return diff_context(trajectory, sight, which, read_look(query), user)


def compared_files(a: Side, b: Side) -> tuple[ComparedFile, ...]:
    """Return the files that either attempt touched: changed ones first, then those of both."""
    of_a, of_b = _touched(a), _touched(b)
    nothing = Touched(0, None)
    files = [
        ComparedFile(path, of_a.get(path, nothing), of_b.get(path, nothing))
        for path in {**of_a, **of_b}
    ]
    return tuple(sorted(files, key=lambda file: (not file.is_changed, file.whose, file.path)))


def _touched(side: Side) -> dict[str, Touched]:
    changes = diff_source(side.trajectory, "model").patch.files
    changed = {change.path: (change.n_added, change.n_removed) for change in changes}
    return {
        path: Touched(side.outline.touched.get(path, 0), changed.get(path))
        for path in {**changed, **side.outline.touched}
    }


# --- choosing a second one ------------------------------------------------------------------------


@dataclass(frozen=True)
class OtherAttempt:
    """Another attempt at the same task, to be opened beside one."""

    trajectory: Trajectory
    url: str


def other_attempts(user: User, trajectory: Trajectory) -> tuple[OtherAttempt, ...]:
    """Return the other attempts at a trajectory's task that `user` sees (one query)."""
    others: Iterable[Trajectory] = (
        Trajectory.objects.visible_to(user)
        .filter(task=trajectory.task_id)
        .exclude(pk=trajectory.pk)
        .defer("model_patch", "extra")
        .order_by("pk")
    )
    return tuple(OtherAttempt(other, beside_url(trajectory, other)) for other in others)


def beside_url(a: Trajectory, b: Trajectory) -> str:
    return reverse("validation:beside", args=[a.pk, b.pk])
