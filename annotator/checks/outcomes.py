"""What is claimed of outcomes is compared with runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from annotator.checks.base import Check, Finding, Place, Severity, StepContent, Subject
from annotator.checks.claims import (
    OutcomeClaim,
    ResolvedClaim,
    outcome_claims,
    resolved_claims,
    trees_in,
)
from annotator.checks.coverage import code_targets, names_test, tree_and_side
from annotator.checks.prose import Prose, plain, proses
from annotator.citations.anchors import Cited
from annotator.facts import Facts
from annotator.facts.runs import TreeRun
from annotator.frozen_probes import frozen_probe
from annotator.models import StepProbe
from validation.contexts.verdicts import PASSING
from validation.models import Probe, TestStatus
from validation.probes.expectation import BadExpectation, read_expectation
from validation.probes.judging import Facts as Ran
from validation.probes.judging import judge
from validation.testids import parse_test_id

_FAILING = frozenset({TestStatus.FAILED, TestStatus.ERROR, TestStatus.MISSING})
_TREES = ("base", "gold", "model")
_NAMES = {"base": "base", "gold": "gold", "model": "the model's patch"}


class OutcomeAgrees(Check):
    id = "outcome-agrees"
    title = "Outcomes agree with runs"
    tells = "Each plain claim that tests pass, fail or error at a tree was compared with its run."
    severity = Severity.BLOCK

    def find(self, subject: Subject) -> Iterator[Finding]:
        if subject.facts.is_blind:
            return
        cards = {card["uid"]: card for card in subject.cards}
        for prose in proses(subject):
            # What a hypothesis says may be wrong; what it is said to stand on may not.
            if prose.is_supposed and not (prose.is_conjecture and prose.place.field == "rationale"):
                continue
            card = cards.get(prose.place.step)
            for number, claim in enumerate(outcome_claims(prose.text), start=1):
                place = _place(prose, f"claim {number}")
                yield from self._outcome(subject.facts, prose, claim, card, place)
            for number, resolved in enumerate(resolved_claims(prose.text), start=1):
                place = _place(prose, f"verdict {number}")
                yield from self._resolved(subject.facts, prose, resolved, place)
        yield from self._solved(subject)

    def _outcome(
        self,
        facts: Facts,
        prose: Prose,
        claim: OutcomeClaim,
        card: StepContent | None,
        place: Place,
    ) -> Iterator[Finding]:
        if not claim.tree:
            if message := _against_own(claim, card):
                yield self.finding(f"{prose.name} {message}", place)
            return
        run = facts.runs.latest.get(claim.tree)
        statuses = {**(run.statuses if run else {}), **_of_probes(card, claim.tree)}
        if run is None and not statuses:
            yield self._uncovered(prose, claim.tree, claim.sentence, place)
        elif claim.group:
            if run and (message := _group_trouble(facts, claim, run)):
                yield self.finding(f"{prose.name} {message}", place)
        else:
            yield from self._tests(facts, prose, claim, statuses, place)

    def _tests(
        self,
        facts: Facts,
        prose: Prose,
        claim: OutcomeClaim,
        statuses: Mapping[str, str],
        place: Place,
    ) -> Iterator[Finding]:
        tree = _NAMES[claim.tree]
        for name in claim.tests:
            found = {i: s for i, s in statuses.items() if names_test(name, i)}
            # What does not end alike each time is held against nobody.
            if facts.runs.flaky & found.keys() or any(agrees(claim, s) for s in found.values()):
                continue
            own = replace(place, part=f"{place.part}:{name}")
            if not found:
                yield self.finding(
                    f"{prose.name} says that {name} {_verb(claim)} at {tree}, and no run there "
                    "had this test. Check the claim in the step.",
                    own,
                    severity=Severity.WARN,
                    offer=f"run:{claim.tree}",
                )
                continue
            test_id, status = next(iter(found.items()))
            yield self.finding(
                f"{prose.name} says that {name} {_verb(claim)} at {tree}, but the run there says "
                f"{status} {test_id}. Correct the claim.",
                own,
            )

    def _uncovered(self, prose: Prose, tree: str, sentence: str, place: Place) -> Finding:
        return self.finding(
            f"{prose.name} claims an outcome that no run covers: “{_short(sentence)}” Run the "
            f"tests at {_NAMES[tree]}.",
            place,
            severity=Severity.WARN,
            offer=f"run:{tree}",
        )

    def _resolved(
        self, facts: Facts, prose: Prose, claim: ResolvedClaim, place: Place
    ) -> Iterator[Finding]:
        run = facts.runs.latest.get(claim.tree)
        if claim.tree == "base":
            return
        if run is None:
            yield self._uncovered(prose, claim.tree, claim.sentence, place)
        elif run.is_resolved != claim.is_resolved:
            said = "resolves" if claim.is_resolved else "does not resolve"
            is_so = "resolves it" if run.is_resolved else "does not resolve it"
            yield self.finding(
                f"{prose.name} says that the {claim.tree} patch {said} the task, but by run "
                f"{run.run_id} it {is_so}. Correct the claim.",
                place,
            )

    def _solved(self, subject: Subject) -> Iterator[Finding]:
        """Find an exit that calls a patch a solution which a run says is none."""
        overview = subject.overview
        run = subject.facts.runs.latest.get("model")
        if overview.get("exit") == "solved" and overview.get("explains") == "model":
            if run is None or run.is_resolved:
                return
            yield self.finding(
                "The exit is “solved” and the steps explain the model's patch, but by run "
                f"{run.run_id} it does not resolve the task. Explain the gold patch, or say that "
                "an error was found.",
                Place("", "exit"),
                severity=Severity.WARN,
            )


def _place(prose: Prose, part: str) -> Place:
    return replace(prose.place, part=f"{prose.place.part}:{part}" if prose.place.part else part)


def agrees(claim: OutcomeClaim, status: str) -> bool:
    """Tell whether a status bears a claim out; a skipped test neither passes nor fails."""
    match claim.verb:
        case "passes" | "does not fail":
            return status in PASSING or (claim.verb == "does not fail" and status == "SKIPPED")
        case "errors":
            return status == TestStatus.ERROR
        case _:
            return status in _FAILING or (claim.verb == "does not pass" and status == "SKIPPED")


def _verb(claim: OutcomeClaim) -> str:
    return claim.verb


def _group_trouble(facts: Facts, claim: OutcomeClaim, run: TreeRun) -> str:
    """Say which tests of a group contradict what is claimed of them, or return an empty text."""
    groups = {
        "FAIL_TO_PASS": facts.runs.fail_to_pass,
        "PASS_TO_PASS": facts.runs.pass_to_pass,
        "all": (*facts.runs.fail_to_pass, *facts.runs.pass_to_pass),
    }
    ids = [
        t for t in groups[claim.group or "all"] if t in run.statuses and t not in facts.runs.flaky
    ]
    if claim.size is not None and claim.size != len(ids) and claim.quantity != "any":
        return ""
    agreeing = [t for t in ids if agrees(claim, run.statuses[t]) or run.statuses[t] == "SKIPPED"]
    against = [t for t in ids if t not in agreeing]
    if claim.count is not None and ids:
        return _count_trouble(claim, ids, agreeing)
    match claim.quantity:
        case "all" if not against:
            return ""
        case "none" if not any(agrees(claim, run.statuses[test]) for test in ids):
            return ""
        case "some" if against:
            return ""
        case "any":
            is_so = any(agrees(claim, run.statuses[test]) for test in ids)
            return "" if is_so or not ids else _nothing_of_it(claim, ids)
    if not ids:
        return ""
    really = [test for test in ids if agrees(claim, run.statuses[test])]
    shown = (really if claim.quantity == "none" else against or ids)[0]
    which = {"all": claim.group or "all", "none": "no test", "some": "not all"}[claim.quantity]
    what = f"{which} tests" if claim.quantity == "all" else which
    return (
        f"says of {what} at {_NAMES[claim.tree]}: {claim.verb}; but the run there says "
        f"{run.statuses[shown]} {shown}. Correct the claim."
    )


def _nothing_of_it(claim: OutcomeClaim, ids: list[str]) -> str:
    which = "tests" if claim.group == "all" else f"{claim.group} tests"
    return (
        f"says of {which} at {_NAMES[claim.tree]}: {claim.verb}; but by the run there none of "
        f"the {len(ids)} does. Correct the claim."
    )


def _count_trouble(claim: OutcomeClaim, ids: list[str], agreeing: list[str]) -> str:
    """Say how many of a group fare as is claimed; parametrised tests may be counted as one."""
    names = {parse_test_id(test_id).name for test_id in agreeing}
    if claim.count in (len(agreeing), len(names)):
        return ""
    return (
        f"says of {claim.count} {claim.group} tests at {_NAMES[claim.tree]}: {claim.verb}; by the "
        f"run there it is {len(agreeing)} of {len(ids)}. Correct the number."
    )


def _against_own(claim: OutcomeClaim, card: StepContent | None) -> str:
    """Compare a claim that names no tree with the outcomes that its own step cites."""
    cited = [
        (str(c["target"].get("test_id", "")), c["quote"].partition(" ")[0])
        for c in (card or {}).get("citations", ())
        if c["kind"] == "test"
    ]
    for name in claim.tests:
        own = [status for test_id, status in cited if names_test(name, test_id)]
        if own and not any(agrees(claim, status) for status in own):
            return (
                f"says that {name} {claim.verb}, but cites that it {own[0]}. Correct the claim, or "
                "cite the run that shows it."
            )
    return ""


def _of_probes(card: StepContent | None, tree: str) -> dict[str, str]:
    """Return the statuses that the step's own executed claims have at a tree."""
    return {
        test_id: status
        for probe in (card or {}).get("probes", ())
        if probe["tree"] == tree and probe.get("result") and not probe.get("extra_patch")
        for test_id, status in probe["result"].get("statuses", {}).items()
    }


