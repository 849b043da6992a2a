"""What has to be accounted for: hunks, FAIL_TO_PASS tests, the root cause."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from annotator.checks.base import Check, Finding, Place, Severity, StepContent, Subject
from annotator.checks.mentions import test_mentions
from annotator.checks.prose import sentences, step_proses
from annotator.checks.shape import is_whole
from annotator.citations.targets import CannotCite, FileTarget, PatchTarget, Target, read_target
from annotator.facts.patches import HunkFact
from annotator.hunks import HunkRef
from trajectories.code import sides_of
from trajectories.symbols import Symbol, enclosing
from validation.testids import parse_test_id

# Exits of work that did not get as far as a change.
_UNFINISHED = frozenset({"bad_task", "gave_up"})


def _severity(subject: Subject) -> Severity:
    is_unfinished = subject.overview.get("exit") in _UNFINISHED
    return Severity.INFORM if is_unfinished else Severity.BLOCK


class HunkExplained(Check):
    id = "hunk-explained"
    title = "Hunks explained"
    tells = "Each hunk of the explained patch was looked for in the change steps."
    severity = Severity.BLOCK

    def find(self, subject: Subject) -> Iterator[Finding]:
        if not is_whole(subject):
            return
        which = subject.overview.get("explains") or "gold"
        changes = [step for step in subject.steps if step["kind"] == "change"]
        yield from self._unknown(subject, changes)
        named = {_key(hunk) for step in changes for hunk in _named(step)}
        targets = [target for step in changes for target in code_targets(step)]
        for hunk in subject.facts.patches.hunks(which):
            if hunk.key in named:
                continue
            if any(covers(target, which, hunk) for target in targets):
                yield self.finding(
                    f"A change step cites the hunk {hunk.ref.label} of the {which} patch, but none "
                    "names it as what it explains. Name it there.",
                    Place("", "hunks", hunk.key),
                    severity=Severity.WARN,
                )
                continue
            yield self.finding(
                f"No change step explains the hunk {hunk.ref.label} of the {which} patch. Name it "
                "in the step that explains it, or let this stand with a reason.",
                Place("", "hunks", hunk.key),
                severity=_severity(subject),
            )

    def _unknown(self, subject: Subject, changes: Iterable[StepContent]) -> Iterator[Finding]:
        facts = subject.facts
        for step in changes:
            for named in _named(step):
                which, key = named.get("which", ""), _key(named)
                if which == "gold" and facts.is_blind:
                    continue
                if all(hunk.key != key for hunk in facts.patches.hunks(which)):
                    name = subject.name_of(step["uid"])
                    yield self.finding(
                        f"{name} explains a hunk {_label(named)} that the {which} patch does not "
                        "have. Choose the hunk anew.",
                        Place(step["uid"], "hunks", key),
                    )


def _named(step: StepContent) -> list[Mapping[str, Any]]:
    return list((step.get("details") or {}).get("hunks") or ())


def _ref(named: Mapping[str, Any]) -> HunkRef:
    counts = ("old_start", "old_count", "new_start", "new_count")
    return HunkRef(
        str(named.get("which", "")), str(named.get("path", "")), *(named.get(c, 0) for c in counts)
    )


def _key(named: Mapping[str, Any]) -> str:
    return _ref(named).key


def _label(named: Mapping[str, Any]) -> str:
    return _ref(named).label


def code_targets(card: StepContent) -> Iterator[FileTarget | PatchTarget]:
    """Yield where the citations of code of a step point."""
    for citation in card.get("citations", ()):
        try:
            target: Target = read_target(citation["kind"], citation["target"])
        except CannotCite:
            continue
        if isinstance(target, FileTarget | PatchTarget):
            yield target


def covers(target: FileTarget | PatchTarget, which: str, hunk: HunkFact) -> bool:
    """Tell whether cited lines are among those that a hunk of the gold or model patch changes."""
    tree, side = tree_and_side(target)
    lines = (target.path, target.start_line, target.end_line)
    if isinstance(target, PatchTarget) and target.which == which:
        return hunk.touches(target.side, *lines)
    if tree in ("base", "tests") and side != "new":
        return hunk.touches("old", *lines)
    return tree == which and hunk.touches("new", *lines)


def tree_and_side(target: FileTarget | PatchTarget) -> tuple[str, str]:
    """Return the tree whose lines a target counts, and the side, where it is of a diff."""
    if isinstance(target, FileTarget):
        return target.tree, ""
    old, new = sides_of(target.which)
    return (old, "old") if target.side == "old" else (new, "new")


# --- tests ---------------------------------------------------------------------------------------


class TestAccounted(Check):
    id = "test-accounted"
    title = "FAIL_TO_PASS accounted for"
    tells = "Each FAIL_TO_PASS test was looked for in verification steps, citations and checks."
    severity = Severity.BLOCK

    __test__ = False

    def find(self, subject: Subject) -> Iterator[Finding]:
        wanted = subject.facts.runs.fail_to_pass if is_whole(subject) else ()
        named = list(_tests_named(subject))
        if any(_ALL in name for name in named):
            return
        for test_id in wanted:
            if not any(names_test(name, test_id) for name in named):
                yield self.finding(
                    f"Nothing accounts for the FAIL_TO_PASS test {test_id}. Name it in a "
                    "verification step and say what it shows, or cite its outcome.",
                    Place("", "tests", test_id),
                    severity=_severity(subject),
                )


_ALL = "*"


def _tests_named(subject: Subject) -> Iterator[str]:
    """Yield tests that are cited anywhere, run by a check, or named in a verification step."""
    for card in subject.cards:
        for citation in card.get("citations", ()):
            if citation["kind"] == "test":
                yield str(citation["target"].get("test_id", ""))
        for probe in card.get("probes", ()):
            yield from probe.get("test_ids", ())
        if card.get("kind") != "verification":
            continue
        yield from (card.get("details") or {}).get("tests") or ()
        for prose in step_proses(card, ""):
            yield from test_mentions(prose.text)
            if any(_names_all(sentence) for sentence in sentences(prose.text)):
                yield _ALL
            # Ids of runners that write sentences are looked for as they stand.
            yield from (t for t in subject.facts.runs.fail_to_pass if t in prose.text)


def _names_all(sentence: str) -> bool:
    words = " ".join(sentence.replace("`", "").split())
    return any(
        f"{quantity} FAIL_TO_PASS" in words
        for quantity in ("all", "All", "both", "Both", "every", "Every", "each", "Each")
    )


def names_test(name: str, test_id: str) -> bool:
    """Tell whether a text means a test: its id, its id without parameters, or its name alone."""
    if name == test_id:
        return True
    own = parse_test_id(test_id)
    bare = test_id.removesuffix(own.parameters) if own.parameters else test_id
    return bool(own.name) and name in (bare, own.name, f"{own.name}{own.parameters}")


names_test.__test__ = False  # type: ignore[attr-defined]


# --- the root cause ------------------------------------------------------------------------------


class RootCauseCited(Check):
    id = "root-cause-cited"
    title = "Root cause in the code"
    tells = (
        "The root cause was asked for code that it cites, and whether the gold patch touches it."
    )
    severity = Severity.BLOCK

    def find(self, subject: Subject) -> Iterator[Finding]:
        cause = subject.root_cause
        if cause is None:
            return
        targets = list(code_targets(cause))
        says_why = bool((cause.get("elsewhere") or "").strip())
        place = Place(cause["uid"], "citations")
        hunks = subject.facts.patches.hunks("gold")
        if not targets:
            yield self.finding(
                "The root cause cites no code. Cite the lines that are at fault.", place
            )
        elif not hunks or says_why or any(_is_touched(subject, target) for target in targets):
            return
        elif any(target.path in subject.facts.patches.paths("gold") for target in targets):
            yield self.finding(
                "The root cause cites a file that the gold patch changes, but other parts of it. "
                "Cite the lines or the function at fault, or say why it is elsewhere.",
                place,
                severity=Severity.WARN,
            )
        else:
            cited = ", ".join(sorted({target.path for target in targets}))
            touched = ", ".join(sorted(subject.facts.patches.paths("gold")))
            yield self.finding(
                f"The root cause cites {cited}; the gold patch touches {touched}. Cite the code "
                "at fault, or say why it is elsewhere.",
                place,
            )


def _is_touched(subject: Subject, target: FileTarget | PatchTarget) -> bool:
    """Tell whether gold changes the cited lines, or the function that they are in."""
    tree, _ = tree_and_side(target)
    hunks = subject.facts.patches.hunks("gold")
    if any(covers(target, "gold", hunk) for hunk in hunks):
        return True
    symbols = subject.facts.code.symbols(tree, target.path)
    cited = {
        name
        for line in (target.start_line, target.end_line)
        if (name := _function_at(symbols, line))
    }
    if not symbols:
        return any(target.path in (hunk.ref.path, hunk.old_path) for hunk in hunks)
    return bool(cited & _functions_changed(subject, target.path))


def _functions_changed(subject: Subject, path: str) -> set[str]:
    """Return the functions of a file that gold changes, by their qualified names."""
    found = set()
    for hunk in subject.facts.patches.hunks("gold"):
        sides = (("base", hunk.old_path, hunk.old_lines), ("gold", hunk.ref.path, hunk.new_lines))
        for tree, own, lines in sides:
            if path in (hunk.old_path, hunk.ref.path):
                symbols = subject.facts.code.symbols(tree, own)
                found |= {name for line in lines if (name := _function_at(symbols, line))}
    return found


def _function_at(symbols: tuple[Symbol, ...], line: int) -> str:
    found = enclosing(symbols, line)
    return found.qualified_name if found else ""
