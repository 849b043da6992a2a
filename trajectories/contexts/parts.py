"""The parts of a step — thought, tool calls, observations — as rows that can be addressed.

A part goes by the name that addresses use: `thought`, `call-0`, `output-0`. Its rows, together,
are the text that a citation of it quotes.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, groupby
from typing import Any, Literal

from django.http import Http404
from django.urls import reverse
from django.utils.safestring import SafeString

from trajectories.ansi import styled
from trajectories.calls import CallText
from trajectories.excerpts import (
    CHUNK_ROWS,
    Limits,
    Rows,
    Span,
    around,
    gaps_between,
    opened,
    shown_spans,
)
from trajectories.highlighting import ColouredLine, colour_lines
from trajectories.images import images_of
from trajectories.marking import NOTHING, Needle, Spans, cut_line, cut_spans, line_html
from trajectories.models import Step
from trajectories.step_text import step_call, thought_text
from trajectories.text import clean_text

PartKind = Literal["thought", "tool_call", "observation"]
# thought, call-0, output-1.120-130 (lines), output-1@4711-4730 (characters)
_ADDRESS = re.compile(
    r"(?P<name>thought|(?:call|output)-\d{1,4})"
    r"(?:\.(?P<first>\d{1,8})(?:-(?P<last>\d{1,8}))?|@(?P<start>\d{1,9})-(?P<end>\d{1,9}))?"
)
_LIMITS: dict[PartKind, Limits] = {
    "thought": Limits(300, 20_000, 200, 12_000, 60, 4_000),
    "tool_call": Limits(400, 30_000, 200, 16_000, 60, 4_000),
    "observation": Limits(80, 8_000, 40, 4_000, 20, 2_000),
}
# Lexing takes about 0.1 ms a line, and a lexer has to begin at the top.
_MOST_COLOURED_LINES = 1_000
_SHORT_LINES = 5
MAX_NEEDLE_CHARS = 200
_SHELL = "command.sh"


# --- addresses ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class PartAddress:
    """A part of a step, and lines of it (1-based, inclusive) where it names any.

    A citation names characters instead: `chars` are their start and end.
    """

    name: str
    first: int = 0
    last: int = 0
    chars: Span | None = None

    def in_lines(self, lines: Sequence[str]) -> PartAddress:
        """Return the address by the lines in which its characters stand."""
        if self.chars is None:
            return self
        ends = list(accumulate(len(line) + 1 for line in lines))
        first = bisect_right(ends, self.chars.first) + 1
        last = bisect_right(ends, max(self.chars.first, self.chars.last - 1)) + 1
        return PartAddress(self.name, min(first, len(lines)), min(last, len(lines)))


@dataclass(frozen=True)
class Focus:
    """What of a step an address asks for: a part, rows of a part to open, a text to mark."""

    part: PartAddress | None = None
    open: PartAddress | None = None
    needle: Needle = NOTHING


NO_FOCUS = Focus()


def searched_text(query: Mapping[str, str]) -> str:
    """Return what is searched in a trajectory, from the page's query: one line, not too long."""
    return clean_text(query.get("q", "")).strip("\n").partition("\n")[0][:MAX_NEEDLE_CHARS]


def read_focus(query: Mapping[str, str], needle: str) -> Focus:
    """Read `part`, `open` and what is searched; what makes no sense is left out."""
    return Focus(read_part(query.get("part", "")), read_part(query.get("open", "")), Needle(needle))


def read_part(address: str) -> PartAddress | None:
    match = _ADDRESS.fullmatch(address)
    if match is None:
        return None
    if match["start"]:
        return PartAddress(match["name"], chars=Span(int(match["start"]), int(match["end"])))
    first = int(match["first"] or 0)
    return PartAddress(match["name"], first, int(match["last"] or first))


# --- what a part says and how it looks ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """How a line looks: coloured parts, the spans that changed, a class for the whole line."""

    parts: ColouredLine
    changed: Spans = ()
    css: str = ""
    # A line drawn above this one, such as the path of the file that begins here.
    caption: str = ""


