"""Every citation is looked up where it says it was made."""

from __future__ import annotations

from collections.abc import Iterator

from annotator.checks.base import Check, Finding, Place, Severity, StepContent, Subject
from annotator.citations.anchors import Anchor, Anchors, AnchorState, Cited, place_words
from annotator.citations.targets import CannotCite, FileTarget, PatchTarget, read_target


class CitationResolves(Check):
    id = "citation-resolves"
    title = "Citations hold"
    tells = "Each citation was looked up, and its quote compared with what stands there."
    severity = Severity.BLOCK

    def find(self, subject: Subject) -> Iterator[Finding]:
        anchors = anchors_of_subject(subject)
        for card in subject.cards:
            for content in card.get("citations", ()):
                cited = Cited.of_content(content)
                anchor = anchors.of(cited)
                if anchor.state is not AnchorState.EXACT:
                    place = Place(card["uid"], "citations", cited.uid)
                    yield self.finding(_sentence(subject, card, cited, anchor, anchors), place)
            yield from self._evidence(subject, card)

    def _evidence(self, subject: Subject, card: StepContent) -> Iterator[Finding]:
        """Find options whose evidence is no citation of their step."""
        own = {citation["uid"] for citation in card.get("citations", ())}
        for number, option in enumerate(card.get("options") or (), start=1):
            missing = [uid for uid in option.get("evidence", ()) if uid not in own]
            if missing:
                name = subject.name_of(card["uid"])
                yield self.finding(
                    f"Option {number} of {name} names evidence that is no citation of {name}: "
                    "cite it there, or take it out of the option.",
                    Place(card["uid"], "options", f"{number}.evidence"),
                )


def anchors_of_subject(subject: Subject) -> Anchors:
    """Read what all citations of the annotation point into."""
    return subject.facts.anchors(
        Cited.of_content(content) for card in subject.cards for content in card.get("citations", ())
    )


def _sentence(
    subject: Subject, card: StepContent, cited: Cited, anchor: Anchor, anchors: Anchors
) -> str:
    name = subject.name_of(card["uid"])
    try:
        target = read_target(cited.kind, cited.target)
    except CannotCite:
        return f"{name} has a citation that cannot be read: {anchor.reason} Cite the passage again."
    where = place_words(target)
    if anchor.state is AnchorState.MOVED:
        return f"{name} cites {where}. {anchor.reason} Re-anchor the citation."
    if anchor.is_unread:
        return f"{name} cites {where}. {anchor.reason} Have it fetched, and check again."
    is_code = isinstance(target, FileTarget | PatchTarget)
    elsewhere = _elsewhere(cited, anchors, subject) if is_code else ""
    remedy = "Cite what stands there, or remove the citation."
    return f"{name} cites {where}: “{_short(cited.quote)}”. {anchor.reason}{elsewhere} {remedy}"


def _elsewhere(cited: Cited, anchors: Anchors, subject: Subject) -> str:
    """Say in which other tree the quote does stand."""
    for tree, first, last in anchors.trees_with(cited, subject.facts.code.trees):
        lines = f"line {first}" if first == last else f"lines {first}–{last}"
        return f" The quote stands at {lines} of it at {tree}."
    return ""


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 60 else f"{words[:59]}…"
