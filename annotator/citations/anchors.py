"""What has become of a citation: exact, moved, changed or gone.

`exact`: quote, surroundings, position and the content's hash are what stands there. `moved`: the
quote is found at one other place of the same content, or its surroundings changed; `passage` says
where it stands now. `changed`: the place is there and another text stands at it. `gone`: the file,
step, part, run or test is not there.

Many citations are looked at together: rows are read at once, and each content once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import Any, Literal, cast

from annotator.citations.quotes import Span, places
from annotator.citations.sources import (
    CitedRows,
    Passage,
    cited_rows,
    outcome_text,
    probe_text,
    sha256_of,
    step_text,
)
from annotator.citations.targets import (
    CallTarget,
    CannotCite,
    FileTarget,
    IssueTarget,
    ObservationTarget,
    PatchTarget,
    ProbeTarget,
    Target,
    TestTarget,
    ThoughtTarget,
    read_target,
)
from annotator.models import Citation
from trajectories.code import cited_diff_lines, has_step_of, mirror_of, text_lines, tree_id
from trajectories.contexts.steps import citable_issue_texts, citable_step_text
from trajectories.git import GitError, Mirror
from trajectories.models import Step, Trajectory
from trajectories.surroundings import opened_diff_lines

# Quotes that are shorter stand anywhere.
_TELLING_CHARS = 8
StepTarget = ThoughtTarget | CallTarget | ObservationTarget


_UNREAD = "It cannot be read: "


class AnchorState(StrEnum):
    EXACT = "exact"
    MOVED = "moved"
    CHANGED = "changed"
    GONE = "gone"


@dataclass(frozen=True)
class Cited:
    """A citation as a draft, a submission or an imported file holds it."""

    uid: str
    kind: str
    target: Mapping[str, Any]
    quote: str
    prefix: str
    suffix: str
    start: int
    end: int
    content_sha256: str

    @classmethod
    def of_row(cls, row: Citation) -> Cited:
        return cls(
            uid=str(row.uid),
            kind=row.kind,
            target=row.target,
            quote=row.quote,
            prefix=row.prefix,
            suffix=row.suffix,
            start=row.start,
            end=row.end,
            content_sha256=row.content_sha256,
        )

    @classmethod
    def of_content(cls, content: Mapping[str, Any]) -> Cited:
        """Read a citation of a submission's content."""
        return cls(
            uid=str(content["uid"]),
            kind=content["kind"],
            target=content["target"],
            quote=content["quote"],
            prefix=content.get("prefix", ""),
            suffix=content.get("suffix", ""),
            start=content.get("start", 0),
            end=content.get("end", 0),
            content_sha256=content.get("content_sha256", ""),
        )

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


@dataclass(frozen=True)
class Anchor:
    """The state of a citation. `reason` is a sentence on why it is not exact.

    `passage` is where the quote stands now; None where it is changed or gone.
    """

    state: AnchorState
    reason: str = ""
    passage: Passage | None = None

    @property
    def is_unread(self) -> bool:
        """Whether nothing can be said as long as the repository is not there."""
        return self.reason.startswith(_UNREAD)

    @property
    def target(self) -> Target | None:
        return self.passage.target if self.passage else None


class Text:
    """A content that citations quote from; its lines, where it has numbers for them."""

    def __init__(self, content: str, numbers: tuple[int, ...] = ()) -> None:
        self.content = content
        self.numbers = numbers

    @classmethod
    def of_lines(cls, lines: Mapping[int, str]) -> Text:
        return cls("\n".join(lines.values()), tuple(lines))

    @cached_property
    def sha256(self) -> str:
        return sha256_of(self.content)

    @cached_property
    def _starts(self) -> dict[int, int]:
        """Return where each line begins, by its number."""
        starts, at = {}, 0
        for number, line in zip(self.numbers, self.content.split("\n"), strict=False):
            starts[number] = at
            at += len(line) + 1
        return starts

    @cached_property
    def _number_at(self) -> dict[int, int]:
        return {start: number for number, start in self._starts.items()}

    def span_of(self, first: int, last: int) -> Span | None:
        """Return the place of whole lines, or None where one of them is not shown."""
        if any(number not in self._starts for number in range(first, last + 1)):
            return None
        end = self.content.find("\n", self._starts[last])
        return Span(self._starts[first], len(self.content) if end < 0 else end)

    def lines_at(self, span: Span) -> tuple[int, int] | None:
        """Return the numbers of the first and last line of a span of whole, adjoining lines."""
        first = self._number_at.get(span.start)
        if first is None or self.content[span.end : span.end + 1] not in ("", "\n"):
            return None
        last = first + self.content.count("\n", span.start, span.end)
        whole = self.span_of(first, last)
        return (first, last) if whole == span else None

    def places(self, quote: str) -> list[Span]:
        """Return where the quote stands: whole lines, where the content has numbers for them."""
        found = [Span(at, at + len(quote)) for at in places(self.content, quote)]
        return [span for span in found if self.lines_at(span)] if self.numbers else found

    def fits(self, span: Span, prefix: str, suffix: str) -> bool:
        """Tell whether a span stands between these texts."""
        before = self.content[max(0, span.start - len(prefix)) : span.start]
        after = self.content[span.end : span.end + len(suffix)]
        return before == prefix and after == suffix


