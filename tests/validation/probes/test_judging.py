"""Whether a run shows what was claimed of it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.probes import (
    BadExpectation,
    ExitStatus,
    Expectation,
    Facts,
    Fails,
    OutputContains,
    OutputMatches,
    PatternNotSearched,
    TestsFail,
    TestsPass,
    Verdict,
    as_json,
    find_pattern,
    judge,
    read_expectation,
)

STATUSES = ["PASSED", "FAILED", "ERROR", "SKIPPED", "XFAIL", "MISSING"]
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
statuses = st.dictionaries(names, st.sampled_from(STATUSES), min_size=1, max_size=6)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)
expectations = st.one_of(
    st.just(TestsFail()),
    st.just(TestsPass()),
    st.just(Fails()),
    st.builds(ExitStatus, st.integers(0, 255)),
    st.builds(OutputContains, texts.filter(str.strip)),
)


def find_plainly(pattern: str, output: str) -> bool:
    return pattern in output


@given(expectations)
def test_an_expectation_survives_json(expectation: Expectation) -> None:
    assert read_expectation(as_json(expectation)) == expectation


@given(expectations, statuses)
def test_a_run_with_trouble_is_never_held_against_a_claim(
    expectation: Expectation, found: dict[str, str]
) -> None:
    facts = Facts(trouble="The patch does not apply.", exit_code=0, output="x", statuses=found)
    assert judge(expectation, facts).verdict == Verdict.COULD_NOT_RUN
    assert judge(expectation, facts).reason == facts.trouble


@given(statuses)
def test_tests_never_both_pass_and_fail(found: dict[str, str]) -> None:
    verdicts = [judge(each, Facts(statuses=found)).verdict for each in (TestsFail(), TestsPass())]
    assert verdicts.count(Verdict.AS_CLAIMED) <= 1
    if "MISSING" in found.values():
        assert verdicts == [Verdict.COULD_NOT_RUN] * 2


@given(st.integers(0, 255), st.integers(0, 255))
def test_an_exit_status_is_compared(wanted: int, found: int) -> None:
    facts = Facts(exit_code=found)
    assert (judge(ExitStatus(wanted), facts).verdict == Verdict.AS_CLAIMED) == (wanted == found)
    assert (judge(Fails(), facts).verdict == Verdict.AS_CLAIMED) == (found != 0)


@given(texts, texts, texts, st.booleans())
def test_a_text_in_the_output_is_found_whether_it_is_cut_or_not(
    before: str, text: str, after: str, cut: bool
) -> None:
    facts = Facts(output=before + text + after, output_is_cut=cut)
    assert judge(OutputContains(text), facts).verdict == Verdict.AS_CLAIMED


def test_what_is_not_in_a_cut_output_may_have_been_in_the_rest() -> None:
    facts = Facts(output="beginning and end", output_is_cut=True)
    assert judge(OutputContains("middle"), facts).verdict == Verdict.COULD_NOT_RUN
    assert judge(OutputMatches("middle"), facts, find_plainly).verdict == Verdict.COULD_NOT_RUN


def test_a_test_that_does_otherwise_is_named_with_its_status() -> None:
    facts = Facts(statuses={"test_a": "FAILED", "test_b": "PASSED"})
    judged = judge(TestsFail(), facts)
    assert judged.verdict == Verdict.NOT_AS_CLAIMED
    assert judged.reason == "1 of 2 tests do not fail: test_b (PASSED)."


@pytest.mark.parametrize("status", ["SKIPPED", "PASSED", "XFAIL"])
def test_only_a_failure_or_an_error_is_a_failing_test(status: str) -> None:
    facts = Facts(statuses={"test_a": status})
    assert judge(TestsFail(), facts).verdict == Verdict.NOT_AS_CLAIMED


def test_a_pattern_is_found_at_any_line() -> None:
    assert find_pattern(r"^Error: \d+$", "first\nError: 41\nlast\n")
    assert not find_pattern(r"^Error$", "an Error, no more")


def test_a_pattern_that_never_ends_is_given_up() -> None:
    started = time.monotonic()
    with pytest.raises(PatternNotSearched):
        find_pattern(r"(a+)+$", "a" * 60 + "!", seconds=0.5)
    assert time.monotonic() - started < 5


def test_a_claim_with_a_pattern_that_never_ends_could_not_be_run() -> None:
    def never(pattern: str, output: str) -> bool:
        raise PatternNotSearched("too long")

    assert judge(OutputMatches("x"), Facts(output="x"), never).verdict == Verdict.COULD_NOT_RUN


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"kind": "nothing"},
        {"kind": "exit_status"},
        {"kind": "exit_status", "equals": True},
        {"kind": "exit_status", "equals": 256},
        {"kind": "exit_status", "equals": "1"},
        {"kind": "output_contains", "text": " "},
        {"kind": "output_contains", "text": "a\0b"},
        {"kind": "output_contains", "text": "x" * 1001},
        {"kind": "output_matches", "pattern": "(open"},
        {"kind": "output_matches", "pattern": "a{99999999999999999999}"},
        {"kind": ["tests_fail"]},
    ],
)
def test_what_cannot_be_expected_is_refused(raw: dict[str, object]) -> None:
    with pytest.raises(BadExpectation):
        read_expectation(raw)
