"""The list of steps with the ribbon above it: which steps there are, without their bodies."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from trajectories.contexts.ribbon import Measure, Ribbon, ribbon_of
from trajectories.forms import FAILED, OutlineForm
from trajectories.models import Step, StepKind, Trajectory
from trajectories.text import clean_text

GLYPHS = {
    StepKind.THINK: "◌",
    StepKind.SEARCH: "⌕",
    StepKind.READ: "▤",
    StepKind.EDIT: "✎",
    StepKind.RUN: "▶",
    StepKind.TEST: "✓",
    StepKind.VCS: "⎇",
    StepKind.SUBMIT: "⇪",
    StepKind.OTHER: "·",
}
_FAILED_GLYPH = "✗"
# Asking each step for the name of its kind takes longer than reading the steps.
_KIND_LABELS = {str(value): str(label) for value, label in StepKind.choices}
# django/db/models/sql/query.py:745, of which sql/query.py:745 is kept; /home/me/x/pkg/core.py
_LONG_PATH = re.compile(r"(?<![\w/.-])(?:~?/)?(?:[\w.@+-]+/){2,}([\w.@+-]+/[\w.@+-]+)")
# mcp__issues__issue_get 686: which server has the tool is said in the step.
_MCP_SERVER = re.compile(r"^mcp__.+?__(?=\w)")
# A page holds this many rows around the open step; the others load when they come into view.
WINDOW_ROWS = 80
_MAX_FILES_TO_CHOOSE = 200


@dataclass(frozen=True)
class OutlineQuery:
    """What a query string says of the list: the open step, what is filtered, the ribbon's measure.

    `first` and `last` bound a part of the list that is asked for by itself; `column` is where the
    list stands on a page that has two.
    """

    step: int | None = None
    kind: str = ""
    touch: str = ""
    find: str = ""
    ribbon: Measure = "steps"
    first: int | None = None
    last: int | None = None
    column: str = ""

    @property
    def is_filtered(self) -> bool:
        return bool(self.kind or self.touch or self.find)

    @property
    def filters(self) -> dict[str, str]:
        chosen = {"kind": self.kind, "touch": self.touch, "find": self.find}
        return {name: value for name, value in chosen.items() if value}


@dataclass(frozen=True)
class StepMark:
    """What later rooms say of a step: a short remark ("2 cites"), and how it was judged."""

    text: str = ""
    judgement: str = ""


@dataclass(frozen=True)
class OutlineRow:
    """A step in the list.

    `agent` names the sub-agent that did it, at `depth` below the main one, in a run of steps that
    begins at step `run`. `opens` says, on the first row of a run, how many steps the run has;
    `condensed` what a summary replaced before the step. `elsewhere` names the files that hold the
    steps of its sub-agents.
    """

    number: int
    kind: str
    kind_label: str
    glyph: str
    summary: str
    files: tuple[str, ...]
    is_error: bool
    duration_seconds: float | None
    cost_usd: float | None
    mark: StepMark = field(default_factory=StepMark)
    agent: str = ""
    depth: int = 0
    run: int = 0
    opens: int = 0
    condensed: str = ""
    elsewhere: tuple[str, ...] = ()

    def is_of(self, kind: str) -> bool:
        return self.is_error if kind == FAILED[0] else self.kind == kind

    @property
    def short(self) -> str:
        """The summary with only the end of long paths and names, which is what tells them apart."""
        summary = _MCP_SERVER.sub("", self.summary)
        return _LONG_PATH.sub(r"…/\1", summary) if len(summary) > 28 else summary

    @property
    def title(self) -> str:
        """Everything the row has no room for."""
        others = [path for path in self.files if path not in self.summary]
        return "\n".join((self.summary, *others))

    @property
    def more_files(self) -> str:
        """The names of files that the summary does not say."""
        names = (path.rpartition("/")[2] for path in self.files)
        return ", ".join(dict.fromkeys(name for name in names if name not in self.summary))

    @property
    def slow_seconds(self) -> float | None:
        """How long it took, where that is long enough to be worth a look."""
        return self.duration_seconds if (self.duration_seconds or 0) >= 1 else None

    @property
    def cost(self) -> str:
        if self.cost_usd is None:
            return ""
        return f"${self.cost_usd:.3f}" if self.cost_usd >= 0.001 else "<$0.001"

    @property
    def tone(self) -> str:
        """How the step is coloured: what failed, edits, and tests that did not fail."""
        if self.is_error:
            return "fail"
        return {StepKind.EDIT: "edit", StepKind.TEST: "pass"}.get(StepKind(self.kind), "")

    @property
    def indent(self) -> int:
        return min(self.depth, 3)


@dataclass(frozen=True)
class More:
    """Rows that are not in the page yet: the address of the part of the list that has them."""

    label: str
    step: int
    url: str


@dataclass(frozen=True)
class Outline:
    """`rows` are those in the page: a window of those that the filter keeps."""

    trajectory: Trajectory
    query: OutlineQuery
    rows: tuple[OutlineRow, ...]
    n_kept: int
    ribbon: Ribbon
    earlier: More | None
    later: More | None
    kinds: tuple[tuple[str, str], ...]
    # Of all steps, whether their rows are in the page or not.
    marks: Mapping[int, StepMark]
    # How many steps touched each file.
    touched: Mapping[str, int]

    @property
    def current(self) -> int | None:
        return self.query.step

    @property
    def paths(self) -> tuple[str, ...]:
        """The files that steps touched, the ones touched most often first."""
        files = sorted(self.touched, key=lambda path: -self.touched[path])
        return tuple(files[:_MAX_FILES_TO_CHOOSE])

    @property
    def marks_by_step(self) -> dict[int, tuple[str, str]]:
        """What the script puts on rows that are loaded later, without the rooms that know it."""
        return {step: (mark.text, mark.judgement) for step, mark in self.marks.items()}

    @cached_property
    def url(self) -> str:
        return reverse("trajectories:outline", args=[self.trajectory.pk])


def outline_query(query: QueryDict, step: int | None = None) -> OutlineQuery:
    """Read the query string of a page or of the list; what makes no sense is left out.

    `step` is the one that is open where the query names none.
    """
    form = OutlineForm(query)
    form.is_valid()
    known = {name: value for name, value in form.cleaned_data.items() if value}
    return OutlineQuery(**{"step": step, **known})


def outline_context(
    trajectory: Trajectory,
    query: OutlineQuery | None = None,
    marks: Mapping[int, StepMark] | None = None,
) -> Outline:
    """List the steps without their bodies, in one query; later rooms hand in `marks` by step."""
    query = query or OutlineQuery()
    steps = list(Step.objects.filter(trajectory=trajectory).order_by("number").outline())
    rows = _with_runs_of_agents([_row(step, (marks or {}).get(step.number)) for step in steps])
    kept = _opened_once([row for row in rows if _keeps(query, row)])
    start, end = _window(kept, query)
    return Outline(
        trajectory=trajectory,
        query=query,
        rows=tuple(kept[start:end]),
        n_kept=len(kept),
        ribbon=ribbon_of(
            steps,
            [row.tone for row in rows],
            query.ribbon,
            cited=[row.number for row in rows if row.mark.text],
            current=query.step,
        ),
        earlier=_more(trajectory, query, kept[max(0, start - WINDOW_ROWS) : start], "Earlier"),
        later=_more(trajectory, query, kept[end : end + WINDOW_ROWS], "Later"),
        kinds=tuple(
            (kind, label) for kind, label in (*StepKind.choices, FAILED) if _has(rows, kind)
        ),
        marks=marks or {},
        touched=_touched(rows),
    )


def glyph_of(step: Step) -> str:
    """Return the sign of a step's kind, or of its failure."""
    return _FAILED_GLYPH if step.is_error else GLYPHS[StepKind(step.kind)]


