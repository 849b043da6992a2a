"""Files, names, tests and lines that the prose mentions are looked for in the code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from annotator.checks.base import Check, Finding, Place, Severity, StepContent, Subject
from annotator.checks.coverage import code_targets, names_test
from annotator.checks.mentions import (
    KNOWN,
    LineMention,
    NameMention,
    distance,
    is_slip_of,
    line_mentions,
    looks_like_code,
    name_mentions,
    path_mentions,
    test_mentions,
)
from annotator.checks.prose import Prose, proses
from annotator.facts import Facts
from annotator.facts.code import near_names
from validation.testids import parse_test_id

# What stands before a path without being part of it.
_ROOTS = ("/testbed/", "./", "a/", "b/", "/")


class NameExists(Check):
    id = "name-exists"
    title = "Files, names and tests exist"
    tells = (
        "Each file, each name in backticks and each test id was looked for at base, with the "
        "tests, at gold and at the model's patch, and in the trajectory."
    )
    severity = Severity.BLOCK

    def find(self, subject: Subject) -> Iterator[Finding]:
        yield from self._tests_of_steps(subject)
        if not subject.facts.code.is_known:
            return
        for prose in proses(subject):
            found = [
                *self._paths(subject.facts, prose),
                *self._tests(subject.facts, prose),
                *self._names(subject.facts, prose),
            ]
            yield from {finding.place.key: finding for finding in found}.values()

    def _about(self, prose: Prose, what: str, message: str, *, is_decided: bool) -> Finding:
        """Return a finding on one mention; what is decided blocks, unless it is only supposed."""
        severity = Severity.BLOCK if is_decided and not prose.may_propose else Severity.WARN
        place = replace(prose.place, part=_part(prose.place, what))
        return self.finding(f"{prose.name} {message}", place, severity=severity)

    # --- files -----------------------------------------------------------------------------------

    def _paths(self, facts: Facts, prose: Prose) -> Iterator[Finding]:
        for mention in path_mentions(prose.text):
            path = within_repository(mention.path)
            if path is None or _has_path(facts, path):
                continue
            near = facts.code.near_paths(path)
            is_repository = _begins_in_a_folder(facts, path) or (
                bool(near) if "/" in path else any(is_slip_of(path, _name(p)) for p in near)
            )
            if not is_repository and not mention.is_code:
                continue
            yield self._about(
                prose,
                mention.path,
                f"names {mention.path}, which no tree has.{_meant(near)}",
                is_decided=is_repository,
            )

    # --- names -----------------------------------------------------------------------------------

    def _names(self, facts: Facts, prose: Prose) -> Iterator[Finding]:
        for mention in name_mentions(prose.text):
            missing = _missing_part(facts, mention)
            # Those of tests are looked for as tests.
            if missing is None or missing.startswith("test_"):
                continue
            near = facts.code.near_words(missing)
            slips = [word for word in near if is_slip_of(missing, word)]
            is_code = looks_like_code(missing) or len(mention.parts) > 1 or "(" in mention.text
            # Of a new name in a piece of code, or for what is only supposed, nothing is known.
            if not slips and (mention.kind != "symbol" or prose.may_propose):
                continue
            meant = _meant(slips or near)
            whole = f", in `{mention.text:.60}`" if missing != mention.text else ""
            yield self._about(
                prose,
                missing,
                f"names `{missing}`{whole}, which stands nowhere in the code.{meant}",
                is_decided=any(
                    _is_decided(facts, mention, missing, word, is_code=is_code) for word in slips
                ),
            )

    # --- tests -----------------------------------------------------------------------------------

    def _tests(self, facts: Facts, prose: Prose) -> Iterator[Finding]:
        for name in test_mentions(prose.text):
            if not _has_test(facts, name):
                near = _near_tests(facts, name)
                is_decided = "::" in name or any(
                    is_slip_of(name, parse_test_id(one).name) for one in near
                )
                message = f"names the test {name}, which is not there.{_meant(near)}"
                yield self._about(prose, name, message, is_decided=is_decided)

    def _tests_of_steps(self, subject: Subject) -> Iterator[Finding]:
        """Find ids in the list of a verification's tests that no test has."""
        facts = subject.facts
        for step in subject.steps:
            for test_id in (step.get("details") or {}).get("tests") or ():
                if not _has_test(facts, test_id):
                    name = subject.name_of(step["uid"])
                    near = _meant(_near_tests(facts, test_id))
                    place = Place(step["uid"], "tests", test_id)
                    message = f"{name} lists the test {test_id}, which is not there.{near}"
                    yield self.finding(message, place)


def within_repository(path: str) -> str | None:
    """Return a path as trees have it; None for what lies outside of the repository."""
    for root in _ROOTS:
        if path.startswith(root):
            rest = path.removeprefix(root)
            # Other absolute paths are of the machine; so is what is above the repository.
            return rest if root != "/" and rest else None
    return None if path.startswith("..") else path


def _has_path(facts: Facts, path: str) -> bool:
    if facts.code.matching(path) or facts.code.has_folder(path):
        return True
    # What the agent wrote and removed again, and what the issue speaks of.
    return facts.code.is_said(path)


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _begins_in_a_folder(facts: Facts, path: str) -> bool:
    folder, _, rest = path.partition("/")
    return bool(rest) and facts.code.has_folder(folder)


def _meant(near: Iterable[str]) -> str:
    """Suggest what may have been meant."""
    names = list(dict.fromkeys(near))[:3]
    return f" Is it {' or '.join(names)}?" if names else " Correct it, or say where it is."