@dataclass(frozen=True)
class Body:
    """A part's lines, and a function that says how the one at an index looks."""

    lines: Sequence[str]
    look: Callable[[int], Look]

    @cached_property
    def rows(self) -> Rows:
        return Rows([len(line) for line in self.lines])


def thought_body(step: Step) -> Body:
    lines = thought_text(step).split("\n")
    return Body(lines, lambda index: Look((("", lines[index]),)))


def observation_body(step: Step, index: int) -> Body:
    styles = styled(step.observations[index]["content"])
    lines = ["".join(text for _, text in line) for line in styles]
    return Body(lines, lambda line: Look(styles[line]))


def call_body(call: CallText) -> Body:
    coloured = _Coloured(call)
    return Body([line.text for line in call.lines], coloured.look)


class _Coloured:
    """The lines of a call, coloured when the first of them is looked at."""

    def __init__(self, call: CallText) -> None:
        self._call = call

    @cached_property
    def _parts(self) -> list[ColouredLine]:
        """Colour each run of lines of one language as a text of its own."""
        parts: list[ColouredLine] = []
        lines = self._call.lines[:_MOST_COLOURED_LINES]
        for language, run in groupby(lines, key=lambda line: line.language):
            texts = [line.text for line in run]
            parts += colour_lines(texts, language)
        return parts

    def look(self, index: int) -> Look:
        line = self._call.lines[index]
        parts = self._parts[index] if index < len(self._parts) else (("", line.text),)
        css = "call-file" if self._call.form == "shell" and line.language != _SHELL else ""
        if self._call.form == "edit":
            css = f"edit-line edit-line--{line.mark}" if line.mark else "edit-line"
        return Look(parts, line.changed, css, line.caption)


# --- what is shown -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ShownRow:
    line: int
    html: SafeString
    css: str
    is_wanted: bool
    caption: str = ""


@dataclass(frozen=True)
class GapLink:
    """One way to open a gap: `rows` is for the page's address, `url` the fragment."""

    take: Literal["next", "previous", "all"]
    label: str
    rows: str
    url: str


@dataclass(frozen=True)
class ShownGap:
    """What is not shown between two rows, with the links that open it."""

    step: int
    label: str
    links: tuple[GapLink, ...]
    element_id: str


@dataclass(frozen=True)
class ShownRows:
    """Rows that stand together and the gap after them, if more follows."""

    rows: tuple[ShownRow, ...]
    gap_after: ShownGap | None = None
    gap_before: ShownGap | None = None


@dataclass(frozen=True)
class ShownImage:
    """An image of a thought or observation; `problem` says why it cannot be shown."""

    number: int
    media_type: str
    size_bytes: int
    problem: str
    url: str