@dataclass
class Anchors:
    """Tells the state of the citations of one trajectory; each content is read once.

    `rows` holds the steps, tests and results that the citations point into.
    """

    trajectory: Trajectory
    rows: CitedRows
    _texts: dict[tuple[Any, ...], Text | str] = field(default_factory=dict)
    _all_texts: dict[str, list[tuple[StepTarget, Text]]] = field(default_factory=dict)

    def of(self, cited: Cited) -> Anchor:
        """Return the state of a citation whose rows were read."""
        try:
            target = read_target(cited.kind, cited.target)
        except CannotCite as error:
            return Anchor(AnchorState.GONE, str(error))
        match target:
            case FileTarget():
                return self._of_file(cited, target)
            case PatchTarget():
                return self._of_patch(cited, target)
            case IssueTarget():
                return self._of_issue(cited, target)
            case _:
                return self._of_rest(cited, target)

    # --- lines -----------------------------------------------------------------------------------

    def _of_file(self, cited: Cited, target: FileTarget) -> Anchor:
        text = self.file(target.tree, target.path)
        if isinstance(text, str):
            return Anchor(AnchorState.GONE, text)
        here = replace(target, tree_id=self.tree_id(target.tree))
        why = ""
        if here != target:
            why = f"It was cited of another tree than {target.tree} is"
        return _of_lines(cited, here, text, why)

    def _of_patch(self, cited: Cited, target: PatchTarget) -> Anchor:
        text = self._diff(target, "shown")
        if isinstance(text, str):
            return Anchor(AnchorState.GONE, text)
        if text.span_of(target.start_line, target.end_line) is None:
            # Lines that were opened around a hunk.
            opened = self._diff(target, "opened")
            text = opened if isinstance(opened, Text) and opened.numbers else text
        if not text.numbers:
            where = f"The diff {target.which} shows no {target.side} lines of {target.path}."
            return Anchor(AnchorState.GONE, where)
        return _of_lines(cited, target, text)

    def tree_id(self, tree: str) -> str:
        """Return the id of a tree, empty where there is none."""
        found = self._kept(("tree", tree), lambda: Text(self._read_tree_id(tree)))
        return found.content if isinstance(found, Text) else ""

    def _read_tree_id(self, tree: str) -> str:
        self._require(tree)
        return tree_id(self.trajectory.task_revision, tree, self.trajectory)

    def file(self, tree: str, path: str) -> Text | str:
        """Return a file's text at a tree, or a sentence on why there is none."""

        def read() -> Text | str:
            mirror = mirror_of(self.trajectory.task.repository)
            blob = mirror.blob_id(self._read_tree_id(tree), path)
            if blob is None:
                return f"There is no file {path} at {tree}."
            return _file_text(mirror, blob)

        return self._kept(("file", tree, path), read)

    def _require(self, name: str) -> None:
        if not has_step_of(self.trajectory, name):
            raise CannotCite(f"The trajectory has no {name.replace('-', ' ')}.")

    def _diff(self, target: PatchTarget, extent: Literal["shown", "opened"]) -> Text | str:
        read = cited_diff_lines if extent == "shown" else opened_diff_lines
        side = cast(Literal["old", "new"], target.side)

        def lines() -> Text:
            self._require(target.which)
            return Text.of_lines(read(self.trajectory, target.which, target.path, side))

        return self._kept((extent, target.which, target.path, side), lines)

    # --- passages --------------------------------------------------------------------------------

    def _of_issue(self, cited: Cited, target: IssueTarget) -> Anchor:
        texts = _issue_texts(self.trajectory.task_revision.problem_statement)
        found = _of_passage(cited, target, texts[target.is_rendered], "The issue")
        other = texts[not target.is_rendered]
        spans = other.places(cited.quote) if found.passage is None else []
        if len(spans) != 1:
            return found
        turned = replace(target, is_rendered=not target.is_rendered)
        passage = Passage(turned, other.content, spans[0])
        return Anchor(AnchorState.MOVED, "It stands elsewhere in the issue now.", passage)

    def _of_rest(self, cited: Cited, target: StepTarget | TestTarget | ProbeTarget) -> Anchor:
        """Return the state of a passage of a step, of a test's outcome, or of a claim's."""
        match target:
            case TestTarget():
                text = self._kept((target,), lambda: Text(outcome_text(self.rows, target)))
                name = f"Run {target.run}"
            case ProbeTarget():
                text = self._kept((target,), lambda: Text(probe_text(self.rows, target)[1]))
                name = "The result"
            case _:
                text = self._kept((target,), lambda: Text(step_text(self.rows, target)))
                name = f"Step {target.step}"
        found = (
            Anchor(AnchorState.GONE, text)
            if isinstance(text, str)
            else _of_passage(cited, target, text, name)
        )
        if found.passage is None and not isinstance(target, TestTarget | ProbeTarget):
            return self._in_another_step(cited, target) or found
        return found

    def _in_another_step(self, cited: Cited, target: StepTarget) -> Anchor | None:
        """Return the one other step that has the same kind of text with the quote in it."""
        if len(cited.quote.strip()) < _TELLING_CHARS:
            return None
        found = [
            Passage(there, text.content, span)
            for there, text in self._step_texts(cited.kind)
            if cited.quote in text.content
            for span in text.places(cited.quote)
        ]
        if len(found) != 1:
            return None
        number = getattr(found[0].target, "step", 0)
        return Anchor(AnchorState.MOVED, f"The quote stands in step {number}.", found[0])

    def _step_texts(self, kind: str) -> list[tuple[StepTarget, Text]]:
        """Read all texts of a kind of the trajectory (a query, only when a quote is missed)."""
        if kind not in self._all_texts:
            steps = Step.objects.filter(trajectory=self.trajectory).order_by("number")
            self._all_texts[kind] = [
                (target, Text(text))
                for step in steps.iterator(chunk_size=50)
                for target in _targets_of(step, kind)
                if (text := citable_step_text(step, kind, getattr(target, "index", 0)))
            ]
        return self._all_texts[kind]

    def _kept(self, key: tuple[Any, ...], read: Callable[[], Text | str]) -> Text | str:
        """Return what was read, or the sentence that says why it cannot be."""
        if key not in self._texts:
            try:
                self._texts[key] = read()
            except CannotCite as error:
                self._texts[key] = str(error)
            except (GitError, Trajectory.DoesNotExist) as error:
                self._texts[key] = f"{_UNREAD}{error}"
        return self._texts[key]

    # --- elsewhere -------------------------------------------------------------------------------

    def trees_with(self, cited: Cited, trees: Iterable[str]) -> Iterator[tuple[str, int, int]]:
        """Yield the other trees at which lines of a file stand, with where they do."""
        with suppress(CannotCite):
            target = read_target(cited.kind, cited.target)
            if not isinstance(target, FileTarget):
                return
            for tree in trees:
                text = self.file(tree, target.path) if tree != target.tree else ""
                spans = text.places(cited.quote) if isinstance(text, Text) else []
                if isinstance(text, Text) and spans and (lines := text.lines_at(spans[0])):
                    yield tree, *lines


