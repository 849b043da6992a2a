"""The chain as a small graph: its steps one below the other, what they do to each other beside.

The layout is pure and depends on nothing but its input. Every step is a row; the relations of one
type to one step are drawn as one line, which runs in a lane of its own right of the rows. So no
box, no line and no end of a line lies on another one, whatever the relations are, cycles included.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from annotator.models import ReasoningKind, Relation
from trajectories.text import shorten

ROOT_CAUSE_NAME: Final = "Cause"
# What a relation is called between its two ends: “R4 refutes R3”. The last one is what a
# hypothesis says of the step that settles it, read from the other end.
SETTLES: Final = "settles"
TYPES: Final = (*Relation.values, SETTLES)

# In pixels; letters are wider in the names, which are bold.
CHAR_WIDTH: Final = 6.8
NAME_CHAR_WIDTH: Final = 8.0
PADDING: Final = 26
BOX_WIDTH: Final = 214
BOX_HEIGHT: Final = 26
GAP: Final = 8
PORT_GAP: Final = 9
LANE_WIDTH: Final = 12
# Room between the boxes and the first lane, for the ends of the lines.
ENDS_WIDTH: Final = 20
RADIUS: Final = 5

# How the end of a line is drawn, from its point at the box.
ENDS: Final[Mapping[str, str]] = {
    Relation.SUPPORTS: "M{x} {y}l8 -4v8z",
    Relation.REFUTES: "M{x1} {y}m0 -4v8m4 -8v8",
    Relation.ANSWERS: "M{x} {y}a4 4 0 1 1 8 0a4 4 0 1 1 -8 0z",
    SETTLES: "M{x} {y}l5 -4l5 4l-5 4z",
}


@dataclass(frozen=True)
class ChainStep:
    """A step of the chain, or the root cause above it."""

    uid: str
    name: str
    kind: str
    claim: str


@dataclass(frozen=True, order=True)
class Bearing:
    """What one step does to another: `source` refutes `target`."""

    source: str
    target: str
    type: str


@dataclass(frozen=True)
class Box:
    """A step where it is drawn, in pixels from the top left corner."""

    step: ChainStep
    y: int
    height: int
    x: int = 0
    width: int = BOX_WIDTH

    @property
    def middle(self) -> float:
        return self.y + self.height / 2

    @property
    def label(self) -> str:
        """As much of the claim as there is room for; a wider font is cut off at the edge."""
        used = PADDING + NAME_CHAR_WIDTH * len(self.step.name) + CHAR_WIDTH * len(self.shown_kind)
        return shorten(self.step.claim, int((self.width - used) / CHAR_WIDTH)) or "(no claim)"

    @property
    def shown_kind(self) -> str:
        """The kind, where the name does not say it."""
        return "" if self.step.kind == ReasoningKind.ROOT_CAUSE else self.kind

    @property
    def kind(self) -> str:
        return str(ReasoningKind(self.step.kind).label)


@dataclass(frozen=True)
class Line:
    """All relations of one type to one step: the line, and how it ends at that step."""

    type: str
    target: ChainStep
    sources: tuple[ChainStep, ...]
    lane: int
    path: str
    end: str

    @property
    def words(self) -> str:
        return f"{_listed([step.name for step in self.sources])} {self.verb} {self.target.name}"

    @property
    def verb(self) -> str:
        if len(self.sources) == 1:
            return self.type
        return {"supports": "support", "refutes": "refute", "answers": "answer"}.get(
            self.type, "settle"
        )


@dataclass(frozen=True)
class Graph:
    """The drawing, in pixels."""

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    width: int
    height: int

    @property
    def n_relations(self) -> int:
        return sum(len(line.sources) for line in self.lines)

    @property
    def legend(self) -> tuple[tuple[str, str], ...]:
        """The types that are drawn, each with the end of its lines in a field of 30 × 12."""
        drawn = {line.type for line in self.lines}
        return tuple((each, _end(each, 2, 6)) for each in TYPES if each in drawn)

    @property
    def described(self) -> str:
        """What the drawing shows, for those who do not see it."""
        return "; ".join(line.words for line in self.lines) or "No step relates to another one."


def chain_graph(
    steps: Sequence[Mapping[str, Any]], root_cause: Mapping[str, Any] | None = None
) -> Graph:
    """Draw the chain of a submission's content (version 3), the root cause on top."""
    shown = [
        ChainStep(step["uid"], f"R{number}", step["kind"], step["claim"])
        for number, step in enumerate(steps, start=1)
    ]
    if root_cause is not None:
        uid, claim = root_cause["uid"], root_cause["claim"]
        shown.insert(0, ChainStep(uid, ROOT_CAUSE_NAME, ReasoningKind.ROOT_CAUSE, claim))
    return lay_out(shown, bearings(steps))


def bearings(steps: Iterable[Mapping[str, Any]]) -> set[Bearing]:
    """Return what the steps do to each other, as they say it themselves."""
    found = set()
    for step in steps:
        for relation in step.get("relations", ()):
            found.add(Bearing(step["uid"], relation["to"], relation["type"]))
        if settler := step.get("details", {}).get("settled_by"):
            found.add(Bearing(settler, step["uid"], SETTLES))
    return found


