"""What runs of known instances should show, and where they show something else.

`docs/validation.md` says what a file of expectations holds.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

PASSING = frozenset({"PASSED", "XFAIL"})
# A skipped PASS_TO_PASS test is no regression, as the field's harness has it.
KEPT = PASSING | {"SKIPPED"}
VERDICTS = ("resolved", "not_resolved")
# Of a model patch without an expectation: that it came to an end which is the patch's own.
PATCH_OUTCOMES = (*VERDICTS, "patch_does_not_apply", "timed_out", "invalid")


class ExpectationError(ValueError):
    """A file that holds no expectations; the message says where and what is wrong."""


@dataclass(frozen=True)
class ExpectedTests:
    """How many tests of each group end with each status, and how single ones do."""

    fail_to_pass: Mapping[str, int]
    pass_to_pass: Mapping[str, int]
    single: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_resolved(self) -> bool:
        """Tell whether every test passes."""
        return _all_in(self.fail_to_pass, PASSING) and _all_in(self.pass_to_pass, KEPT)


@dataclass(frozen=True)
class Expectation:
    """What is known of one instance. `patches` has outcomes by the trajectory's file name."""

    instance_id: str
    before: ExpectedTests
    after: ExpectedTests
    patches: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_admitted(self) -> bool:
        """Tell whether the tests can tell the gold patch from none."""
        fails = not PASSING.intersection(key for key, n in self.before.fail_to_pass.items() if n)
        return fails and _all_in(self.before.pass_to_pass, KEPT) and self.after.is_resolved

    def tests(self, tree: str) -> ExpectedTests | None:
        """Return what to find on `base`, `empty` and `gold`; of model patches nothing is known."""
        return {"base": self.before, "empty": self.before, "gold": self.after}.get(tree)

    def outcomes(self, tree: str, trajectory_file: str = "") -> tuple[str, ...]:
        """Return the outcomes of which one must be found."""
        tests = self.tests(tree)
        if tests is not None:
            return ("resolved",) if tests.is_resolved else ("not_resolved",)
        known = self.patches.get(trajectory_file)
        return (known,) if known else PATCH_OUTCOMES


@dataclass(frozen=True)
class Found:
    """What one run showed: its outcome, and the status of each test that the task names."""

    outcome: str
    fail_to_pass: Mapping[str, str]
    pass_to_pass: Mapping[str, str]


def read_expectations(text: str) -> list[Expectation]:
    """Read JSON lines. Raise ExpectationError naming the line."""
    found: list[Expectation] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found.append(_read(json.loads(line)))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            what = f"{error.args[0]} is missing" if isinstance(error, KeyError) else f"{error}"
            raise ExpectationError(f"line {number}: {what}") from error
    if not found:
        raise ExpectationError("there is no line with an expectation")
    return found


def _read(row: Any) -> Expectation:
    if not isinstance(row, dict):
        raise TypeError("an expectation must be a JSON object")
    return Expectation(
        instance_id=str(row["instance_id"]),
        before=_tests(row, "before"),
        after=_tests(row, "after"),
        patches={str(name): str(end) for name, end in row.get("expected_patches", {}).items()},
    )


def _tests(row: Mapping[str, Any], when: str) -> ExpectedTests:
    counts = row[f"expected_{when}"]
    named = row.get(f"pass_to_pass_not_passing_{when}", {})
    return ExpectedTests(
        fail_to_pass={str(key): int(n) for key, n in counts["fail_to_pass"].items()},
        pass_to_pass={str(key): int(n) for key, n in counts["pass_to_pass"].items()},
        single={str(test): str(status) for status, tests in named.items() for test in tests},
    )


def differences(
    expectation: Expectation, tree: str, found: Found, *, trajectory_file: str = ""
) -> list[str]:
    """Say in a sentence each where a run differs from what was expected."""
    outcomes = expectation.outcomes(tree, trajectory_file)
    said: list[str] = []
    if found.outcome not in outcomes:
        wanted = " or ".join(outcomes) if len(outcomes) < len(PATCH_OUTCOMES) else "a verdict"
        said.append(f"The outcome is {found.outcome or 'none'}, expected was {wanted}.")
    tests = expectation.tests(tree)
    if tests is None:
        return said
    groups = (
        ("FAIL_TO_PASS", tests.fail_to_pass, found.fail_to_pass),
        ("PASS_TO_PASS", tests.pass_to_pass, found.pass_to_pass),
    )
    for group, wanted_counts, statuses in groups:
        if Counter(statuses.values()) != Counter(wanted_counts):
            there, wanted = counted(Counter(statuses.values())), counted(wanted_counts)
            said.append(f"{group} is {there}, expected was {wanted}.")
    both = {**found.fail_to_pass, **found.pass_to_pass}
    for test, status in tests.single.items():
        if both.get(test, "not named by the task") != status:
            there = both.get(test, "not named by the task")
            said.append(f"{test} is {there}, expected was {status}.")
    return said


def counted(counts: Mapping[str, int]) -> str:
    """Write counts by status, the most first: "PASSED 38, MISSING 1"."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{status} {n}" for status, n in ordered if n) or "nothing"


def _all_in(counts: Mapping[str, int], wanted: Collection[str]) -> bool:
    return all(status in wanted for status, n in counts.items() if n)