def anchors_for(trajectory: Trajectory, cited: Iterable[Cited]) -> Anchors:
    """Read what the citations point into (three queries at most: steps, tests, results)."""
    targets = []
    for one in cited:
        with suppress(CannotCite):
            targets.append(read_target(one.kind, one.target))
    return Anchors(trajectory, cited_rows(trajectory, targets))


def anchors_of(trajectory: Trajectory, cited: Iterable[Cited]) -> dict[str, Anchor]:
    """Return the state of each citation by its uid."""
    chosen = list(cited)
    anchors = anchors_for(trajectory, chosen)
    return {one.uid: anchors.of(one) for one in chosen}


def place_words(target: Target) -> str:
    """Say where a target is, for a sentence: `core.py:12–14 at base`."""
    match target:
        case FileTarget():
            return f"{target.path}:{lines_words(target)} at {target.tree}"
        case PatchTarget():
            side = f"the {target.side} side of the {target.which} diff"
            return f"{target.path}:{lines_words(target)} on {side}"
        case IssueTarget():
            return "the issue"
        case TestTarget():
            return f"{target.test_id} in run {target.run}"
        case ProbeTarget():
            return "the result of a check"
        case ThoughtTarget():
            return f"the thought of step {target.step}"
        case CallTarget():
            return f"a call of step {target.step}"
        case _:
            return f"the output of step {target.step}"


