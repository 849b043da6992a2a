"""A claim to execute, as a person types it."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from trajectories.access import Sight
from trajectories.models import TaskRevision
from validation.models import TreeName
from validation.probes import BadExpectation, Expectation, needs_tests, read_expectation
from validation.services.probes import Claim, hidden_from

EXPECTED = (
    ("tests_fail", "the tests fail"),
    ("tests_pass", "the tests pass"),
    ("fails", "the exit status is not 0"),
    ("exit_status", "the exit status is …"),
    ("output_contains", "the output contains …"),
    ("output_matches", "the output matches (regular expression) …"),
)
# Rows for tests to begin with; “More tests” adds as many.
TEST_ROWS = 2
MOST_TESTS = 40


class ProbeForm(forms.Form):
    """What to run, on which code, and what is expected; `claim` once it is valid.

    Tests come as a list of `test_id`, empty rows among them.
    """

    tree = forms.ChoiceField()
    with_test_patch = forms.BooleanField(required=False)
    command = forms.CharField(max_length=4000, required=False)
    extra_patch = forms.CharField(max_length=50_000, strip=False, required=False)
    expected = forms.ChoiceField(choices=EXPECTED)
    value = forms.CharField(max_length=1000, strip=False, required=False)

    claim: Claim

    def __init__(
        self, data: QueryDict | None, *, revision: TaskRevision, sight: Sight, uid: str
    ) -> None:
        super().__init__(data, prefix=None)
        self.revision, self.sight, self.uid = revision, sight, uid
        self.offers_test_patch = sight.sees_verdicts
        trees = [tree for tree in TreeName if self._is_open(tree)]
        self.fields["tree"] = forms.ChoiceField(choices=[(t.value, t.label) for t in trees])

    def _is_open(self, tree: TreeName) -> bool:
        return not hidden_from(self.sight, tree, with_test_patch=False)

    # --- for the template -------------------------------------------------------------------------

    @property
    def test_rows(self) -> list[str]:
        """The tests that were chosen, and rows for more."""
        chosen = self.chosen_tests()
        return [*chosen, *[""] * max(1, TEST_ROWS - len(chosen))]

    @property
    def more_rows(self) -> list[str]:
        return [*self.test_rows, *[""] * TEST_ROWS]

    def shown(self, name: str, default: str = "") -> str:
        return str(self.data.get(name, default))

    def chosen_tests(self) -> list[str]:
        sent = self.data.getlist("test_id") if isinstance(self.data, QueryDict) else []
        return list(dict.fromkeys(text.strip() for text in sent if text.strip()))

    # --- reading ----------------------------------------------------------------------------------

    def clean_command(self) -> str:
        return str(self.cleaned_data["command"]).replace("\r\n", "\n")

    def clean_extra_patch(self) -> str:
        patch = str(self.cleaned_data["extra_patch"]).replace("\r\n", "\n")
        return patch if patch.strip() else ""

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if self.errors:
            return data
        tests, command = self.chosen_tests(), data["command"]
        if bool(tests) == bool(command):
            raise ValidationError("Choose tests, or give a command; one of the two.")
        self._check_tests(tests)
        expectation = self._expectation(data["expected"], data["value"])
        if needs_tests(expectation) and not tests:
            raise ValidationError("A command has no tests: expect an exit status or an output.")
        tree, patched = TreeName(data["tree"]), data["with_test_patch"]
        if hidden := hidden_from(self.sight, tree, with_test_patch=patched):
            raise ValidationError(hidden)
        self.claim = Claim(tree, expectation, patched, command, tuple(tests), data["extra_patch"])
        return data

    def _check_tests(self, tests: Sequence[str]) -> None:
        known = task_tests(self.revision)
        if len(tests) > MOST_TESTS:
            raise ValidationError(f"A check names {MOST_TESTS} tests at most.")
        for test in tests:
            if test not in known:
                near = get_close_matches(test, known, n=1, cutoff=0.5)
                hint = f" Is it {near[0]}?" if near else ""
                raise ValidationError(f"The task names no test {test[:200]}.{hint}")

    def _expectation(self, kind: str, value: str) -> Expectation:
        raw: dict[str, Any] = {"kind": kind}
        if kind == "exit_status":
            if not value.strip().isascii() or not value.strip().isdecimal():
                raise ValidationError("An exit status is a number from 0 to 255.")
            raw["equals"] = int(value.strip()[:4])
        elif kind == "output_contains":
            raw["text"] = value
        elif kind == "output_matches":
            raw["pattern"] = value
        try:
            return read_expectation(raw)
        except BadExpectation as error:
            raise ValidationError(str(error)) from error


def task_tests(revision: TaskRevision) -> list[str]:
    """Return the ids of the task's tests, FAIL_TO_PASS first."""
    return list(dict.fromkeys([*(revision.fail_to_pass or ()), *(revision.pass_to_pass or ())]))


def matching_tests(revision: TaskRevision, typed: str, limit: int = 30) -> list[str]:
    """Return the task's tests that have every word that was typed, FAIL_TO_PASS first."""
    words = typed.lower().split()
    found = (test for test in task_tests(revision) if all(word in test.lower() for word in words))
    return [test for test, _ in zip(found, range(limit), strict=False)]