def _short(text: str) -> str:
    return text if len(text) <= 90 else f"{text[:89]}…"


# --- evidence of the wrong tree ------------------------------------------------------------------


class EvidenceAtTree(Check):
    id = "evidence-at-tree"
    title = "Evidence is of the tree that is claimed"
    tells = "A claim that names one tree was compared with the trees that its evidence is of."
    severity = Severity.WARN

    def find(self, subject: Subject) -> Iterator[Finding]:
        runs = [
            citation["target"].get("run", 0)
            for card in subject.cards
            for citation in card.get("citations", ())
            if citation["kind"] == "test"
        ]
        trees = subject.facts.runs.trees_of(n for n in runs if isinstance(n, int))
        anchors = subject.facts.anchors(())
        for card in subject.cards:
            claimed = trees_in(plain(card.get("claim", "")))
            found = set(_trees_of_evidence(card, trees))
            if len(claimed) != 1 or not found or claimed & found:
                continue
            tree = next(iter(claimed))
            severity = _asked_evidence(card, tree, found)
            if severity is None:
                continue
            cited = [Cited.of_content(c) for c in card.get("citations", ()) if c["kind"] == "file"]
            # Lines that are the same at both trees are evidence for either.
            stands = [list(anchors.trees_with(one, (tree,))) for one in cited]
            if stands and all(stands):
                continue
            name = subject.name_of(card["uid"])
            others = ", ".join(_NAMES.get(one, one) for one in sorted(found))
            yield self.finding(
                f"{name} speaks of {_NAMES[tree]}, but its evidence is of {others}. Cite what "
                f"stands at {_NAMES[tree]}.",
                Place(card["uid"], "citations", tree),
                severity=severity,
            )


