"""Evidence from later than the claim uses it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annotator.checks.base import Check, Finding, Place, Severity, StepContent, Subject
from annotator.checks.conduct_verdicts import listed
from annotator.checks.shape import detail
from annotator.facts.conduct import same_file

_OF_STEPS = {"thought", "tool_call", "observation"}
_LOOKING_AHEAD = {"observation", "hypothesis", "experiment", "decision"}


class EvidenceInTime(Check):
    id = "evidence-in-time"
    title = "No evidence from later than the claim uses it"
    tells = (
        "Whether steps cite what the agent saw after the steps that they cover, a hypothesis what "
        "settles it, and observations before the change the patch itself."
    )
    severity = Severity.WARN

    def find(self, subject: Subject) -> Iterator[Finding]:
        changed = next(
            (n for n, step in enumerate(subject.steps) if step.get("kind") == "change"),
            len(subject.steps),
        )
        for index, step in enumerate(subject.steps):
            if step.get("kind") in _LOOKING_AHEAD:
                yield from self._beyond_covers(subject, step)
            if step.get("kind") == "hypothesis":
                yield from self._settlement(subject, step)
            if step.get("kind") in {"observation", "hypothesis"}:
                for citation in step.get("citations") or ():
                    if index < changed:
                        yield from self._gold(subject, step, citation)
                    yield from self._model(subject, step, citation)

    def _beyond_covers(self, subject: Subject, step: StepContent) -> Iterator[Finding]:
        covers = step.get("covers") or ()
        if not covers:
            return
        for citation in step.get("citations") or ():
            at = _step_of(citation)
            if at > max(covers):
                yield self.finding(
                    f"{subject.name_of(step['uid'])} is about {listed(sorted(set(covers)))}, but "
                    f"cites step {at}, which came later. Cite what was known then, or cover it.",
                    Place(step["uid"], "citations", str(citation.get("uid"))),
                )

    def _settlement(self, subject: Subject, step: StepContent) -> Iterator[Finding]:
        """A hypothesis stood before it was settled, so that cannot be what it rests on."""
        number = subject.number_of(str(detail(step, "settled_by") or ""))
        if number is None or number <= (subject.number_of(step["uid"]) or 0):
            return
        settling = subject.steps[number - 1]
        later = settling.get("citations") or ()
        covered = set(settling.get("covers") or ()) - set(step.get("covers") or ())
        settled_at = max((*covered, *map(_step_of, later)), default=0)
        for citation in step.get("citations") or ():
            is_output = citation.get("kind") == "observation" and _step_of(citation) in covered
            is_same = citation.get("kind") not in {"issue", "file"} and any(
                _overlap(citation, other) for other in later
            )
            # A thought may come to the same guess later; an output is what was learned.
            at = _step_of(citation) if citation.get("kind") == "observation" else 0
            if 0 < settled_at < at:
                yield self.finding(
                    f"{subject.name_of(step['uid'])} cites step {at}, but R{number} settles it by "
                    f"step {settled_at} already. Cite what it was guessed from.",
                    Place(step["uid"], "citations", str(citation.get("uid"))),
                )
            elif is_output or is_same:
                yield self.finding(
                    f"{subject.name_of(step['uid'])} cites what settles it in R{number}. Cite what "
                    "it was guessed from.",
                    Place(step["uid"], "citations", str(citation.get("uid"))),
                )

    def _gold(
        self, subject: Subject, step: StepContent, citation: Mapping[str, Any]
    ) -> Iterator[Finding]:
        target = citation.get("target") or {}
        if target.get("tree") == "gold" or target.get("which") in {"gold", "model-gold"}:
            yield self.finding(
                f"{subject.name_of(step['uid'])} stands before the change, but cites the gold "
                f"patch ({target.get('path')}). Cite the code at base.",
                Place(step["uid"], "citations", str(citation.get("uid"))),
            )

    def _model(
        self, subject: Subject, step: StepContent, citation: Mapping[str, Any]
    ) -> Iterator[Finding]:
        target, covers = citation.get("target") or {}, step.get("covers") or ()
        if "model" not in {target.get("tree"), target.get("which")} or not covers:
            return
        path = str(target.get("path"))
        editors = [
            number
            for number in subject.facts.conduct.editors_of(path)
            if any(same_file(p, path) for p in subject.facts.patches.paths("model"))
        ]
        if editors and max(covers) < editors[0]:
            yield self.finding(
                f"{subject.name_of(step['uid'])} is about {listed(sorted(set(covers)))}, but cites "
                f"{path} as the agent left it; step {editors[0]} changed it. Cite base.",
                Place(step["uid"], "citations", str(citation.get("uid"))),
            )


def _step_of(citation: Mapping[str, Any]) -> int:
    if citation.get("kind") not in _OF_STEPS:
        return 0
    return int((citation.get("target") or {}).get("step") or 0)


def _overlap(citation: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Tell whether two citations have words of the same text in common."""
    return (
        citation.get("kind") == other.get("kind")
        and citation.get("target") == other.get("target")
        and citation.get("start", 0) < other.get("end", 0)
        and other.get("start", 0) < citation.get("end", 0)
    )


TIMING_CHECKS: tuple[Check, ...] = (EvidenceInTime(),)
