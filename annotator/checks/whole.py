"""What an annotation says of the whole: overview, root cause, first diagnosis, judgements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from annotator.checks.base import Check, Finding, Place, Severity, Subject
from annotator.checks.shape import is_blank, is_whole
from annotator.missteps import missteps_of

_NEEDS_REASON = {"gave_up": "given up", "bad_task": "a bad task", "error_found": "an error found"}
_FIELDS = (
    ("task_kind", "The kind of task is not chosen."),
    ("strategy", "The strategy is empty; sum up in a few sentences how the problem is solved."),
    ("difficulty", "The difficulty is not chosen."),
    ("exit", "How the work ended is not chosen."),
)
_SCREENING = (
    ("well_specified", "whether the issue is well specified"),
    ("tests_fair", "whether the tests are fair"),
)


class OverviewFilled(Check):
    id = "overview-filled"
    title = "The overview is filled in"
    tells = (
        "Whether kind of task, strategy, difficulty, exit and both screening questions are "
        "answered, with reasons where they are asked for."
    )
    severity = Severity.BLOCK

    def find(self, subject: Subject) -> Iterator[Finding]:
        if not is_whole(subject):
            return
        overview = subject.overview
        for field, message in _FIELDS:
            if is_blank(overview.get(field)):
                yield self.finding(message, Place("", field))
        ended = str(overview.get("exit"))
        if ended in _NEEDS_REASON and is_blank(overview.get("exit_reason")):
            yield self.finding(
                f"The exit is “{_NEEDS_REASON[ended]}”, without a reason; give it.",
                Place("", "exit_reason"),
            )
        for field, question in _SCREENING:
            yield from self._screening(field, question, overview.get(field) or {})

    def _screening(self, field: str, question: str, answer: Mapping[str, Any]) -> Iterator[Finding]:
        score = answer.get("score")
        if score is None:
            yield self.finding(f"It is not answered {question}; score it 0 to 3.", Place("", field))
        elif is_blank(answer.get("reason")):
            yield self.finding(
                f"The score {score} for {question} has no reason; give it in a sentence.",
                Place("", field, "reason"),
                severity=Severity.BLOCK if score else Severity.WARN,
            )


class ExitFits(Check):
    id = "exit-fits"
    title = "The exit fits the rest"
    tells = "Whether how the work ended agrees with the screening, the judgements and the chain."
    severity = Severity.WARN

    def find(self, subject: Subject) -> Iterator[Finding]:
        ended, place = subject.overview.get("exit"), Place("", "exit")
        if ended == "bad_task":
            scores = [(subject.overview.get(name) or {}).get("score") for name, _ in _SCREENING]
            if all(score == 0 for score in scores):
                yield self.finding(
                    "The exit is “bad task”, but issue and tests are both scored 0, without fault; "
                    "mend the scores or the exit.",
                    place,
                )
        if ended == "error_found":
            kinds = {step.get("kind") for step in subject.steps}
            judged = {row.get("judgement") for row in subject.content.get("judgements", ())}
            if "dead_end" not in kinds and "misstep" not in judged:
                yield self.finding(
                    "The exit is “error found”, but no step is judged a misstep and the chain has "
                    "no dead end; show where the agent went wrong.",
                    place,
                )
        if ended == "solved" and not any(step.get("kind") == "change" for step in subject.steps):
            yield self.finding(
                "The exit is “solved”, but the chain has no change; add it, or choose another "
                "exit.",
                place,
            )


class RootCauseStated(Check):
    id = "root-cause-stated"
    title = "The root cause is stated"
    tells = "Whether there is a root cause with a claim."
    severity = Severity.BLOCK

    def find(self, subject: Subject) -> Iterator[Finding]:
        if not is_whole(subject):
            return
        cause = subject.root_cause
        if cause is not None and not is_blank(cause.get("claim")):
            return
        # A feature or a refactoring need not have one; of a bad task it may not be known.
        is_asked = subject.overview.get("exit") not in {"bad_task", "gave_up"}
        is_asked &= subject.overview.get("task_kind") not in {"feature", "refactor"}
        yield self.finding(
            "The root cause is not stated; say in one line why the issue occurs, and cite code.",
            Place("", "root_cause") if cause is None else Place(cause["uid"], "claim"),
            severity=Severity.BLOCK if is_asked else Severity.WARN,
        )


class DiagnosisCommitted(Check):
    id = "diagnosis-committed"
    title = "The first diagnosis is committed"
    tells = "Whether the first diagnosis is committed, where the batch asks for one."
    severity = Severity.BLOCK
    is_waivable = False

    def find(self, subject: Subject) -> Iterator[Finding]:
        if subject.facts.is_blind:
            yield self.finding(
                "The first diagnosis is not committed yet; this batch asks for it.",
                Place("", "first_diagnosis"),
            )


class MisstepsDescribed(Check):
    id = "missteps-described"
    title = "Every misstep says what should have been done"
    tells = "Whether each misstep names its kind, from the batch's list, and what was right."
    severity = Severity.BLOCK

    def find(self, subject: Subject) -> Iterator[Finding]:
        if not is_whole(subject):
            return
        kinds = missteps_of(subject.content.get("misstep_list", 1))
        for row in subject.content.get("judgements", ()):
            place = Place("", "judgements", str(row["step"]))
            if row.get("judgement") == "misstep":
                yield from self._misstep(row, kinds, place)
            elif row.get("misstep") or not is_blank(row.get("should_have")):
                yield self.finding(
                    f"Step {row['step']} is judged {row.get('judgement')}, but described as a "
                    "misstep; mend the one or the other.",
                    place,
                    severity=Severity.WARN,
                )

    def _misstep(
        self, row: Mapping[str, Any], kinds: Mapping[str, Any], place: Place
    ) -> Iterator[Finding]:
        step = row["step"]
        if is_blank(row.get("misstep")):
            yield self.finding(
                f"Step {step} is judged a misstep without its kind; choose one from the list.",
                place,
            )
        elif row["misstep"] not in kinds:
            yield self.finding(
                f"Step {step} is judged a misstep of the kind “{row['misstep']}”, which the list "
                "does not have; choose one from the list.",
                place,
            )
        if is_blank(row.get("should_have")):
            yield self.finding(
                f"Step {step} is judged a misstep, but not what should have been done; write it.",
                place,
            )


class TrajectoryJudged(Check):
    id = "trajectory-judged"
    title = "The trajectory is judged"
    tells = "Whether any step of the trajectory is judged, and one of them decisive."
    severity = Severity.WARN

    def find(self, subject: Subject) -> Iterator[Finding]:
        if not is_whole(subject):
            return
        rows = subject.content.get("judgements", ())
        place = Place("", "judgements")
        if not rows:
            yield self.finding(
                "No step of the trajectory is judged; judge those that mattered.", place
            )
        elif not any(row.get("is_decisive") for row in rows):
            yield self.finding(
                "No step is marked as decisive; mark the one or those that settled how it ended.",
                place,
            )


class DeadEndsJudged(Check):
    id = "dead-ends-judged"
    title = "Dead ends are judged as missteps"
    tells = "Whether of the agent's steps that a dead end covers one is judged a misstep."
    severity = Severity.WARN

    def find(self, subject: Subject) -> Iterator[Finding]:
        judged = {
            row["step"]: row.get("judgement") for row in subject.content.get("judgements", ())
        }
        for step in subject.steps:
            covered = [judged[number] for number in step.get("covers") or () if number in judged]
            if step.get("kind") != "dead_end" or not covered or "misstep" in covered:
                continue
            yield self.finding(
                f"{subject.name_of(step['uid'])} is a dead end, but none of the steps that it "
                "covers is judged a misstep; judge the one in which it went wrong.",
                Place(step["uid"], "covers", "judgements"),
            )


class WaiversHold(Check):
    id = "waivers-hold"
    title = "Waivers say why"
    tells = "Whether each waiver gives a reason and names a check that there is."
    severity = Severity.WARN
    is_waivable = False
    # Filled in where all of them are known.
    known: frozenset[str] = frozenset()

    def find(self, subject: Subject) -> Iterator[Finding]:
        for number, waiver in enumerate(subject.content.get("waivers", ()), start=1):
            place = Place("", "waivers", str(number))
            if is_blank(waiver["reason"]):
                yield self.finding(
                    f"The waiver of {waiver['check']} has no reason; give it.", place
                )
            elif waiver["check"] not in self.known:
                message = f"There is no check “{waiver['check'][:60]}”; take its waiver out."
                yield self.finding(message, place)


WHOLE_CHECKS: tuple[Check, ...] = (
    OverviewFilled(),
    ExitFits(),
    RootCauseStated(),
    DiagnosisCommitted(),
    MisstepsDescribed(),
    TrajectoryJudged(),
    DeadEndsJudged(),
    WaiversHold(),
)