# “At gold …”: what stands there. “The gold patch replaces …” may as well cite what it replaces.
_STANDS_AT = {
    "gold": re.compile(
        r"\b(?:at|in) (?:the )?gold\b(?! patch)|\b(?:with|after|under) the gold patch\b", re.I
    ),
    "model": re.compile(
        r"\bat (?:the )?model\b(?! patch)|\b(?:with|after|under) the (?:agent|model)['’]s patch\b",
        re.I,
    ),
}


def _asked_evidence(card: StepContent, tree: str, found: set[str]) -> Severity | None:
    """Say how surely a claim about a tree asks for evidence of it; None where it does not."""
    kinds = {citation["kind"] for citation in card.get("citations", ())}
    if tree == "base":
        is_sure = "test" in kinds or "file" in kinds
        return None if "tests" in found else Severity.BLOCK if is_sure else Severity.WARN
    if "test" in kinds and _claims_outcome(card, tree):
        return Severity.BLOCK
    says_where = _STANDS_AT[tree].search(plain(card.get("claim", "")))
    return Severity.WARN if says_where and "file" in kinds else None


def _claims_outcome(card: StepContent, tree: str) -> bool:
    return any(claim.tree == tree for claim in outcome_claims(card.get("claim", "")))


def _trees_of_evidence(card: StepContent, runs: Mapping[int, str]) -> Iterator[str]:
    """Yield the trees that citations and executed claims of a step are of."""
    for target in code_targets(card):
        yield tree_and_side(target)[0]
        # A diff shows both of its sides.
        if not hasattr(target, "tree"):
            yield from (t for t in _TREES if t in ("base", target.which))
    for citation in card.get("citations", ()):
        run = citation["target"].get("run") if citation["kind"] == "test" else None
        if isinstance(run, int) and run in runs:
            yield runs[run]
    yield from (str(probe["tree"]) for probe in card.get("probes", ()))


# --- executed claims -----------------------------------------------------------------------------

_SAME = ("tree", "with_test_patch", "extra_patch", "command", "test_ids", "expectation")
_SAME_RESULT = ("judgement", "outcome", "exit_code", "statuses")


