"""What is said of the patches, and of where code stands, is compared with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from annotator.checks.base import Check, Finding, Severity, Subject
from annotator.checks.code_claims import CodeClaim, DefinedIn, LinesOfFile, NameAtBase, code_claims
from annotator.checks.patch_claims import (
    FilesChanged,
    FilesCounted,
    HunksCounted,
    NamePresent,
    PatchClaim,
    SameFiles,
    TestsAdded,
    patch_claims,
)
from annotator.checks.prose import Prose, proses
from annotator.facts import Facts
from annotator.facts.conduct import is_test_file, same_file

# What speaks against a claim, and whether data decide it.
Verdict = tuple[str, Severity]
_WHOSE = {"gold": "the gold patch", "model": "the agent's patch"}
_MOST_NAMED = 3


class PatchAgrees(Check):
    id = "patch-agrees"
    title = "What is said of the patches agrees with them"
    tells = (
        "Whether sentences such as “the gold patch touches two files”, “removes `_advance`” or "
        "“adds a test” agree with the patch."
    )
    severity = Severity.BLOCK

    def find(self, subject: Subject) -> Iterator[Finding]:
        for prose in _said(subject):
            for number, claim in enumerate(patch_claims(prose.text), start=1):
                if subject.facts.is_blind and claim.which == "gold":
                    continue
                if not subject.facts.patches.hunks(claim.which):
                    continue
                if verdict := _JUDGES[type(claim)](claim, subject.facts):
                    yield _finding(self, prose, claim.sentence, number, verdict)


class CodeAgrees(Check):
    id = "code-agrees"
    title = "What is said of where code stands agrees with it"
    tells = (
        "Whether sentences such as “`add_months` is defined in dates.py” or “dates.py has 63 "
        "lines” agree with the repository."
    )
    severity = Severity.BLOCK

    def find(self, subject: Subject) -> Iterator[Finding]:
        if not subject.facts.code.is_known:
            return
        for prose in _said(subject):
            for number, claim in enumerate(code_claims(prose.text), start=1):
                if verdict := _CODE_JUDGES[type(claim)](claim, subject.facts):
                    yield _finding(self, prose, claim.sentence, number, verdict)


def _said(subject: Subject) -> Iterator[Prose]:
    return (prose for prose in proses(subject) if not prose.is_supposed)


def _finding(check: Check, prose: Prose, sentence: str, number: int, verdict: Verdict) -> Finding:
    message, severity = verdict
    short = sentence if len(sentence) <= 90 else f"{sentence[:89].rstrip()}…"
    part = f"{prose.place.part}:claim {number}" if prose.place.part else f"claim {number}"
    return check.finding(
        f"{prose.name} says “{short}”, but {message}",
        replace(prose.place, part=part),
        severity=severity,
    )


# --- patches -------------------------------------------------------------------------------------


def _files_of(facts: Facts, which: str) -> list[str]:
    """Return the files of a patch, a renamed one by its new name."""
    return sorted({hunk.ref.path for hunk in facts.patches.hunks(which)})


def _files_counted(claim: FilesCounted, facts: Facts) -> Verdict | None:
    kinds: Mapping[str, Callable[[str], bool]] = {
        "": lambda _: True,
        "python": lambda path: path.endswith(".py"),
        "test": is_test_file,
        "source": lambda path: not is_test_file(path),
    }
    if claim.kind not in kinds:
        return None
    files = [path for path in _files_of(facts, claim.which) if kinds[claim.kind](path)]
    if len(files) == claim.n_files:
        return None
    sources = [path for path in files if path.endswith(".py") and not is_test_file(path)]
    # Who counts files may leave out tests and what is no code.
    is_sure = bool(claim.kind) or claim.n_files > len(files) or len(sources) != claim.n_files
    severity = Severity.BLOCK if is_sure else Severity.WARN
    return f"{_WHOSE[claim.which]} changes {len(files)}: {_few(files)}. Mend the number.", severity


def _hunks_counted(claim: HunksCounted, facts: Facts) -> Verdict | None:
    hunks = facts.patches.hunks(claim.which)
    if len(hunks) == claim.n_hunks:
        return None
    return f"{_WHOSE[claim.which]} has {len(hunks)}. Mend the number.", Severity.BLOCK


def _files_changed(claim: FilesChanged, facts: Facts) -> Verdict | None:
    paths = facts.patches.paths(claim.which)
    absent = [each for each in claim.paths if not any(same_file(path, each) for path in paths)]
    if not absent:
        return None
    files = _few(_files_of(facts, claim.which))
    return f"{_WHOSE[claim.which]} changes {files}, not {absent[0]}. Mend it.", Severity.BLOCK


def _tests_added(claim: TestsAdded, facts: Facts) -> Verdict | None:
    tests = [path for path in _files_of(facts, claim.which) if is_test_file(path)]
    if bool(tests) != claim.is_denied:
        return None
    if tests:
        return f"{_WHOSE[claim.which]} changes {_few(tests)}. Mend the sentence.", Severity.WARN
    severity = Severity.BLOCK if claim.is_plain else Severity.WARN
    return f"{_WHOSE[claim.which]} changes no file of tests. Mend the sentence.", severity


def _name_present(claim: NamePresent, facts: Facts) -> Verdict | None:
    code = facts.code
    if claim.which not in code.trees:
        return None
    defined = {
        tree: [
            path
            for path in facts.patches.paths(claim.which)
            if code.defines(tree, path, claim.name)
        ]
        for tree in ("base", claim.which)
    }
    before, after = defined["base"], defined[claim.which]
    if claim.is_new:
        if before:
            return f"it is defined in {before[0]} at base already. Mend it.", Severity.BLOCK
        # Another class may have a method of that name.
        elsewhere = "" if after else code.definition_of(claim.name, ("base",))
        told = f"it is defined in {elsewhere} at base already. Mend it."
        return (told, Severity.BLOCK) if elsewhere else None
    if claim.is_there and before and not after:
        return f"{_WHOSE[claim.which]} removes it from {before[0]}. Mend it.", Severity.BLOCK
    if not claim.is_there and after:
        return f"it is still defined in {after[0]} after it. Mend the sentence.", Severity.BLOCK
    if not claim.is_there and not before:
        elsewhere = code.definition_of(claim.name, (claim.which,))
        told = f"it is still defined in {elsewhere}. Mend the sentence."
        # What goes may be a use of it.
        return (told, Severity.WARN) if elsewhere else None
    return None


def _same_files(claim: SameFiles, facts: Facts) -> Verdict | None:
    gold, model = (set(_files_of(facts, which)) for which in ("gold", "model"))
    if not gold or not model or gold == model:
        return None
    odd = sorted(gold ^ model)
    which = "gold" if odd[0] in gold else "model"
    sources = {path for path in gold ^ model if not is_test_file(path) and path.endswith(".py")}
    severity = Severity.BLOCK if sources else Severity.WARN
    return f"only {_WHOSE[which]} changes {odd[0]}. Mend the sentence.", severity


def _few(paths: list[str]) -> str:
    more = len(paths) - _MOST_NAMED
    return ", ".join(paths[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


# --- code ----------------------------------------------------------------------------------------


def _defined_in(claim: DefinedIn, facts: Facts) -> Verdict | None:
    code = facts.code
    files = code.matching(claim.path)
    trees = tuple(code.trees)
    if not files or not any(code.symbols(tree, path) for path in files for tree in trees):
        return None
    if any(code.defines(tree, path, claim.name) for path in files for tree in trees):
        return None
    elsewhere = code.definition_of(claim.name)
    if elsewhere:
        return f"it is defined in {elsewhere}. Mend the file.", Severity.BLOCK
    if any(claim.name in code.words_of_file(path) for path in files):
        return None
    return f"{claim.path} does not hold it at all. Mend the file.", Severity.BLOCK


def _name_at_base(claim: NameAtBase, facts: Facts) -> Verdict | None:
    is_there = facts.code.has_word_at_base(claim.name)
    if is_there == claim.is_there:
        return None
    if is_there:
        # A word may stand for another thing of the same name.
        defined = facts.code.definition_of(claim.name, ("base",))
        return (f"{defined} defines it at base. Mend it.", Severity.WARN) if defined else None
    return f"nothing at base has the name {claim.name}. Mend the sentence.", Severity.BLOCK


def _lines_of_file(claim: LinesOfFile, facts: Facts) -> Verdict | None:
    code = facts.code
    counts = {
        n
        for path in code.matching(claim.path)
        for tree in code.trees
        if (n := code.n_lines(tree, path)) is not None
    }
    if not counts or claim.n_lines in counts:
        return None
    said = " or ".join(map(str, sorted(counts)[:_MOST_NAMED]))
    return f"it has {said}. Mend the number.", Severity.BLOCK


_JUDGES: dict[type[PatchClaim], Callable[[Any, Facts], Verdict | None]] = {
    FilesCounted: _files_counted,
    HunksCounted: _hunks_counted,
    FilesChanged: _files_changed,
    TestsAdded: _tests_added,
    NamePresent: _name_present,
    SameFiles: _same_files,
}
_CODE_JUDGES: dict[type[CodeClaim], Callable[[Any, Facts], Verdict | None]] = {
    DefinedIn: _defined_in,
    NameAtBase: _name_at_base,
    LinesOfFile: _lines_of_file,
}
PATCH_CHECKS: tuple[Check, ...] = (PatchAgrees(), CodeAgrees())