def lines_words(target: FileTarget | PatchTarget) -> str:
    first, last = target.start_line, target.end_line
    return f"{first}" if first == last else f"{first}–{last}"


def _of_lines(cited: Cited, target: FileTarget | PatchTarget, text: Text, why: str = "") -> Anchor:
    span = text.span_of(target.start_line, target.end_line)
    if span is not None and text.content[span.start : span.end] == cited.quote:
        passage = Passage(target, text.content, span)
        if not why and not _is_whole(cited, text, span):
            why = "The text around it is another now"
        if why:
            reason = f"{why}; the quote stands there all the same."
            return Anchor(AnchorState.MOVED, reason, passage)
        return Anchor(AnchorState.EXACT, passage=passage)
    moved = _only(text, cited)
    if moved is not None and (lines := text.lines_at(moved)):
        there = replace(target, start_line=lines[0], end_line=lines[1])
        reason = f"The quote stands at {place_words(there)}."
        return Anchor(AnchorState.MOVED, reason, Passage(there, text.content, moved))
    where = place_words(target)
    if span is None:
        return Anchor(AnchorState.GONE, f"There is no {where}, nor does the quote stand nearby.")
    again = len(text.places(cited.quote))
    also = f", and at {again} other places of it" if again else ""
    return Anchor(AnchorState.CHANGED, f"Another text stands at {where}{also}.")


def _of_passage(cited: Cited, target: Target, text: Text, name: str) -> Anchor:
    span = cited.span
    if text.content[span.start : span.end] == cited.quote:
        passage = Passage(target, text.content, span)
        if _is_whole(cited, text, span):
            return Anchor(AnchorState.EXACT, passage=passage)
        reason = "The text around it is another now; the quote stands there all the same."
        return Anchor(AnchorState.MOVED, reason, passage)
    moved = _only(text, cited)
    if moved is not None:
        reason = f"{name} has it at another place now."
        return Anchor(AnchorState.MOVED, reason, Passage(target, text.content, moved))
    again = len(text.places(cited.quote))
    if again:
        return Anchor(
            AnchorState.CHANGED, f"{name} has the quote {again} times, none of them there."
        )
    what = f"says “{text.content:.80}”" if isinstance(target, TestTarget) else "does not say that"
    return Anchor(AnchorState.CHANGED, f"{name} {what}; the text that was cited is not in it.")


def _is_whole(cited: Cited, text: Text, span: Span) -> bool:
    """Tell whether all that is kept beside the quote is right too."""
    return (
        cited.span == span
        and cited.content_sha256 == text.sha256
        and text.fits(span, cited.prefix, cited.suffix)
    )


def _targets_of(step: Step, kind: str) -> list[StepTarget]:
    if kind == "tool_call":
        return [CallTarget(step.number, index) for index in range(len(step.tool_calls))]
    if kind == "observation":
        return [ObservationTarget(step.number, index) for index in range(len(step.observations))]
    return [ThoughtTarget(step.number)]


def _only(text: Text, cited: Cited) -> Span | None:
    """Return the one place of the quote: the only one, or the only one with its surroundings."""
    if not cited.quote.strip():
        return None
    found = text.places(cited.quote)
    if len(found) > 1:
        found = [span for span in found if text.fits(span, cited.prefix, cited.suffix)]
    return found[0] if len(found) == 1 else None


@lru_cache(maxsize=256)
def _file_text(mirror: Mirror, blob: str) -> Text:
    return Text.of_lines(dict(enumerate(text_lines(mirror, blob), start=1)))


@lru_cache(maxsize=64)
def _issue_texts(statement: str) -> tuple[Text, Text]:
    """Return the source of the issue and its rendered words."""
    source, rendered = citable_issue_texts(statement)
    return Text(source), Text(rendered)
