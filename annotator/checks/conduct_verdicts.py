"""Judge what a text claims of the agent's conduct by the trajectory and the patches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from annotator.checks.base import Severity, Subject
from annotator.checks.conduct_grammar import (
    Claim,
    CountInStep,
    EditAt,
    Ended,
    FirstTests,
    InStep,
    Length,
    NeverTouched,
    NoTestsChanged,
    OnlyEdited,
    Prints,
    TestsCounted,
    TestsRun,
)
from annotator.facts.conduct import Conduct, StepConduct, is_test_file, same_file

# What speaks against a claim, and whether the trajectory decides it or only casts doubt on it.
Verdict = tuple[str, Severity]
_MOST_NAMED = 6


def against(claim: Claim, subject: Subject) -> Verdict | None:
    """Return what the trajectory, or the gold patch, says against a claim."""
    for kind, judge in _JUDGES.items():
        if isinstance(claim, kind):
            return judge(claim, subject)
    return None


def _tests_run(claim: TestsRun, subject: Subject) -> Verdict | None:
    conduct = subject.facts.conduct
    if not claim.is_denied:
        if conduct.test_steps or conduct.n_steps == 0:
            return None
        # A program with `test` in its call may be one of tests.
        may = [step.number for step in conduct.steps if step.may_be_test and step.ran_program]
        odd = [step for step in conduct.steps if step.kind == "other" and step.may_be_test]
        if may or odd:
            return None
        return "no step of the trajectory ran tests. Mend the sentence.", Severity.BLOCK
    ran = [step for step in conduct.test_steps if _is_meant(step, claim, conduct)]
    if not ran:
        return None
    told = ", ".join(_run_told(step) for step in ran[:_MOST_NAMED])
    severity = Severity.WARN if claim.what == "whole" else Severity.BLOCK
    return f"tests were run in {told}. Mend the sentence.", severity


def _is_meant(step: StepConduct, claim: TestsRun, conduct: Conduct) -> bool:
    """Tell whether a run of tests is one of those that are denied."""
    if claim.scope == "step" and step.number != claim.step:
        return False
    if not _is_within(step, claim.scope, conduct):
        return False
    if claim.what == "any":
        return True
    if claim.what == "whole":
        return any(not run.paths for run in step.test_runs)
    # “The tests” are the project's, not those that the agent wrote itself.
    return any(not set(run.paths) or set(run.paths) - conduct.created for run in step.test_runs)


def _is_within(step: StepConduct, scope: str, conduct: Conduct) -> bool:
    if scope == "after last edit":
        return bool(conduct.last_edit) and step.number > conduct.last_edit
    if scope == "before first edit":
        return bool(conduct.first_edit) and step.number < conduct.first_edit
    return True


def _run_told(step: StepConduct) -> str:
    passed = sum(run.result.passed for run in step.test_runs)
    failed = sum(run.result.failed for run in step.test_runs)
    counts = [f"{failed} failed"] * bool(failed) + [f"{passed} passed"] * bool(passed)
    return f"step {step.number}" + (f" ({', '.join(counts)})" if counts else "")


def _only_edited(claim: OnlyEdited, subject: Subject) -> Verdict | None:
    conduct, patches = subject.facts.conduct, subject.facts.patches
    if claim.step:
        step = conduct.step(claim.step)
        if step is None or not step.changed:
            return None
        others = sorted(path for path in step.changed if not _among(path, claim.paths))
        if others:
            return (
                f"step {claim.step} also changed {_files(others)}. Mend the sentence.",
                Severity.BLOCK,
            )
        return None
    which = "gold" if claim.who == "gold" else "model"
    hunks = patches.hunks(which)
    if not hunks:
        return None
    whose = "the gold patch" if which == "gold" else "the agent's patch"
    known = {hunk.ref.path for hunk in hunks}
    old = {hunk.ref.path for hunk in hunks if hunk.old_path}
    others = sorted(path for path in known if not _among(path, claim.paths))
    if others:
        # Who says that only a file was edited often means: beside tests, and new files.
        is_sure = any(path in old and not is_test_file(path) for path in others)
        return (
            f"{whose} also changes {_files(others)}. Mend the sentence.",
            Severity.BLOCK if is_sure else Severity.WARN,
        )
    absent = [
        path
        for path in claim.paths
        if not any(same_file(each, path) for each in known)
        and (which == "gold" or not conduct.editors_of(path))
    ]
    if absent:
        return f"{whose} does not change {absent[0]}. Mend the sentence.", Severity.BLOCK
    return None


def _never_touched(claim: NeverTouched, subject: Subject) -> Verdict | None:
    conduct, patches = subject.facts.conduct, subject.facts.patches
    if claim.who == "gold":
        paths = patches.paths("gold")
        if not claim.is_reading and any(same_file(path, claim.path) for path in paths):
            return "the gold patch does. Mend the sentence.", Severity.BLOCK
        return None
    steps = (conduct.readers_of if claim.is_reading else conduct.editors_of)(claim.path)
    severity = Severity.BLOCK if _is_one(claim.path, subject) else Severity.WARN
    if steps:
        return f"{listed(steps)} did. Mend the sentence.", severity
    if not claim.is_reading and any(same_file(p, claim.path) for p in patches.paths("model")):
        return "the agent's patch changes it. Mend the sentence.", severity
    return None


def _is_one(said: str, subject: Subject) -> bool:
    """Tell whether only one of the files that are spoken of can be meant."""
    patches = subject.facts.patches
    known = subject.facts.conduct.paths | patches.paths("model") | patches.paths("gold")
    full = {path for path in known if same_file(path, said)}
    # The same file is named with and without the folder of the repository.
    return len({min((p for p in full if same_file(p, path)), key=len) for path in full}) == 1


def _in_step(claim: InStep, subject: Subject) -> Verdict | None:
    step = subject.facts.conduct.step(claim.step)
    if step is None:
        return None
    found = _STEP_JUDGES[claim.verb](step, claim)
    if found is None:
        return None
    told, severity = found
    return f"step {step.number} {told} ({step.summary[:60]}). Mend the sentence.", severity


def _count_in_step(claim: CountInStep, subject: Subject) -> Verdict | None:
    step = subject.facts.conduct.step(claim.step)
    if step is None or step.test_outcome not in {"passed", "failed"}:
        return None
    results = [run.result for run in step.test_runs]
    counts = [result.passed if claim.is_passing else result.failed for result in results]
    # Several commands of one step share one output.
    if claim.n_tests in {*counts, sum(counts)}:
        return None
    return f"in {_run_told(step)}. Mend the number.", Severity.BLOCK


def _tests_counted(claim: TestsCounted, subject: Subject) -> Verdict | None:
    conduct = subject.facts.conduct
    steps = [step for step in conduct.test_steps if _is_within(step, claim.scope, conduct)]
    known = {len(steps), sum(len(step.test_runs) for step in steps)}
    if claim.n_times in known:
        return None
    told = f"{listed([step.number for step in steps])} ran tests" if steps else "no step ran tests"
    where = "" if claim.scope == "all" else f" {claim.scope}"
    return f"{told}{where}. Mend the number.", Severity.WARN if steps else Severity.BLOCK


def _edit_at(claim: EditAt, subject: Subject) -> Verdict | None:
    conduct = subject.facts.conduct
    changing = [step for step in conduct.steps if step.changed]
    lasting = [step.number for step in changing if step.changed & conduct.patched]
    if claim.which == "none after":
        later = [number for number in lasting if number > claim.step]
        if later:
            return f"{listed(later)} did. Mend the sentence.", Severity.BLOCK
        others = [step.number for step in changing if step.number > claim.step]
        return (f"{listed(others)} did. Mend the sentence.", Severity.WARN) if others else None
    if claim.which == "none before":
        # A script that reproduces it may come before the first edit.
        before = [s.number for s in conduct.steps if s.edited - s.created and s.number < claim.step]
        return (f"{listed(before)} did. Mend the sentence.", Severity.BLOCK) if before else None
    if claim.which == "first":
        known = {conduct.first_edit, *(step.number for step in changing[:1]), *lasting[:1]}
    else:
        known = {conduct.last_edit, *(step.number for step in changing[-1:]), *lasting[-1:]}
    # What a program changed is not known.
    step = conduct.step(claim.step)
    if claim.step in known or not changing or (step and step.ran_something and not step.changed):
        return None
    told = listed(sorted(known - {0}))
    return f"it is in {told}. Mend the number.", Severity.BLOCK


def _first_tests(claim: FirstTests, subject: Subject) -> Verdict | None:
    steps = subject.facts.conduct.test_steps
    if not steps or steps[0].number >= claim.step:
        return None
    return f"tests were run in {_run_told(steps[0])}. Mend the number.", Severity.BLOCK


def _no_tests_changed(claim: NoTestsChanged, subject: Subject) -> Verdict | None:
    conduct, patches = subject.facts.conduct, subject.facts.patches
    which = "gold" if claim.who == "gold" else "model"
    patched = sorted(path for path in patches.paths(which) if is_test_file(path))
    if patched:
        whose = "the gold patch" if which == "gold" else "the agent's patch"
        # Who adds to a file of tests may be said to have changed none.
        severity = Severity.BLOCK if claim.is_adding else Severity.WARN
        return f"{whose} changes {_files(patched)}. Mend the sentence.", severity
    if which == "model":
        steps = [
            step.number
            for step in conduct.steps
            if any(is_test_file(path) for path in step.changed - conduct.created)
        ]
        if steps:
            return f"{listed(steps)} did. Mend the sentence.", Severity.WARN
    return None


def _prints(claim: Prints, subject: Subject) -> Verdict | None:
    said = subject.facts.text_of_step(claim.step)
    if not said or _squeezed(claim.text) in _squeezed(said):
        return None
    severity = Severity.BLOCK if claim.is_sure else Severity.WARN
    return f"“{claim.text[:60]}” does not stand in step {claim.step}. Mend it.", severity


def _squeezed(text: str) -> str:
    return "".join(text.split()).strip("'\"").lower()


def _edits(step: StepConduct, claim: InStep) -> Verdict | None:
    if claim.path:
        if any(same_file(path, claim.path) for path in step.changed):
            return None
        if step.ran_something and not step.changed and not step.mentions(claim.path):
            return f"does not name {claim.path}", Severity.WARN
        if step.kind in {"test", "vcs"}:
            return "is not known to have changed it", Severity.WARN
        if step.ran_something and step.mentions(claim.path):
            return None
        if step.changed:
            return f"changed {_files(sorted(step.changed))}", Severity.BLOCK
    if step.changed or step.ran_something or step.kind not in {"read", "search", "think"}:
        return None
    return "changed nothing", Severity.BLOCK


def _reads(step: StepConduct, claim: InStep) -> Verdict | None:
    if not claim.path or step.mentions(claim.path):
        return None
    if any(same_file(path, claim.path) for path in step.read | step.changed):
        return None
    # A pattern, or a folder, may have read it without naming it.
    is_sure = step.kind in {"edit", "think", "submit"} and not step.ran_something
    return f"does not name {claim.path}", Severity.BLOCK if is_sure else Severity.WARN


def _reproduces(step: StepConduct, _claim: InStep) -> Verdict | None:
    if not is_idle(step):
        return None
    # A search may show what is wrong as well.
    return "ran nothing", Severity.WARN if step.kind == "search" else Severity.BLOCK


def _runs(step: StepConduct, claim: InStep) -> Verdict | None:
    if claim.path and not step.mentions(claim.path):
        is_sure = is_idle(step)
        return f"does not name {claim.path}", Severity.BLOCK if is_sure else Severity.WARN
    # Who runs `grep` runs something, too.
    if not is_idle(step) or (step.commands and step.kind in {"read", "search"}):
        return None
    return "ran nothing", Severity.WARN if step.kind == "search" else Severity.BLOCK


def _tests(step: StepConduct, _claim: InStep) -> Verdict | None:
    if step.test_runs or (step.ran_program and step.may_be_test) or step.kind == "other":
        return None
    return "ran no tests", Severity.BLOCK


def _fails(step: StepConduct, _claim: InStep) -> Verdict | None:
    if step.is_error or step.has_traceback or step.exit_code:
        return None
    if step.test_outcome == "passed":
        return "ran tests that passed", Severity.BLOCK
    if not step.test_runs and step.exit_code == 0:
        return "ended with exit code 0", Severity.WARN
    return None


def _passes(step: StepConduct, _claim: InStep) -> Verdict | None:
    if step.test_outcome == "failed":
        return "ran tests of which some failed", Severity.BLOCK
    if not step.test_runs and step.ran_program and (step.exit_code or step.is_error):
        return "ended with an error", Severity.WARN
    return None


def _submits(step: StepConduct, _claim: InStep) -> Verdict | None:
    if step.is_submission or step.kind == "other":
        return None
    return "submitted nothing", Severity.BLOCK if is_idle(step) else Severity.WARN


_STEP_JUDGES: dict[str, Callable[[StepConduct, InStep], Verdict | None]] = {
    "edits": _edits,
    "creates": _edits,
    "reads": _reads,
    "reproduces": _reproduces,
    "runs": _runs,
    "tests": _tests,
    "fails": _fails,
    "passes": _passes,
    "submits": _submits,
}


def _length(claim: Length, subject: Subject) -> Verdict | None:
    conduct = subject.facts.conduct
    known = {conduct.n_steps}
    if not claim.is_total:
        known |= {n for number in conduct.submissions for n in (number, number - 1)}
        known.add(conduct.last_edit)
    if claim.n_steps in known:
        return None
    is_sure = claim.is_total or claim.n_steps > conduct.n_steps
    return (
        f"the trajectory has {conduct.n_steps} steps. Mend the number.",
        Severity.BLOCK if is_sure else Severity.WARN,
    )


def _ended(claim: Ended, subject: Subject) -> Verdict | None:
    conduct = subject.facts.conduct
    status = conduct.exit_status
    if claim.how == "never submitted":
        if not conduct.submissions:
            return None
        return f"{listed(conduct.submissions)} did. Mend the sentence.", Severity.BLOCK
    if not status:
        return None
    if claim.how == "status":
        if claim.status.lower() in status.lower():
            return None
        return f"the exit status is “{status}”. Mend the sentence.", Severity.BLOCK
    if status.lower() not in {"submitted", "finished"}:
        return None
    return f"the exit status is “{status}”. Mend the sentence.", Severity.WARN


_JUDGES: dict[type[Any], Callable[[Any, Subject], Verdict | None]] = {
    TestsRun: _tests_run,
    OnlyEdited: _only_edited,
    NeverTouched: _never_touched,
    InStep: _in_step,
    CountInStep: _count_in_step,
    TestsCounted: _tests_counted,
    EditAt: _edit_at,
    FirstTests: _first_tests,
    NoTestsChanged: _no_tests_changed,
    Prints: _prints,
    Length: _length,
    Ended: _ended,
}


def is_idle(step: StepConduct) -> bool:
    """Tell whether a step is known to have executed nothing of the project."""
    return step.kind in {"read", "search", "think", "edit"} and not step.ran_something


def _among(path: str, said: tuple[str, ...]) -> bool:
    return any(same_file(path, each) for each in said)


def _files(paths: list[str]) -> str:
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} more" if len(paths) > 3 else "")


Numbers = TypeVar("Numbers", list[int], tuple[int, ...])


def listed(numbers: Numbers) -> str:
    """Name steps: step 3; steps 3, 5 and 7; of many the first ones."""
    shown = [str(number) for number in numbers[:_MOST_NAMED]]
    if len(shown) == 1:
        return f"step {shown[0]}"
    more = " and others" if len(numbers) > _MOST_NAMED else ""
    return f"steps {', '.join(shown[:-1])} and {shown[-1]}{more}"