@dataclass(frozen=True)
class StepPart:
    """A thought, tool call or observation."""

    step: Step
    name: str
    kind: PartKind
    index: int
    body: Body
    focus: Focus = NO_FOCUS
    call: CallText | None = None
    function_name: str = ""

    @property
    def element_id(self) -> str:
        # Two trajectories may stand side by side.
        return f"step-{self.step.trajectory_id}-{self.step.number}-{self.name}"

    @cached_property
    def address(self) -> PartAddress | None:
        """What the page's address asks for of this part."""
        part = self.focus.part
        if part is None or part.name != self.name:
            return None
        return part.in_lines(self.body.lines)

    @property
    def is_wanted(self) -> bool:
        """Whether the part as a whole is what to scroll to: no row of it is."""
        return self.address is not None and self._wanted_line is None

    @property
    def n_lines(self) -> int:
        return self.body.rows.n_lines

    @property
    def n_chars(self) -> int:
        return self.body.rows.n_chars

    @property
    def is_numbered(self) -> bool:
        return self.kind == "observation" and self.n_lines > _SHORT_LINES

    @property
    def css(self) -> str:
        if self.call is not None:
            return f"call call--{self.call.form}"
        if self.kind == "thought":
            return "thought"
        return "out out--numbered" if self.is_numbered else "out"

    @property
    def exit_code(self) -> int | None:
        code: int | None = self._observation.get("exit_code")
        return code

    @property
    def images(self) -> tuple[ShownImage, ...]:
        images = images_of(self.step, self.kind, self.index)
        return tuple(self._image(number, image) for number, image in enumerate(images, start=1))

    def _image(self, number: int, image: Mapping[str, Any]) -> ShownImage:
        sha256 = image.get("sha256", "")
        where = [self.step.trajectory_id, self.step.number, sha256]
        return ShownImage(
            number,
            image["media_type"],
            image["size_bytes"],
            image.get("problem", ""),
            reverse("trajectories:step-image", args=where) if sha256 else "",
        )

    @property
    def _observation(self) -> Mapping[str, Any]:
        observation: Mapping[str, Any] = (
            self.step.observations[self.index] if self.kind == "observation" else {}
        )
        return observation

    @cached_property
    def stretches(self) -> tuple[ShownRows, ...]:
        """What is shown at first: head and tail, and what the address asks for."""
        rows = self.body.rows
        spans = shown_spans(rows, _LIMITS[self.kind], self._wanted_spans)
        gaps = [*gaps_between(spans), None]
        return tuple(
            ShownRows(self._rows(span), self._gap(gap, span.first, number) if gap else None)
            for number, (span, gap) in enumerate(zip(spans, gaps, strict=True))
        )

    def opened(self, gap: Span, take: str, number: int) -> ShownRows:
        """Return a piece of a gap, with what is left of the gap before or after it.

        What is left keeps the gap's number, so that the focus finds its link again.
        """
        gap = Span(gap.first, min(gap.last, len(self.body.rows)))
        span = opened(self.body.rows, gap, take)
        before, after = Span(gap.first, span.first), Span(span.last, gap.last)
        return ShownRows(
            self._rows(span),
            self._gap(after, gap.first, number) if after and span else None,
            self._gap(before, gap.first, number) if before and span else None,
        )

    @property
    def _wanted_spans(self) -> list[Span]:
        rows, wanted = self.body.rows, []
        if (address := self.address) and address.first:
            wanted.append(around(rows, rows.of_lines(address.first, address.last)))
        elif self._wanted_line is not None:
            wanted.append(around(rows, rows.of_lines(self._wanted_line, self._wanted_line)))
        if (more := self.focus.open) and more.name == self.name and more.first:
            wanted.append(Span(more.first - 1, min(more.last, len(rows))))
        return wanted

    @cached_property
    def _wanted_line(self) -> int | None:
        """The line to scroll to: the first that is asked for, or the first with a hit."""
        address = self.address
        if address is None:
            return None
        if address.first:
            return address.first if address.first <= self.n_lines else None
        if not self.focus.needle:
            return None
        lines = enumerate(self.body.lines, start=1)
        return next((n for n, line in lines if self.focus.needle.is_in(line)), None)

    def _rows(self, span: Span) -> tuple[ShownRow, ...]:
        return tuple(self._row(index) for index in range(span.first, span.last))

    def _row(self, index: int) -> ShownRow:
        row = self.body.rows.row(index)
        look = self.body.look(row.line - 1)
        text = self.body.lines[row.line - 1]
        html = line_html(
            cut_line(look.parts, row.start, row.end),
            cut_spans(look.changed, row.start, row.end),
            cut_spans(self.focus.needle.spans(text), row.start, row.end),
        )
        if row.ends_line and row.line < self.n_lines:
            html = SafeString(html + "\n")
        return ShownRow(
            line=row.line,
            html=html,
            css=self._css(look, row.line, is_continued=row.start > 0),
            is_wanted=row.line == self._wanted_line and row.start == 0,
            caption=look.caption if row.start == 0 else "",
        )

    def _css(self, look: Look, line: int, *, is_continued: bool) -> str:
        address = self.address
        is_target = address is not None and address.first <= line <= address.last
        names = [look.css, is_target and "is-target", is_continued and "is-continued"]
        return " ".join(name for name in names if name)

    # What opens a gap.

    def _gap(self, gap: Span, shown_from: int, number: int) -> ShownGap:
        rows = self.body.rows
        takes: list[Literal["next", "previous", "all"]] = ["next", "previous", "all"]
        if len(opened(rows, gap, "next")) == len(gap):
            takes = ["all"]
        return ShownGap(
            step=self.step.number,
            label=self._gap_label(gap),
            links=tuple(self._gap_link(gap, take, shown_from, number) for take in takes),
            element_id=f"{self.element_id}-gap-{number}",
        )

    def _gap_label(self, gap: Span) -> str:
        rows = self.body.rows
        n_lines, n_chars = rows.n_lines_of(gap), rows.n_chars_of(gap)
        if n_lines == 1 and len(gap) > 1:
            label = f"{n_chars:,} more characters of line {rows.row(gap.first).line}"
        else:
            label = f"{n_lines:,} more line{'' if n_lines == 1 else 's'}"
        n_hits = self._n_lines_with_hits(gap)
        return label + (f", {n_hits:,} of them with “{self.focus.needle.text}”" if n_hits else "")

    def _n_lines_with_hits(self, gap: Span) -> int:
        if not self.focus.needle or not gap:
            return 0
        first = self.body.rows.row(gap.first).line - 1
        last = self.body.rows.row(gap.last - 1).line
        return sum(map(self.focus.needle.is_in, self.body.lines[first:last]))

    def _gap_link(
        self,
        gap: Span,
        take: Literal["next", "previous", "all"],
        shown_from: int,
        number: int,
    ) -> GapLink:
        span = opened(self.body.rows, gap, take)
        is_whole_line = self.body.rows.n_lines_of(gap) == 1
        some = "some" if is_whole_line else f"{min(len(span), CHUNK_ROWS)}"
        labels = {"next": f"next {some}", "previous": f"last {some}", "all": "all"}
        # Without JavaScript the page shows from where it showed before.
        first = span.first if take == "previous" else shown_from
        base = reverse(
            "trajectories:step-part", args=[self.step.trajectory_id, self.step.number, self.name]
        )
        return GapLink(
            take=take,
            label=labels[take],
            rows=f"{self.name}.{first + 1}-{span.last}",
            url=f"{base}?first={gap.first + 1}&last={gap.last}&take={take}&number={number}",
        )


# --- the parts of a step -----------------------------------------------------------------------


def step_parts(step: Step, focus: Focus = NO_FOCUS) -> list[StepPart]:
    """Return thought, calls and observations in order; a step without a thought has none."""
    names = ["thought"] if step.thought.strip() else []
    names += [f"call-{index}" for index in range(len(step.tool_calls))]
    names += [f"output-{index}" for index in range(len(step.observations))]
    return [step_part(step, name, focus) for name in names]


def step_part(step: Step, name: str, focus: Focus = NO_FOCUS) -> StepPart:
    """Return a part by name, or raise Http404."""
    kind, _, number = name.partition("-")
    index = int(number or 0)
    if kind == "thought" and step.thought.strip():
        return StepPart(step, name, "thought", 0, thought_body(step), focus)
    if kind == "call" and index < len(step.tool_calls):
        call = step_call(step, index)
        function_name = clean_text(str(step.tool_calls[index].get("function_name", "")))
        body = call_body(call)
        return StepPart(step, name, "tool_call", index, body, focus, call, function_name)
    if kind == "output" and index < len(step.observations):
        return StepPart(step, name, "observation", index, observation_body(step, index), focus)
    raise Http404(f"Step {step.number} has no {name}.")
