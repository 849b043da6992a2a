"""Decide from runs on base and gold whether a task can tell a right patch from none."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

_PASSING = frozenset({"PASSED", "XFAIL"})
# A skipped PASS_TO_PASS test is no regression, as the field's harness has it.
_KEPT = _PASSING | {"SKIPPED"}
_VERDICTS = frozenset({"resolved", "not_resolved"})
_NAMED = 3


@dataclass(frozen=True)
class RunFacts:
    """What one run on base or gold showed.

    `outcome` and `reason` are the run's; `statuses` has, by id, every test that the task names.
    """

    tree: str
    outcome: str
    reason: str
    statuses: Mapping[str, str]


@dataclass(frozen=True)
class Decision:
    """Whether the task is admitted, why not (a sentence each), and the tests that are flaky."""

    is_admitted: bool
    reasons: tuple[str, ...]
    flaky: tuple[str, ...]


def decide(
    fail_to_pass: Sequence[str], pass_to_pass: Sequence[str], runs: Iterable[RunFacts]
) -> Decision:
    """Judge the runs of one admission: on base and on gold, each any number of times.

    A test that passes in one run and does not in another on the same tree is flaky: it is named
    and counts neither for nor against the task.
    """
    by_tree: dict[str, list[RunFacts]] = {"base": [], "gold": []}
    for run in runs:
        by_tree[run.tree].append(run)
    if broken := tuple(filter(None, (_broken(*each) for each in by_tree.items()))):
        return Decision(is_admitted=False, reasons=broken, flaky=())
    flaky = _flaky(fail_to_pass, by_tree, _PASSING) | _flaky(pass_to_pass, by_tree, _KEPT)
    base, gold = by_tree["base"][0].statuses, by_tree["gold"][0].statuses
    wanted = [test for test in dict.fromkeys(fail_to_pass) if test not in flaky]
    kept = [test for test in dict.fromkeys(pass_to_pass) if test not in flaky]
    findings = (
        "" if wanted else "Every FAIL_TO_PASS test is flaky, so nothing can be told by them.",
        _said("FAIL_TO_PASS passes on base already", base, _in(wanted, base, _PASSING)),
        _said("PASS_TO_PASS does not pass on base", base, _out(kept, base, _KEPT)),
        _said("FAIL_TO_PASS does not pass on gold", gold, _out(wanted, gold, _PASSING)),
        _said("PASS_TO_PASS does not pass on gold", gold, _out(kept, gold, _KEPT)),
    )
    reasons = tuple(filter(None, findings))
    return Decision(is_admitted=not reasons, reasons=reasons, flaky=tuple(sorted(flaky)))


def _broken(tree: str, runs: Sequence[RunFacts]) -> str:
    """Say why the tree has no verdict to judge by, or an empty text."""
    if not runs:
        return f"There is no run on {tree}."
    without = [run for run in runs if run.outcome not in _VERDICTS]
    if not without:
        return ""
    times = f"{len(without)} of {len(runs)} runs" if len(runs) > 1 else "The run"
    ended = without[0].outcome.replace("_", " ")
    why = without[0].reason or "no reason was given."
    return f"{times} on {tree} ended without a verdict ({ended}): {why}"


def _flaky(
    tests: Iterable[str], by_tree: Mapping[str, Sequence[RunFacts]], fine: Collection[str]
) -> set[str]:
    return {
        test
        for test in tests
        for runs in by_tree.values()
        if len({_status(test, run.statuses) in fine for run in runs}) > 1
    }


def _in(tests: Iterable[str], statuses: Mapping[str, str], wanted: Collection[str]) -> list[str]:
    return [test for test in tests if _status(test, statuses) in wanted]


def _out(tests: Iterable[str], statuses: Mapping[str, str], wanted: Collection[str]) -> list[str]:
    return [test for test in tests if _status(test, statuses) not in wanted]


def _status(test: str, statuses: Mapping[str, str]) -> str:
    return statuses.get(test, "MISSING")


def _said(what: str, statuses: Mapping[str, str], tests: Sequence[str]) -> str:
    """Name the first few tests with their status, or say nothing where there are none."""
    if not tests:
        return ""
    named = ", ".join(f"{test} ({_status(test, statuses).lower()})" for test in tests[:_NAMED])
    more = f" and {len(tests) - _NAMED} more" if len(tests) > _NAMED else ""
    return f"{what}: {named}{more}."