def _row(step: Step, mark: StepMark | None) -> OutlineRow:
    agent = step.agent if isinstance(step.agent, dict) else {}  # type: ignore[attr-defined]
    depth = agent.get("depth")
    return OutlineRow(
        number=step.number,
        kind=step.kind,
        kind_label=_KIND_LABELS[step.kind],
        glyph=glyph_of(step),
        summary=step.summary,
        files=tuple(map(str, step.files)),
        is_error=step.is_error,
        duration_seconds=step.duration_seconds,
        cost_usd=None if step.cost_usd is None else float(step.cost_usd),
        mark=mark or StepMark(),
        agent=str(agent.get("name", "")),
        depth=depth if isinstance(depth, int) else 0,
        condensed=_condensed(step.condensation),  # type: ignore[attr-defined]
        elsewhere=files_elsewhere(step.elsewhere),  # type: ignore[attr-defined]
    )


def files_elsewhere(names: object) -> tuple[str, ...]:
    """Return what a step's `extra` says of the files that hold its sub-agents' steps."""
    return tuple(clean_text(str(name)) for name in names) if isinstance(names, list) else ()


def _condensed(condensation: object) -> str:
    """Say what a summary replaced; "" where the step is no condensation."""
    if not isinstance(condensation, dict):
        return ""
    n_steps = condensation.get("n_steps")
    if not isinstance(n_steps, int):
        return "earlier steps replaced by a summary"
    return f"{n_steps} step{'' if n_steps == 1 else 's'} replaced by a summary"


