"""What is said of the trajectory, against what the agent did: structured fields, then prose."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from annotator.checks.base import Check, Finding, Place, Severity, StepContent, Subject
from annotator.checks.conduct_claims import conduct_claims
from annotator.checks.conduct_grammar import Claim
from annotator.checks.conduct_verdicts import against, is_idle, listed
from annotator.checks.prose import Prose, proses
from annotator.checks.shape import detail
from annotator.checks.step_claims import steps_named
from annotator.facts.conduct import Conduct, StepConduct, is_test_file, same_file

_STEP_KINDS = {"thought", "tool_call", "observation"}


class CoversAgree(Check):
    id = "steps-agree"
    title = "Steps that are named are there, and fit"
    tells = (
        "Whether what a step covers, costs and stands on, and what is judged, are steps of the "
        "trajectory, and of a kind that fits."
    )
    severity = Severity.BLOCK

    def find(self, subject: Subject) -> Iterator[Finding]:
        conduct = subject.facts.conduct
        for step in subject.steps:
            yield from self._covers(subject, step, conduct)
            if step.get("kind") == "dead_end":
                yield from self._dead_end(subject, step, conduct.n_steps)
            if step.get("kind") == "experiment":
                yield from self._experiment(subject, step, conduct)
        yield from self._judgements(subject, conduct.n_steps)

    def _covers(self, subject: Subject, step: StepContent, conduct: Conduct) -> Iterator[Finding]:
        covers, name = step.get("covers") or [], subject.name_of(step["uid"])
        place = Place(step["uid"], "covers")
        unknown = [str(number) for number in covers if not conduct.step(number)]
        if unknown:
            yield self.finding(
                f"{name} covers step {', '.join(unknown)}, but the trajectory has "
                f"{conduct.n_steps} steps.",
                place,
            )
        if len(set(covers)) < len(covers):
            message = f"{name} names a step that it covers twice; take one out."
            yield self.finding(message, place, severity=Severity.WARN)

    def _dead_end(self, subject: Subject, step: StepContent, n_steps: int) -> Iterator[Finding]:
        name, uid = subject.name_of(step["uid"]), step["uid"]
        covers = [number for number in step.get("covers") or [] if number <= n_steps]
        seen, cost = detail(step, "visible_from"), detail(step, "cost_steps")
        if seen is not None and not 1 <= seen <= n_steps:
            yield self.finding(
                f"{name} says that it could be seen from step {seen} on, but the trajectory has "
                f"{n_steps} steps.",
                Place(uid, "visible_from"),
            )
        elif seen is not None and covers and seen > max(covers):
            yield self.finding(
                f"{name} could be seen from step {seen} on, but the steps that it covers end with "
                f"{max(covers)}; mend the one or the other.",
                Place(uid, "visible_from"),
                severity=Severity.WARN,
            )
        if cost is None:
            return
        place = Place(uid, "cost_steps")
        if cost > n_steps:
            yield self.finding(
                f"{name} cost {cost} steps, but the trajectory has {n_steps}.", place
            )
        elif covers and cost > n_steps - min(covers) + 1:
            yield self.finding(
                f"{name} cost {cost} steps, but from step {min(covers)} on there are only "
                f"{n_steps - min(covers) + 1}.",
                place,
            )
        elif len(covers) > 1 and cost > max(covers) - min(covers) + 1:
            yield self.finding(
                f"{name} cost {cost} steps, but covers only steps {min(covers)} to {max(covers)}; "
                "mend the one or the other.",
                place,
                severity=Severity.WARN,
            )

    def _experiment(
        self, subject: Subject, step: StepContent, conduct: Conduct
    ) -> Iterator[Finding]:
        if detail(step, "stands_on") != "trajectory":
            return
        name, place = subject.name_of(step["uid"]), Place(step["uid"], "stands_on")
        numbers = sorted({*(step.get("covers") or ()), *_cited_steps(step)})
        steps = [known for number in numbers if (known := conduct.step(number))]
        if not numbers:
            yield self.finding(
                f"{name} is an experiment that stands on the trajectory, but names no step of it; "
                "choose the steps that it covers.",
                place,
                severity=Severity.WARN,
            )
        elif steps and all(is_idle(each) for each in steps):
            only_edits = all(each.kind in {"edit", "think"} for each in steps)
            yield self.finding(
                f"{name} is an experiment that stands on the trajectory, but {listed(numbers)} "
                "ran nothing; name the step that did.",
                place,
                severity=Severity.BLOCK if only_edits else Severity.WARN,
            )

    def _judgements(self, subject: Subject, n_steps: int) -> Iterator[Finding]:
        rows = subject.content.get("judgements", ())
        for row in rows:
            if not 1 <= row["step"] <= n_steps:
                yield self.finding(
                    f"Step {row['step']} is judged, but the trajectory has {n_steps} steps.",
                    Place("", "judgements", str(row["step"])),
                )
        for number, count in Counter(row["step"] for row in rows).items():
            if count > 1:
                yield self.finding(
                    f"Step {number} is judged {count} times; keep one judgement.",
                    Place("", "judgements", str(number)),
                )


class MisstepsFit(Check):
    id = "misstep-fits"
    title = "A kind of misstep fits the step"
    tells = (
        "Whether steps that are judged as wrong edits edited something, bent tests are tests, and "
        "what was not verified or reproduced was not."
    )
    severity = Severity.WARN

    def find(self, subject: Subject) -> Iterator[Finding]:
        conduct = subject.facts.conduct
        for row in subject.content.get("judgements", ()):
            step = conduct.step(row["step"])
            if step is None or row.get("judgement") != "misstep":
                continue
            if found := _misfit(str(row.get("misstep")), step, conduct):
                yield self.finding(
                    f"Step {step.number} is judged “{row['misstep']}”, but {found}. Mend the kind, "
                    "or judge the step that is meant.",
                    Place("", "judgements", str(step.number)),
                )


# Kinds of which only a step that changes something can be guilty.
_OF_EDITS = {"symptom-patched", "edge-case-missed", "breaks-other", "overreach", "test-bent"}


def _misfit(kind: str, step: StepConduct, conduct: Conduct) -> str:
    """Return what of the trajectory speaks against a kind of misstep, or nothing."""
    if kind in _OF_EDITS and is_idle(step) and not step.changed and not step.is_error:
        return f"it changed nothing ({step.summary[:60]})"
    if kind == "test-bent" and step.changed and not any(map(is_test_file, step.changed)):
        return "" if step.ran_something else f"it changed no test ({step.summary[:60]})"
    if kind == "not-verified" and conduct.last_edit:
        after = [each for each in conduct.test_steps if each.number > conduct.last_edit]
        passed = [each.number for each in after if each.test_outcome == "passed"]
        # A step before other edits may well have gone unverified.
        if passed and step.number >= conduct.last_edit:
            return f"tests passed after the last edit, in {listed(passed)}"
    if kind == "not-reproduced" and conduct.first_edit:
        before = [each for each in conduct.steps if each.number < conduct.first_edit]
        failed = [each.number for each in before if each.ran_something and each.has_traceback]
        if failed:
            return f"{listed(failed)} failed before the first edit"
    return ""


class ChangeAsTheAgent(Check):
    id = "change-as-done"
    title = "A change is where the agent made it"
    tells = (
        "Whether a change that is said to be as the agent's, or covers its steps, is in files "
        "that the agent changed."
    )
    severity = Severity.WARN

    def find(self, subject: Subject) -> Iterator[Finding]:
        conduct = subject.facts.conduct
        for step in subject.steps:
            if step.get("kind") != "change":
                continue
            paths = sorted({hunk["path"] for hunk in detail(step, "hunks") or ()})
            if paths:
                yield from self._as_agent(subject, step, paths, conduct)
                yield from self._covered(subject, step, paths, conduct)

    def _as_agent(
        self, subject: Subject, step: StepContent, paths: list[str], conduct: Conduct
    ) -> Iterator[Finding]:
        text = f"{step.get('claim', '')}\n{step.get('rationale', '')}"
        if not _AS_AGENT.search(text):
            return
        known = subject.facts.patches.paths("model")
        touched = [p for p in paths if p in known or conduct.editors_of(p)]
        if not touched:
            yield self.finding(
                f"{subject.name_of(step['uid'])} says that the agent did the same, but the agent "
                f"never changed {paths[0]}. Mend the sentence.",
                Place(step["uid"], "rationale"),
                severity=Severity.BLOCK,
            )

    def _covered(
        self, subject: Subject, step: StepContent, paths: list[str], conduct: Conduct
    ) -> Iterator[Finding]:
        covered = [known for number in step.get("covers") or () if (known := conduct.step(number))]
        if not covered or any(each.ran_something for each in covered):
            return
        if any(same_file(known, path) for s in covered for known in s.changed for path in paths):
            return
        editors = sorted({number for path in paths for number in conduct.editors_of(path)})
        if editors:
            numbers = [each.number for each in covered]
            yield self.finding(
                f"{subject.name_of(step['uid'])} covers {listed(numbers)}, which did not "
                f"change {paths[0]}; {listed(editors)} did. Mend what it covers.",
                Place(step["uid"], "covers"),
            )


_AS_AGENT = re.compile(
    r"\b(?:just |exactly )?(?:as|like|what) the agent(?: (?:did|does|has done)| also)\b"
    r"|\bthe agent (?:did|does|made) (?:exactly |just )?the same\b",
    re.IGNORECASE,
)


class StepsExist(Check):
    id = "step-number-exists"
    title = "Steps that a text names are there"
    tells = "Whether the numbers of steps in texts are not beyond the end of the trajectory."
    severity = Severity.BLOCK

    def find(self, subject: Subject) -> Iterator[Finding]:
        n_steps = subject.facts.conduct.n_steps
        for prose in proses(subject):
            for named in steps_named(prose.text):
                if named.step > n_steps:
                    yield self.finding(
                        f"{prose.name} names step {named.step}, but the trajectory has {n_steps} "
                        "steps. Mend the number.",
                        _part(prose, str(named.step)),
                        severity=Severity.BLOCK if named.is_plain else Severity.WARN,
                    )


class ConductAgrees(Check):
    id = "conduct-agrees"
    title = "What is said of the agent is what it did"
    tells = (
        "Whether sentences such as “never ran the tests”, “edited only core.py” or “step 12 "
        "reproduces the bug” agree with the trajectory, where it decides them."
    )
    severity = Severity.BLOCK

    def find(self, subject: Subject) -> Iterator[Finding]:
        seen: set[tuple[str, Claim]] = set()
        for prose in proses(subject):
            if prose.is_supposed:
                continue
            for claim in conduct_claims(prose.text):
                if (prose.place.key, claim) in seen:
                    continue
                seen.add((prose.place.key, claim))
                if verdict := against(claim, subject):
                    message, severity = verdict
                    # Of whom a sentence speaks may have been guessed wrongly.
                    if not claim.who:
                        severity = Severity.WARN
                    yield self.finding(
                        f"{prose.name} says “{_short(claim.sentence)}”, but {message}",
                        prose.place,
                        severity=severity,
                    )


def _cited_steps(step: StepContent) -> list[int]:
    return [
        citation["target"]["step"]
        for citation in step.get("citations") or ()
        if citation.get("kind") in _STEP_KINDS and "step" in (citation.get("target") or {})
    ]


def _part(prose: Prose, part: str) -> Place:
    return Place(prose.place.step, prose.place.field, part)


def _short(sentence: str) -> str:
    return sentence if len(sentence) <= 90 else f"{sentence[:89].rstrip()}…"


CONDUCT_CHECKS: tuple[Check, ...] = (
    CoversAgree(),
    MisstepsFit(),
    ChangeAsTheAgent(),
    StepsExist(),
    ConductAgrees(),
)