def _is_decided(
    facts: Facts, mention: NameMention, missing: str, meant: str, *, is_code: bool
) -> bool:
    """Tell whether a name that is nowhere is surely a slip for another, and no name of its own."""
    if len(missing) != len(meant) and missing.replace("_", "") == meant.replace("_", ""):
        return False
    if mention.kind == "word":
        # Names of products have capitals too.
        return "_" in missing
    if mention.kind == "symbol" and not is_code:
        # A word in backticks, which may be a word: unless the code at hand has it but for a letter.
        return len(missing) > 5 and distance(missing, meant) == 1 and facts.is_at_hand(meant)
    return mention.kind == "symbol"


def _part(place: Place, what: str) -> str:
    return f"{place.part}:{what}" if place.part else what


def _missing_part(facts: Facts, mention: NameMention) -> str | None:
    """Return the part of a dotted name that stands nowhere, if there is one."""
    parts = [part for part in mention.parts if part not in ("self", "cls", "this", "super")]
    if not parts or (len(parts) > 1 and parts[0] in KNOWN and not facts.code.has_word(parts[0])):
        return None
    for part in parts:
        if part in KNOWN or len(part) < 3 or facts.code.has_word(part):
            continue
        return part
    return None


def _has_test(facts: Facts, name: str) -> bool:
    """Tell whether a task or a run has a test, or the code does."""
    if name in facts.runs.known_tests:
        return True
    own = parse_test_id(name)
    if not own.path:
        known = facts.runs.tests_by_name.get(own.name or name, ())
        is_known = any(names_test(name, test_id) for test_id in known)
        bare = (own.name or name).partition("[")[0]
        return is_known or (facts.code.is_known and facts.code.has_word(bare))
    if not facts.code.is_known:
        return not facts.runs.known_tests
    return any(
        all(part in facts.code.words_of_file(path) for part in (*own.owners, own.name) if part)
        for path in facts.code.matching(own.path)
    )


def _near_tests(facts: Facts, name: str) -> list[str]:
    own = parse_test_id(name).name or name.rpartition("::")[2]
    by_name = facts.runs.tests_by_name
    if own in by_name:
        return list(by_name[own])
    return [by_name[near][0] for near in near_names(own, by_name)]


# --- lines ---------------------------------------------------------------------------------------


class LineNumberCited(Check):
    id = "line-number-cited"
    title = "Line numbers match citations"
    tells = "Each line number in the prose was compared with the lines that its step cites."
    severity = Severity.WARN

    def find(self, subject: Subject) -> Iterator[Finding]:
        cards = {card["uid"]: card for card in subject.cards}
        every = [_range(target) for card in subject.cards for target in code_targets(card)]
        for prose in proses(subject):
            card = cards.get(prose.place.step)
            for mention in line_mentions(prose.text):
                if message := _line_trouble(subject.facts, mention, card, every):
                    part = _part(prose.place, mention.words)
                    severity = Severity.BLOCK if message.startswith("names") else Severity.WARN
                    if prose.may_propose:
                        severity = Severity.WARN
                    place = replace(prose.place, part=part)
                    yield self.finding(f"{prose.name} {message}", place, severity=severity)


_Range = tuple[str, int, int]


def _range(target: object) -> _Range:
    return (target.path, target.start_line, target.end_line)  # type: ignore[attr-defined]


def _line_trouble(
    facts: Facts, mention: LineMention, card: StepContent | None, every: list[_Range]
) -> str:
    """Say what is wrong with a line number, or return an empty text."""
    own = [_range(target) for target in code_targets(card)] if card else every
    if _is_cited(mention, own) or (card and _is_quoted(mention, card)):
        return ""
    if mention.path and (beyond := _beyond(facts, mention)):
        return f"names {mention.words}, but {beyond}. Correct the number."
    where = "the step" if card else "the annotation"
    cited = ", ".join(f"{path}:{first}–{last}" for path, first, last in own[:3])
    beside = f" It cites {cited}." if cited else ""
    return f"speaks of {mention.words}, which {where} does not cite.{beside} Cite the line."


def _is_cited(mention: LineMention, ranges: Iterable[_Range]) -> bool:
    """Tell whether all the lines are cited, by one citation or by several of a file."""
    by_path: dict[str, set[int]] = {}
    for path, first, last in ranges:
        if not mention.path or _is_same_file(path, mention.path):
            by_path.setdefault(path, set()).update(range(first, last + 1))
    wanted = set(range(mention.first, min(mention.last, mention.first + 5_000) + 1))
    return any(wanted <= lines for lines in by_path.values())


def _is_same_file(path: str, named: str) -> bool:
    plain = within_repository(named) or named
    return path == plain or path.endswith(f"/{plain}")


def _is_quoted(mention: LineMention, card: StepContent) -> bool:
    """Tell whether a quote of the step, such as a traceback, has the number itself."""
    numbers = {str(mention.first), str(mention.last)}
    quotes = [c["quote"] for c in card.get("citations", ()) if c["kind"] not in ("file", "patch")]
    return any(all(_has_number(quote, number) for number in numbers) for quote in quotes)


def _has_number(text: str, number: str) -> bool:
    return number in "".join(c if c.isalnum() else " " for c in text).split()


def _beyond(facts: Facts, mention: LineMention) -> str:
    """Say that a file ends before the line at every tree, or return an empty text."""
    path = within_repository(mention.path)
    if path is None or not facts.code.is_known:
        return ""
    lengths = [
        n
        for found in facts.code.matching(path)
        for tree in facts.code.trees
        if (n := facts.code.n_lines(tree, found)) is not None
    ]
    longest = max(lengths, default=0)
    return f"it has {longest} lines at most" if lengths and longest < mention.last else ""