def lay_out(steps: Sequence[ChainStep], related: Iterable[Bearing]) -> Graph:
    """Place the steps in their order; relations to what is not among them are left out."""
    row_of = {step.uid: row for row, step in enumerate(steps)}
    sources: dict[tuple[int, str], list[int]] = defaultdict(list)
    for each in sorted(set(related)):
        ends = row_of.get(each.source), row_of.get(each.target)
        if None not in ends and ends[0] != ends[1] and each.type in TYPES:
            sources[ends[1], each.type].append(ends[0])  # type: ignore[index,arg-type]
    lanes = _lanes(sources)
    ports = _ports(sources, lanes)
    boxes = _boxes(steps, ports)
    lines = tuple(
        _line(steps, boxes, ports, lanes, key, sorted(sources[key])) for key in sorted(sources)
    )
    n_lanes = max(lanes.values(), default=-1) + 1
    width = BOX_WIDTH + (ENDS_WIDTH + n_lanes * LANE_WIDTH if n_lanes else 0) + 2
    height = boxes[-1].y + boxes[-1].height if boxes else 0
    return Graph(boxes, lines, width, height + 1)


# A line goes by the row of its target and its type; its ports by row, then by the line.
_Key = tuple[int, str]


def _span(key: _Key, sources: Sequence[int]) -> tuple[int, int]:
    rows = (key[0], *sources)
    return min(rows), max(rows)


def _lanes(sources: Mapping[_Key, Sequence[int]]) -> dict[_Key, int]:
    """Give each line the innermost lane that no line of the same rows has; short ones first."""
    spans = {key: _span(key, rows) for key, rows in sources.items()}
    taken: list[list[tuple[int, int]]] = []
    lanes = {}
    for key in sorted(spans, key=lambda key: (spans[key][1] - spans[key][0], spans[key], key)):
        first, last = spans[key]
        lane = next(
            (
                number
                for number, others in enumerate(taken)
                if all(last < other[0] or other[1] < first for other in others)
            ),
            len(taken),
        )
        if lane == len(taken):
            taken.append([])
        taken[lane].append((first, last))
        lanes[key] = lane
    return lanes


def _ports(
    sources: Mapping[_Key, Sequence[int]], lanes: Mapping[_Key, int]
) -> dict[int, list[_Key]]:
    """Return by row which lines end there, from top to bottom.

    Lines that go up leave above those that go down, and the outer lanes are outside: so fewer of
    them cross.
    """
    ends: dict[int, list[tuple[int, _Key]]] = defaultdict(list)
    for key, rows in sources.items():
        first, last = _span(key, rows)
        for row in (key[0], *rows):
            way = 1 if row == first else -1 if row == last else 0
            ends[row].append((way, key))
    return {
        row: [key for way, key in sorted(keys, key=lambda each: (each[0], _order(each, lanes)))]
        for row, keys in ends.items()
    }


def _order(end: tuple[int, _Key], lanes: Mapping[_Key, int]) -> tuple[int, _Key]:
    """Sort the ends that go the same way: up, the inner lanes first; down, the outer ones."""
    way, key = end
    return (lanes[key] if way < 0 else -lanes[key], key)


def _boxes(steps: Sequence[ChainStep], ports: Mapping[int, Sequence[_Key]]) -> tuple[Box, ...]:
    boxes: list[Box] = []
    top = 1
    for row, step in enumerate(steps):
        height = max(BOX_HEIGHT, PORT_GAP * (len(ports.get(row, ())) + 1))
        boxes.append(Box(step, top, height))
        top += height + GAP
    return tuple(boxes)


def _port_y(box: Box, keys: Sequence[_Key], key: _Key) -> float:
    return round(box.y + box.height * (keys.index(key) + 1) / (len(keys) + 1), 1)


def _line(
    steps: Sequence[ChainStep],
    boxes: Sequence[Box],
    ports: Mapping[int, Sequence[_Key]],
    lanes: Mapping[_Key, int],
    key: _Key,
    rows: Sequence[int],
) -> Line:
    target, kind = key
    ys = {row: _port_y(boxes[row], ports[row], key) for row in (target, *rows)}
    x = BOX_WIDTH + ENDS_WIDTH + lanes[key] * LANE_WIDTH
    return Line(
        type=kind,
        target=steps[target],
        sources=tuple(steps[row] for row in rows),
        lane=lanes[key],
        path=_path(sorted(ys.values()), ys[target], x),
        end=_end(kind, BOX_WIDTH + 1, ys[target]),
    )


def _path(ys: Sequence[float], target_y: float, x: int) -> str:
    """Draw a trunk at `x` from the first to the last of `ys`, and a branch to the boxes at each."""
    top, bottom = ys[0], ys[-1]
    bend = min(RADIUS, (bottom - top) / 2)
    parts = [f"M{x} {top + bend:g}V{bottom - bend:g}"]
    for y in ys:
        start = BOX_WIDTH + (10 if y == target_y else 0)
        if y == top:
            parts.append(f"M{start} {y:g}H{x - bend:g}Q{x} {y:g} {x} {y + bend:g}")
        elif y == bottom:
            parts.append(f"M{start} {y:g}H{x - bend:g}Q{x} {y:g} {x} {y - bend:g}")
        else:
            parts.append(f"M{start} {y:g}H{x}")
    return "".join(parts)


def _end(kind: str, x: float, y: float) -> str:
    return ENDS[kind].format(x=f"{x:g}", y=f"{y:g}", x1=f"{x + 3:g}")


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
