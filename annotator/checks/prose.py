"""The texts that people wrote in an annotation, and what is said in them: pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from annotator.checks.base import Place, Subject

# Fields of `details` that hold prose, and whether it speaks of what is not, or not yet, the case.
_DETAILS: Mapping[str, bool] = {
    "test": True,
    "expected": True,
    "question": True,
    "also_changed": False,
    "does_not_show": True,
    "instead": True,
}
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})[^\n]*\n.*?(?:^ {0,3}\1[`~]* *$|\Z)", re.M | re.S)
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.S)
_URL = re.compile(r"\b[a-z][a-z0-9+.-]{1,10}://[^\s)>\]]+")
_SENTENCE_END = re.compile(
    r"(?<=[.!?])(?<!\be\.g\.)(?<!\bi\.e\.)(?<!\bcf\.)\s+(?=[^a-z])|\n\s*\n|\n(?=\s*[-*\d])"
)


@dataclass(frozen=True)
class Prose:
    """A text of one field. `name` is for messages: “R3”, “The strategy”.

    `is_supposed`: it speaks of what would be (a rejected option, a plan, a prediction), so that a
    name in it may be a proposal and an outcome in it is no claim. `is_conjecture`: it is so only
    because a hypothesis says it, which names what is there.
    """

    place: Place
    name: str
    text: str
    is_supposed: bool = False
    is_conjecture: bool = False

    @property
    def may_propose(self) -> bool:
        """Tell whether a name or place in it may be one that is not there."""
        return self.is_supposed and not self.is_conjecture


def proses(subject: Subject) -> Iterator[Prose]:
    """Yield every text of the annotation that is not empty, in the order of the page."""
    for prose in _all_proses(subject):
        if prose.text and prose.text.strip():
            yield prose


def _all_proses(subject: Subject) -> Iterator[Prose]:
    content, overview = subject.content, subject.overview
    yield _whole("first_diagnosis", "The first diagnosis", content, is_supposed=True)
    yield _whole("strategy", "The strategy", overview)
    yield _whole("exit_reason", "The reason of the exit", overview)
    for name, label in (("well_specified", "the issue"), ("tests_fair", "the tests")):
        reason = (overview.get(name) or {}).get("reason", "")
        place = Place("", "overview", name)
        yield Prose(place, f"The screening of {label}", reason, is_supposed=True)
    for judged in content.get("judgements", ()):
        place = Place("", "judgements", str(judged["step"]))
        name = f"The judgement of step {judged['step']}"
        yield Prose(place, name, judged.get("should_have", ""), is_supposed=True)
    for card in subject.cards:
        yield from step_proses(card, subject.name_of(card["uid"]))


def _whole(field: str, name: str, values: Mapping[str, Any], *, is_supposed: bool = False) -> Prose:
    return Prose(Place("", field), name, values.get(field) or "", is_supposed)


def step_proses(card: Mapping[str, Any], name: str) -> Iterator[Prose]:
    """Yield the texts of one step of the chain, or of the root cause."""
    uid = card["uid"]
    is_conjecture = card.get("kind") == "hypothesis"
    for field in ("claim", "rationale"):
        yield Prose(Place(uid, field), name, card.get(field, ""), is_conjecture, is_conjecture)
    yield Prose(Place(uid, "elsewhere"), name, card.get("elsewhere", ""))
    for field, value in (card.get("details") or {}).items():
        if field in _DETAILS and isinstance(value, str):
            yield Prose(Place(uid, field), name, value, _DETAILS[field])
    for number, option in enumerate(card.get("options") or (), start=1):
        is_rejected = not option.get("chosen")
        for part in ("title", "for", "against"):
            place = Place(uid, "options", f"{number}.{part}")
            text = option.get(part, "")
            yield Prose(place, name, text, is_rejected or part == "against")


def without_fences(text: str) -> str:
    """Return the text without code blocks and addresses, which are shown rather than said."""
    return _URL.sub(" ", _FENCE.sub("\n\n", text))


def code_spans(text: str) -> list[str]:
    """Return what stands in backticks, code blocks left out."""
    return [" ".join(span[1].split()) for span in _CODE.findall(without_fences(text))]


def plain(text: str) -> str:
    """Return the text with its backticks, but not what they hold, left out."""
    return _CODE.sub(lambda match: match[2], without_fences(text))


def outside_code(text: str) -> str:
    """Return the text without what stands in backticks."""
    return _CODE.sub(" \u2026 ", without_fences(text))


def sentences(text: str) -> list[str]:
    """Cut a text into sentences and items of lists, code blocks left out."""
    return [s.strip() for s in _SENTENCE_END.split(without_fences(text)) if s and s.strip()]