class ProbeAsClaimed(Check):
    id = "probe-as-claimed"
    title = "Checks are as claimed"
    tells = "Each executed claim was compared with its stored run, and asked for its judgement."
    severity = Severity.BLOCK

    def find(self, subject: Subject) -> Iterator[Finding]:
        held = [(card, probe) for card in subject.cards for probe in card.get("probes", ())]
        stored = subject.facts.runs.probes(probe["uid"] for _, probe in held)
        for card, frozen in held:
            place = Place(card["uid"], "probes", frozen["uid"])
            name = subject.name_of(card["uid"])
            known = stored.get(frozen["uid"])
            differs = _differences(frozen, frozen_probe(_held(known))) if known else []
            if differs:
                yield self.finding(
                    f"{name} has a check that is not the one that was run: its "
                    f"{', '.join(differs)} differ. Run it again.",
                    place,
                )
            elif message := _against_its_result(frozen):
                yield self.finding(f"{name} {message}", place)
            else:
                yield from self._judged(name, card, frozen, place)
                if known is None or (frozen.get("result") and not _was_judged(known)):
                    yield self.finding(
                        f"{name} has a check that was not run here, so that its result cannot "
                        "be looked up. Run it again.",
                        place,
                        severity=Severity.WARN,
                    )

    def _judged(
        self, name: str, card: StepContent, frozen: Mapping[str, Any], place: Place
    ) -> Iterator[Finding]:
        result = frozen.get("result") or {"judgement": "", "reason": ""}
        judgement = result["judgement"]
        if judgement == "as_claimed":
            return
        if not judgement:
            message = f"{name} has a check without a result. Wait for it, or remove it."
            yield self.finding(message, place)
        elif judgement == "could_not_run":
            message = f"{name} has a check that could not run: {result['reason']} Run it again."
            yield self.finding(message, place, severity=Severity.WARN)
        else:
            is_finding = _speaks_of_a_refutation(card)
            yield self.finding(
                f"{name} has a check that did not come out as claimed: {result['reason']} "
                "Correct the claim, or say that it is refuted.",
                place,
                severity=Severity.INFORM if is_finding else Severity.BLOCK,
            )


def _was_judged(probe: Probe) -> bool:
    """Tell whether a check was run here, and not only loaded with a result."""
    return any(result.judgement for result in probe.results.all())


def _speaks_of_a_refutation(card: StepContent) -> bool:
    """Tell steps where a claim that does not hold is the point."""
    kind, details = card.get("kind"), card.get("details") or {}
    is_refuted = kind == "hypothesis" and details.get("outcome") == "refuted"
    return is_refuted or kind in ("dead_end", "experiment")


def _differences(frozen: Mapping[str, Any], stored: Mapping[str, Any]) -> list[str]:
    """Name the fields in which a frozen check is another than the stored one."""
    found = [field for field in _SAME if frozen.get(field) != stored.get(field)]
    own, real = frozen.get("result"), stored.get("result")
    if own and real and own.get("run") == real.get("run"):
        found += [field for field in _SAME_RESULT if own.get(field) != real.get(field)]
    return [field.replace("_", " ") for field in found]


def _against_its_result(frozen: Mapping[str, Any]) -> str:
    """Judge what a frozen check says of its own run; empty where it agrees or cannot be told."""
    result = frozen.get("result")
    if not result or result["judgement"] not in ("as_claimed", "not_as_claimed"):
        return ""
    expected = frozen.get("expectation") or {}
    if expected.get("kind") not in ("tests_pass", "tests_fail", "exit_status", "fails"):
        return ""
    try:
        expectation = read_expectation(expected)
    except BadExpectation as error:
        return f"has a check that cannot be read: {error}"
    ran = Ran(
        trouble="",
        exit_code=result.get("exit_code"),
        output="",
        output_is_cut=False,
        statuses=_complete(frozen.get("test_ids", ()), result.get("statuses") or {}),
    )
    judged = judge(expectation, ran)
    if judged.verdict.value == result["judgement"]:
        return ""
    return (
        f"has a check that is called {result['judgement'].replace('_', ' ')}, which its run does "
        f"not bear out: {judged.reason} Run it again."
    )


def _complete(test_ids: Iterable[str], statuses: Mapping[str, str]) -> dict[str, str]:
    return {test_id: statuses.get(test_id, "MISSING") for test_id in test_ids}


def _held(probe: Probe) -> StepProbe:
    """Return the probe as a step holds it, with the result that it may have been loaded with."""
    return getattr(probe, "step_probe", None) or StepProbe(probe=probe)
