"""Hints from the trajectory: what an annotator should look at. A hint ends when it is judged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from annotator.checks.base import Check, Finding, Place, Severity, Subject
from annotator.checks.conduct_verdicts import listed
from annotator.facts.conduct import Conduct, StepConduct, is_test_file

_OFTEN = 3


class _Hint(Check):
    severity = Severity.INFORM

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Yield the hints of which no step is judged or told of in a dead end."""
        looked_at = {row["step"] for row in subject.content.get("judgements", ())}
        for step in subject.steps:
            if step.get("kind") == "dead_end":
                looked_at |= set(step.get("covers") or ())
        for numbers, message in self.hints(subject.facts.conduct):
            if looked_at.isdisjoint(numbers):
                yield self.finding(message, Place("", "judgements", str(numbers[0])))

    def hints(self, conduct: Conduct) -> Iterator[tuple[Sequence[int], str]]:
        """Yield the steps that a hint is about, and what it says."""
        raise NotImplementedError


class PassedByLuck(_Hint):
    id = "passed-by-luck"
    title = "Whether a right patch was luck"
    tells = (
        "Whether the agent ran tests after its last edit, changed tests that were there, and saw "
        "a failure before it changed code."
    )

    def hints(self, conduct: Conduct) -> Iterator[tuple[Sequence[int], str]]:
        last, first = conduct.last_edit, conduct.first_edit
        if last and not any(step.number >= last for step in conduct.test_steps):
            yield (
                (last,),
                f"No tests were run after the last edit, in step {last}: judge whether the agent "
                "knew that its change is right.",
            )
        bent = _edited_tests(conduct)
        if bent:
            yield (
                [step.number for step, _ in bent],
                f"{_capital(listed([step.number for step, _ in bent]))} changed tests that were "
                f"there ({bent[0][1]}): judge whether they were bent to the change.",
            )
        if first and not any(s.ran_something for s in conduct.steps if s.number < first):
            yield (
                (first,),
                f"Nothing was run before the first edit, in step {first}: the failure was never "
                "seen. Judge whether it was needed.",
            )
        failed = [step for step in conduct.test_steps if step.test_outcome == "failed"]
        if failed and failed[-1] is conduct.test_steps[-1]:
            yield (
                (failed[-1].number,),
                f"The last test run, in step {failed[-1].number}, failed: judge whether the agent "
                "should have ended there.",
            )


def _edited_tests(conduct: Conduct) -> list[tuple[StepConduct, str]]:
    """Return the steps that edited tests which the agent did not write itself, and which."""
    return [
        (step, paths[0])
        for step in conduct.steps
        if (paths := sorted(filter(is_test_file, step.edited - conduct.created)))
    ]


class Loops(_Hint):
    id = "loops"
    title = "Loops"
    tells = "Whether the agent made the same call three times without a change in between."

    def hints(self, conduct: Conduct) -> Iterator[tuple[Sequence[int], str]]:
        seen: dict[str, list[StepConduct]] = {}
        for step in conduct.steps:
            if step.changed:
                # After an edit it is sensible to run the same again.
                yield from _repeated(seen)
                seen = {}
            elif step.calls_key and not step.is_submission:
                seen.setdefault(step.calls_key, []).append(step)
        yield from _repeated(seen)


def _repeated(seen: dict[str, list[StepConduct]]) -> Iterator[tuple[Sequence[int], str]]:
    for steps in seen.values():
        if len(steps) >= _OFTEN:
            numbers = [step.number for step in steps]
            yield (
                numbers,
                f"{_capital(listed(numbers))} did the same ({steps[0].summary[:60]}), with nothing "
                "changed in between: judge whether the agent went in a circle.",
            )


class Reverts(_Hint):
    id = "reverts"
    title = "Edits that were taken back"
    tells = "Whether the agent took edits back."

    def hints(self, conduct: Conduct) -> Iterator[tuple[Sequence[int], str]]:
        for step in conduct.steps:
            if step.restored:
                what = sorted(step.restored)[0]
                what = "its edits" if what == "." else f"edits of {what}"
                yield (
                    (step.number,),
                    f"Step {step.number} takes {what} back: judge where the way that it gives up "
                    "began.",
                )


class ErrorStreaks(_Hint):
    id = "error-streaks"
    title = "Errors in a row"
    tells = "Whether three steps or more failed one after the other."

    def hints(self, conduct: Conduct) -> Iterator[tuple[Sequence[int], str]]:
        acting = [step for step in conduct.steps if step.kind != "think"]
        for failed, group in groupby(acting, key=lambda step: step.is_error):
            numbers = [step.number for step in group]
            if failed and len(numbers) >= _OFTEN:
                yield (
                    numbers,
                    f"Steps {numbers[0]} to {numbers[-1]} failed one after the other: judge "
                    "whether the agent learned from them.",
                )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


HINT_CHECKS: tuple[Check, ...] = (PassedByLuck(), Loops(), Reverts(), ErrorStreaks())