def _with_runs_of_agents(rows: list[OutlineRow]) -> list[OutlineRow]:
    """Say of each step of a sub-agent which run of its steps it is in, and how long that is."""
    marked: list[OutlineRow] = []
    for (_, depth), steps in groupby(rows, key=_agent):
        run = list(steps)
        if depth:
            run = [replace(row, run=run[0].number, opens=len(run)) for row in run]
        marked += run
    return marked


def _opened_once(rows: list[OutlineRow]) -> list[OutlineRow]:
    """Let only the first row of each run open it, of those that the filter keeps."""
    before = [0, *(row.run for row in rows)]
    return [
        replace(row, opens=0) if row.run and row.run == run else row
        for row, run in zip(rows, before, strict=False)
    ]


def _agent(row: OutlineRow) -> tuple[str, int]:
    return row.agent, row.depth


def _keeps(query: OutlineQuery, row: OutlineRow) -> bool:
    return (
        (not query.kind or row.is_of(query.kind))
        and (not query.touch or any(query.touch in path for path in row.files))
        and (not query.find or query.find.casefold() in row.summary.casefold())
    )


def _window(kept: Sequence[OutlineRow], query: OutlineQuery) -> tuple[int, int]:
    """Return which of the rows are in the page: from `first` on, or around the open step."""
    if query.first is not None:
        start = sum(row.number < query.first for row in kept)
        end = sum(row.number <= (query.last or query.first) for row in kept)
        return start, min(start + WINDOW_ROWS, end)
    at = next((i for i, row in enumerate(kept) if row.number >= (query.step or 1)), 0)
    start = max(0, min(at - WINDOW_ROWS // 2, len(kept) - WINDOW_ROWS))
    return start, min(start + WINDOW_ROWS, len(kept))


def _more(
    trajectory: Trajectory, query: OutlineQuery, rows: Sequence[OutlineRow], word: str
) -> More | None:
    if not rows:
        return None
    first, last = rows[0].number, rows[-1].number
    values = {**query.filters, "first": str(first), "last": str(last), "only": word.lower()}
    if query.column:
        values["column"] = query.column
    url = f"{reverse('trajectories:outline', args=[trajectory.pk])}?{urlencode(values)}"
    return More(f"{word}: {first}–{last}", last if word == "Earlier" else first, url)


def _has(rows: Iterable[OutlineRow], kind: str) -> bool:
    return any(row.is_of(kind) for row in rows)


def _touched(rows: Iterable[OutlineRow]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for row in rows:
        for path in row.files:
            counts[path] = counts.get(path, 0) + 1
    return counts
