"""The shape of the chain: what each kind of step must say, and how steps hang together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from annotator.checks.base import Check, Finding, Place, Severity, StepContent, Subject

# Kinds of step that can settle a hypothesis: those that show something.
_SETTLING = {"observation", "experiment", "verification", "dead_end"}


def is_whole(subject: Subject) -> bool:
    """Tell whether the content has the fields of version 3; earlier ones are not asked for them."""
    return "overview" in subject.content


def is_blank(value: Any) -> bool:
    return value is None or not str(value).strip()


def detail(step: StepContent, name: str) -> Any:
    return (step.get("details") or {}).get(name)


class ClaimPresent(Check):
    id = "claim-present"
    title = "Every step has a claim"
    tells = "Whether each step of the chain says in its first line what it states."
    severity = Severity.BLOCK
    is_waivable = False

    def find(self, subject: Subject) -> Iterator[Finding]:
        if not subject.steps and is_whole(subject):
            yield self.finding(
                "There is no reasoning step yet; press n to write the first.", Place("", "steps")
            )
        for step in subject.steps:
            if is_blank(step.get("claim")):
                yield self.finding(
                    f"{subject.name_of(step['uid'])} has no claim; say in one line what it states.",
                    Place(step["uid"], "claim"),
                )


class DecisionShape(Check):
    id = "decision-shape"
    title = "A decision weighs options"
    tells = (
        "Whether each decision has a question, at least two options with titles, exactly one of "
        "them chosen, and a reason against what was rejected."
    )
    severity = Severity.BLOCK

    def find(self, subject: Subject) -> Iterator[Finding]:
        for step in subject.steps:
            if step.get("kind") == "decision":
                yield from self._count(step, subject.name_of(step["uid"]))
                yield from self._reasons(step, subject.name_of(step["uid"]))
                if is_whole(subject):
                    yield from self._fields(step, subject.name_of(step["uid"]))
                    yield from self._taken(subject, step)

    def _count(self, step: StepContent, name: str) -> Iterator[Finding]:
        options = step.get("options") or ()
        place = Place(step["uid"], "options")
        chosen = sum(bool(option.get("chosen")) for option in options)
        if len(options) < 2:
            yield self.finding(
                f"{name} is a decision with fewer than two options; name what it was decided "
                "against.",
                place,
            )
        elif not chosen:
            yield self.finding(
                f"{name} is a decision without a chosen option; mark the one that was taken.", place
            )
        elif chosen > 1:
            yield self.finding(
                f"{name} has {chosen} chosen options; leave the one that was taken.", place
            )
        titles = [" ".join(str(option.get("title") or "").split()).lower() for option in options]
        if "" in titles:
            yield self.finding(f"{name} has an option without a title.", place)
        twice = [title for title, count in Counter(titles).items() if title and count > 1]
        if twice:
            message = f"{name} has two options called “{twice[0]}”; say how they differ."
            yield self.finding(message, place, severity=Severity.WARN)

    def _reasons(self, step: StepContent, name: str) -> Iterator[Finding]:
        options = list(enumerate(step.get("options") or (), start=1))
        rejected = [(number, option) for number, option in options if not option.get("chosen")]
        without = [(n, option) for n, option in rejected if is_blank(option.get("against"))]
        # One rejected option with its reason makes the decision; the others should have one too.
        severity = Severity.BLOCK if len(without) == len(rejected) else Severity.WARN
        for number, option in without:
            yield self.finding(
                f"{name} rejects {_named(option, number)} without saying what is against it; "
                "give the reason.",
                Place(step["uid"], "options", f"{number}.against"),
                severity=severity,
            )
        for number, option in options:
            if option.get("chosen") and is_blank(option.get("for")):
                yield self.finding(
                    f"{name} takes {_named(option, number)} without saying what is for it; give "
                    "the reason.",
                    Place(step["uid"], "options", f"{number}.for"),
                    severity=Severity.WARN,
                )

    def _taken(self, subject: Subject, step: StepContent) -> Iterator[Finding]:
        """Find a decision for what the explained patch did not do, by its own account."""
        chosen = next((o for o in step.get("options") or () if o.get("chosen")), None)
        which = {"gold": ("gold", "both"), "model": ("agent", "both")}.get(
            str(subject.overview.get("explains")), ()
        )
        others = [
            option
            for option in step.get("options") or ()
            if not option.get("chosen") and option.get("considered_by") in which
        ]
        if chosen and chosen.get("considered_by") in ("agent", "gold", "neither") and others:
            if chosen["considered_by"] in which:
                return
            name = subject.name_of(step["uid"])
            yield self.finding(
                f"{name} takes {_named(chosen, 0)}, which the explained patch did not consider, "
                f"over {_named(others[0], 0)}, which it did. Say which was taken.",
                Place(step["uid"], "options", "chosen"),
                severity=Severity.WARN,
            )

    def _fields(self, step: StepContent, name: str) -> Iterator[Finding]:
        if is_blank(detail(step, "question")):
            yield self.finding(
                f"{name} is a decision without a question; write what was to be decided.",
                Place(step["uid"], "question"),
            )
        known = {citation.get("uid") for citation in step.get("citations") or ()}
        for number, option in enumerate(step.get("options") or (), start=1):
            if is_blank(option.get("considered_by")):
                yield self.finding(
                    f"{name} does not say who considered {_named(option, number)}: the agent, "
                    "the gold patch, both or neither.",
                    Place(step["uid"], "options", f"{number}.considered_by"),
                    severity=Severity.WARN,
                )
            if set(option.get("evidence") or ()) - known:
                yield self.finding(
                    f"{name} rests {_named(option, number)} on a citation that the step does not "
                    "have; choose its evidence again.",
                    Place(step["uid"], "options", f"{number}.evidence"),
                    severity=Severity.WARN,
                )


def _named(option: Mapping[str, Any], number: int) -> str:
    title = str(option.get("title") or "").strip()
    return f"“{title[:60]}”" if title else f"option {number}"


class HypothesisClosed(Check):
    id = "hypothesis-closed"
    title = "A hypothesis is closed or left open on purpose"
    tells = (
        "Whether each hypothesis says how it ended, and whether a step after it, of a kind that "
        "can show it, settles it the way that is said."
    )
    severity = Severity.BLOCK

    def find(self, subject: Subject) -> Iterator[Finding]:
        if not is_whole(subject):
            return
        for step in subject.steps:
            if step.get("kind") == "hypothesis":
                yield from self._outcome(subject, step)
                yield from self._relations(subject, step)

    def _outcome(self, subject: Subject, step: StepContent) -> Iterator[Finding]:
        name, uid = subject.name_of(step["uid"]), step["uid"]
        outcome, settled_by = detail(step, "outcome"), detail(step, "settled_by")
        if is_blank(outcome):
            yield self.finding(
                f"{name} is a hypothesis that does not say how it ended; set it to confirmed, "
                "refuted or left open.",
                Place(uid, "outcome"),
            )
        elif outcome == "open" and settled_by:
            message = f"{name} is left open, yet names a step that settles it; clear one of them."
            yield self.finding(message, Place(uid, "settled_by"), severity=Severity.WARN)
        elif outcome != "open" and is_blank(settled_by):
            yield self.finding(
                f"{name} is {outcome}, but no step is named that settles it; choose the later step "
                "that shows it.",
                Place(uid, "settled_by"),
            )
        if settled_by:
            yield from self._settlement(subject, step, str(settled_by))

    def _settlement(
        self, subject: Subject, step: StepContent, settled_by: str
    ) -> Iterator[Finding]:
        name, place = subject.name_of(step["uid"]), Place(step["uid"], "settled_by")
        own, other = subject.number_of(step["uid"]) or 0, subject.number_of(settled_by)
        if other is None:
            message = f"{name} is settled by a step that is not in the chain; choose another."
            yield self.finding(message, place)
        elif other == own:
            message = f"{name} is said to settle itself; choose the later step that shows it."
            yield self.finding(message, place)
        elif other < own:
            yield self.finding(
                f"{name} is settled by R{other}, which stands before it; choose a later step, or "
                "move the hypothesis.",
                place,
            )
        elif (kind := subject.steps[other - 1].get("kind")) not in _SETTLING:
            yield self.finding(
                f"{name} is settled by R{other}, {_kind(kind)}, which shows nothing by "
                "itself; name the observation, experiment or verification.",
                place,
                severity=Severity.WARN,
            )

    def _relations(self, subject: Subject, step: StepContent) -> Iterator[Finding]:
        """Compare how it ended with what the steps say that they do to it."""
        outcome, settled_by = detail(step, "outcome"), detail(step, "settled_by")
        against = {"confirmed": "refutes", "refuted": "supports", "open": "refutes"}.get(
            str(outcome)
        )
        for other in subject.steps:
            for relation in other.get("relations") or ():
                if relation.get("to") != step["uid"] or relation.get("type") != against:
                    continue
                is_settling = other["uid"] == settled_by
                if outcome == "refuted" and not is_settling:
                    # Something may have spoken for it before it was refuted.
                    continue
                yield self.finding(
                    f"{subject.name_of(step['uid'])} is {'left ' * (outcome == 'open')}{outcome}, "
                    f"but {subject.name_of(other['uid'])} {against} it; mend the one or the other.",
                    Place(step["uid"], "outcome", other["uid"]),
                    severity=Severity.BLOCK if is_settling else Severity.WARN,
                )


class StepHasEvidence(Check):
    id = "step-has-evidence"
    title = "No step without evidence"
    tells = "Whether each step of the chain cites something or holds a check that can be run."
    severity = Severity.BLOCK

    def find(self, subject: Subject) -> Iterator[Finding]:
        for step in subject.steps:
            if step.get("citations") or step.get("probes"):
                continue
            name = subject.name_of(step["uid"])
            place = Place(step["uid"], "citations")
            if weaker := _weaker_evidence(step):
                yield self.finding(
                    f"{name} names {weaker}, but cites nothing; cite the passage that shows it.",
                    place,
                    severity=Severity.WARN,
                )
            else:
                message = f"{name} has no evidence; cite what shows it, or add a check."
                yield self.finding(message, place)


def _weaker_evidence(step: StepContent) -> str:
    if detail(step, "hunks"):
        return "hunks"
    if detail(step, "tests"):
        return "tests"
    return "steps of the trajectory" if step.get("covers") else ""


class EndsInVerification(Check):
    id = "ends-in-verification"
    title = "The chain ends in a verification"
    tells = "Whether a chain that leads to a change ends by verifying it."
    severity = Severity.BLOCK

    def find(self, subject: Subject) -> Iterator[Finding]:
        kinds = [step.get("kind") for step in subject.steps]
        if not kinds or kinds[-1] == "verification":
            return
        ended = subject.overview.get("exit")
        if ended in {"bad_task", "gave_up"}:
            return
        last = subject.steps[-1]["uid"]
        if "verification" not in kinds:
            yield self.finding(
                "The chain has no verification; end it with the step that shows that the change "
                "is right.",
                Place("", "steps"),
                severity=Severity.WARN if ended == "error_found" else Severity.BLOCK,
            )
        else:
            yield self.finding(
                f"The chain ends with {subject.name_of(last)}, {_kind(kinds[-1])}; let the "
                "verification be the last step.",
                Place("", "steps"),
                severity=Severity.WARN,
            )


def _kind(kind: Any) -> str:
    """Return a kind with its article: an observation, a dead end."""
    word = str(kind).replace("_", " ")
    return f"{'an' if word[:1] in 'aeiou' else 'a'} {word}"


class RelationsHold(Check):
    id = "relations-hold"
    title = "Relations lead to other steps, and not in a circle"
    tells = (
        "Whether relations name steps that are there, and whether steps support each other in turn."
    )
    severity = Severity.BLOCK

    def find(self, subject: Subject) -> Iterator[Finding]:
        known = {card["uid"] for card in subject.cards}
        for uid, count in Counter(card["uid"] for card in subject.cards).items():
            if count > 1:
                yield self.finding(
                    f"{subject.name_of(uid)} stands there {count} times under one uid, so that no "
                    "relation tells which is meant; remove the copies.",
                    Place(uid, "uid"),
                )
        for step in subject.steps:
            yield from self._of_step(subject, step, known)
        for circle in circles(_supports(subject)):
            names = [subject.name_of(uid) for uid in circle]
            yield self.finding(
                f"{' supports '.join([*names, names[0]])}: that is a circle; take out the relation "
                "that does not hold.",
                Place(circle[0], "relations", circle[-1]),
            )

    def _of_step(self, subject: Subject, step: StepContent, known: set[str]) -> Iterator[Finding]:
        name = subject.name_of(step["uid"])
        types: dict[str, str] = {}
        for relation in step.get("relations") or ():
            to, kind = str(relation.get("to")), str(relation.get("type"))
            place = Place(step["uid"], "relations", to)
            if to == step["uid"]:
                yield self.finding(f"{name} {kind} itself; choose another step.", place)
            elif to not in known:
                message = f"{name} {kind} a step that is not there; choose another or remove it."
                yield self.finding(message, place)
            elif {types.setdefault(to, kind), kind} == {"supports", "refutes"}:
                yield self.finding(
                    f"{name} both supports and refutes {subject.name_of(to)}; keep one.", place
                )


def _supports(subject: Subject) -> dict[str, list[str]]:
    return {
        step["uid"]: [
            str(relation.get("to"))
            for relation in step.get("relations") or ()
            if relation.get("type") == "supports" and relation.get("to") != step["uid"]
        ]
        for step in subject.steps
    }


def circles(edges: Mapping[str, list[str]]) -> list[tuple[str, ...]]:
    """Return one circle for each edge that closes one, in the order of a walk along the edges."""
    done: set[str] = set()
    found: list[tuple[str, ...]] = []
    for start in edges:
        # Iterators instead of calls: a chain may be longer than Python lets functions nest.
        path = [start] if start not in done else []
        waiting = [iter(edges[start])] if path else []
        while path:
            following = next(waiting[-1], None)
            if following is None:
                done.add(path.pop())
                waiting.pop()
            elif following in path:
                found.append(tuple(path[path.index(following) :]))
            elif following in edges and following not in done:
                path.append(following)
                waiting.append(iter(edges[following]))
    return found


class FieldsOfKind(Check):
    id = "fields-of-kind"
    title = "The fields of each kind are filled"
    tells = "Whether each step has what its kind asks for beside the claim."
    severity = Severity.WARN

    def find(self, subject: Subject) -> Iterator[Finding]:
        if not is_whole(subject):
            return
        for step in subject.steps:
            for field, lack in _LACKS.get(str(step.get("kind")), ()):
                value = step.get(field) if field == "rationale" else detail(step, field)
                if value is None or value == [] or (isinstance(value, str) and is_blank(value)):
                    if field == "tests" and _shows_tests(step):
                        continue
                    message = f"{subject.name_of(step['uid'])} {lack}"
                    yield self.finding(message, Place(step["uid"], field))
            if detail(step, "stands_on") == "probe" and not step.get("probes"):
                yield self.finding(
                    f"{subject.name_of(step['uid'])} is an experiment that stands on a check, but "
                    "holds none; add the check, or let it stand on the trajectory.",
                    Place(step["uid"], "stands_on"),
                    severity=Severity.BLOCK,
                )


def _shows_tests(step: StepContent) -> bool:
    cited = {citation.get("kind") for citation in step.get("citations") or ()}
    return bool(step.get("probes")) or bool(cited & {"test", "probe"})


_REASONS = ("rationale", "has a claim, but no rationale; say why it is so.")
_LACKS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "observation": (_REASONS,),
    "decision": (_REASONS,),
    "hypothesis": (
        _REASONS,
        ("test", "does not say how the hypothesis can be tested; write it."),
    ),
    "experiment": (
        _REASONS,
        ("stands_on", "is an experiment that stands on nothing; choose a check or the trajectory."),
        ("expected", "is an experiment without an expectation; write what was expected."),
    ),
    "change": (
        ("hunks", "is a change without a hunk; choose the hunks that it explains."),
        ("rationale", "does not say why the change is made there; write it."),
    ),
    "verification": (
        ("tests", "is a verification without a test; name the tests, or add a check."),
        ("rationale", "does not say what the tests show; write it."),
        ("does_not_show", "does not say what the tests leave open; write it."),
    ),
    "dead_end": (
        ("rationale", "does not say what was wrong; write it."),
        ("visible_from", "does not say from which step on it could have been seen; name the step."),
        ("cost_steps", "does not say how many steps the dead end cost; give the number."),
        ("instead", "does not say what would have been right; write it."),
    ),
}  # fmt: skip

SHAPE_CHECKS: tuple[Check, ...] = (
    ClaimPresent(),
    DecisionShape(),
    HypothesisClosed(),
    StepHasEvidence(),
    EndsInVerification(),
    RelationsHold(),
    FieldsOfKind(),
)
