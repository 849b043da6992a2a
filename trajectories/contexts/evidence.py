"""The two panes of evidence: which tabs there are, and what stands in each pane."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from django.http import HttpRequest
from django.urls import reverse

from accounts.models import User
from trajectories.access import Sight
from trajectories.code import (
    DIFF_NAMES,
    GOLD_DIFFS,
    GOLD_TREES,
    DiffName,
    TreeName,
    has_step_of,
    is_tree_name,
    step_name,
    step_of,
)
from trajectories.contexts.diff_look import Look, read_look
from trajectories.contexts.diffs import diff_context, diff_label
from trajectories.contexts.files import files_context
from trajectories.contexts.files_query import NOTHING, FilesQuery, read_query
from trajectories.contexts.parts import NO_FOCUS, Focus, read_focus, searched_text
from trajectories.contexts.steps import issue_context, step_context
from trajectories.models import Trajectory

PaneName = Literal["left", "right"]
# The tab of a step's edit; the address names the step: `right=step-8`.
EDIT = "edit"
_DIFF_KEYS = {"model": "m", "gold": "g", "model-gold": "c", "test": "x", EDIT: "e"}
HIDDEN_GOLD = "Hidden until your first diagnosis"


@dataclass(frozen=True)
class Tab:
    """A tab of a pane, as plain data, so that later rooms can add theirs.

    The page's query parameter named like the pane holds the `key` of the open tab. `url` is the
    fragment's own address. `build` returns what `template` knows as `context_name`.
    """

    pane: PaneName
    key: str
    label: str
    url: str
    template: str
    context_name: str
    build: Callable[[], object]
    # Why its content may not be seen yet; such a tab builds and requests nothing.
    hidden_because: str = ""
    # The second key of the combination that opens it, after `g`.
    key_after_g: str = ""


@dataclass(frozen=True)
class Pane:
    name: PaneName
    tabs: tuple[Tab, ...]
    current: Tab
    # What the current tab's template shows; None where it is hidden.
    content: object

    @property
    def element_id(self) -> str:
        return f"{self.name}-pane"


@dataclass(frozen=True)
class Evidence:
    trajectory: Trajectory
    left: Pane
    right: Pane


@dataclass(frozen=True)
class Selection:
    """What the page's query string says is open; anything that makes no sense is left out."""

    step: int = 1
    tree: TreeName = "base"
    files: FilesQuery = NOTHING
    look: Look = field(default_factory=Look)
    # The step whose edit is open on the right, if one is.
    edit_of: int | None = None
    # What of the step on the left is asked for.
    focus: Focus = NO_FOCUS


def read_selection(request: HttpRequest, trajectory: Trajectory, sight: Sight) -> Selection:
    """Read the query string of a page with evidence; what the trajectory has not is left out."""
    query = request.GET
    wanted, right = query.get("tree", "base"), query.get("right", "")
    is_seen = sight.sees_gold or wanted not in GOLD_TREES
    is_there = is_tree_name(wanted) and has_step_of(trajectory, wanted)
    tree: TreeName = wanted if is_there and is_seen else "base"
    return Selection(
        step=positive(query.get("step")) or 1,
        tree=tree,
        files=read_query(query),
        look=read_look(query),
        edit_of=step_of(right) if has_step_of(trajectory, right) else None,
        focus=read_focus(query.dict(), searched_text(query.dict())),
    )


def positive(text: str | None) -> int | None:
    """Return a number from 1 to 9,999,999 that a query parameter holds, or None."""
    is_number = text is not None and text.isascii() and text.isdigit() and len(text) < 8
    return int(text or 0) or None if is_number else None


def evidence_context(
    request: HttpRequest, trajectory: Trajectory, sight: Sight, extra_tabs: Iterable[Tab] = ()
) -> Evidence:
    """Return both panes with the tabs that the query string opens."""
    selection = read_selection(request, trajectory, sight)
    assert isinstance(request.user, User)
    tabs = [
        *_left_tabs(trajectory, sight, selection),
        *_right_tabs(trajectory, sight, selection, request.user),
        *extra_tabs,
    ]
    return Evidence(
        trajectory=trajectory,
        left=_pane("left", tabs, request.GET.get("left")),
        right=_pane("right", tabs, EDIT if selection.edit_of else request.GET.get("right")),
    )


def _pane(name: PaneName, tabs: list[Tab], key: str | None) -> Pane:
    own = tuple(tab for tab in tabs if tab.pane == name)
    current = next((tab for tab in own if tab.key == key), own[0])
    return Pane(name, own, current, None if current.hidden_because else current.build())


def _shown_step(trajectory: Trajectory, selection: Selection) -> int:
    return min(selection.step, max(trajectory.n_steps, 1))


def _left_tabs(trajectory: Trajectory, sight: Sight, selection: Selection) -> list[Tab]:
    number = _shown_step(trajectory, selection)
    files = partial(files_context, trajectory, sight, selection.tree, selection.files)
    step = Tab(
        "left",
        "step",
        f"Step {number}",
        reverse("trajectories:step", args=[trajectory.pk, number]),
        "trajectories/_step.html",
        "step",
        partial(step_context, trajectory, sight, number, selection.focus),
        key_after_g="s",
    )
    base = trajectory.task_revision.base_commit
    return [
        *([step] if trajectory.n_steps else []),
        Tab(
            "left",
            "issue",
            "Issue",
            reverse("trajectories:issue", args=[trajectory.pk]),
            "trajectories/_issue.html",
            "issue",
            partial(issue_context, trajectory, sight),
            key_after_g="i",
        ),
        Tab(
            "left",
            "files",
            f"Files @ {base[:7]}" if base else "Files",
            reverse("trajectories:files", args=[trajectory.pk, selection.tree]),
            "trajectories/_files.html",
            "files",
            files,
            key_after_g="f",
        ),
    ]


def _right_tabs(
    trajectory: Trajectory, sight: Sight, selection: Selection, reader: User
) -> list[Tab]:
    """The four diffs, and the edit of the step that is named, or else read on the left."""
    edit = step_name(selection.edit_of or _shown_step(trajectory, selection))
    return [
        *(
            _diff_tab(trajectory, sight, selection, reader, which, which, diff_label(which))
            for which in DIFF_NAMES
        ),
        *(
            [_diff_tab(trajectory, sight, selection, reader, edit, EDIT, "Edit")]
            if trajectory.n_steps
            else []
        ),
    ]


def _diff_tab(
    trajectory: Trajectory,
    sight: Sight,
    selection: Selection,
    reader: User,
    which: DiffName,
    key: str,
    label: str,
) -> Tab:
    return Tab(
        "right",
        key,
        label,
        reverse("trajectories:diff", args=[trajectory.pk, which]),
        "trajectories/_diff.html",
        "diff",
        partial(
            diff_context,
            trajectory,
            sight,
            which,
            selection.look,
            reader,
        ),
        hidden_because="" if which not in GOLD_DIFFS or sight.sees_gold else HIDDEN_GOLD,
        key_after_g=_DIFF_KEYS[key],
    )
