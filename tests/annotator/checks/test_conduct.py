"""What is said of the agent against what it did, on trajectories that were recorded."""

from __future__ import annotations

import time
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.checks.conduct import CONDUCT_CHECKS
from annotator.checks.conduct_claims import conduct_claims
from annotator.checks.step_claims import steps_named
from annotator.facts import Facts
from annotator.facts.conduct import Conduct
from annotator.facts.patches import PatchFacts, fact_of
from tests.annotator.checks.contents import Content, blocks, findings, good_content, told
from tests.annotator.checks.recorded import parsed_in, read_conduct
from tests.samples_batch.conftest import SAMPLES
from trajectories.diffs import parse_patch

SAMPLE = SAMPLES / "trajectories" / "retrace-samples__almanac-14.swe-agent.traj"
GOLD = "--- a/almanac/dates.py\n+++ b/almanac/dates.py\n@@ -1 +1 @@\n-a\n+b\n"


class _Patches(PatchFacts):
    def __init__(self, model: str) -> None:
        super().__init__(Mock())
        texts = {"gold": GOLD, "model": model}
        self.__dict__["_hunks"] = {
            which: tuple(
                fact_of(which, change, hunk)
                for change in parse_patch(text).files
                for hunk in change.hunks
            )
            for which, text in texts.items()
        }


@cache
def facts_in(file: Path) -> Facts:
    parsed = parsed_in(file)
    patches = _Patches(parsed.model_patch or "")
    return Mock(
        Facts,
        conduct=read_conduct(parsed),
        patches=patches,
        is_blind=False,
        text_of_step=lambda number: str(parsed.steps[number - 1]),
    )


def saying(sentence: str, *, field: str = "rationale") -> Content:
    """Return a chain of one observation that says a sentence."""
    content = good_content(14)
    content["judgements"] = []
    (first, *_) = content["reasoning_steps"]
    content["reasoning_steps"] = [{**first, "claim": "The agent was watched.", field: sentence}]
    return content


def said(sentence: str, file: Path = SAMPLE) -> list[tuple[str, str]]:
    return told(findings(saying(sentence), CONDUCT_CHECKS, facts_in(file)))


# The sample: 3 reads recurrence.py, 4 creates reproduce.py, 5 runs it, 7 and 9 edit recurrence.py,
# 8 fails with a NameError, 10 runs all tests, 12 edits tests/test_recurrence.py, 13 runs all tests
# and removes reproduce.py, 14 submits.
FALSE = [
    "The agent ran the tests once before its first edit.",
    "After step 7 no file was changed.",
    "The first edit is in step 12.",
    "The agent's last edit was in step 7.",
    "The agent made no edit before step 12.",
    "The agent ran the tests for the first time in step 13.",
    "The agent needed 40 steps.",
    "The agent gave up without submitting.",
    "In step 10 all tests fail.",
    "Step 10 prints `85 failed`.",
    "The agent added no tests.",
    "The agent never ran the tests.",
    "The agent did not run any tests.",
    "The agent didn't even run a test.",
    "The agent never ran the test suite before submitting.",
    "The agent ran no tests at all.",
    "No tests were run by the agent.",
    "The agent submitted without running the tests.",
    "The agent never ran the tests after its last edit.",
    "In step 10 the agent did not run the tests.",
    "The agent edited only `almanac/dates.py`.",
    "The agent only edited `almanac/recurrence.py`.",
    "The agent changed nothing but recurrence.py.",
    "almanac/recurrence.py is the only file the agent changed.",
    "The agent never touched `tests/test_recurrence.py`.",
    "The agent never opened almanac/dates.py.",
    "The agent left recurrence.py untouched.",
    "Step 3 edits `almanac/recurrence.py`.",
    "Step 7 edits `almanac/dates.py`.",
    "Step 3 reproduces the bug.",
    "Step 4 reproduces the bug.",
    "Step 12 runs the tests.",
    "In step 3 the agent ran the tests.",
    "The agent edited almanac/recurrence.py in step 3.",
    "Step 10 fails.",
    "The tests fail in step 13.",
    "Step 12 submits.",
    "See step 40.",
    "In steps 12–17 the agent wanders.",
    "The trajectory has 19 steps.",
    "The agent submitted after 22 steps.",
    "The agent never submitted a patch.",
    "The exit status is `exit_cost`.",
    "The gold patch edits only `almanac/recurrence.py`.",
    "The agent looked around; it never ran the tests.",
    "At no point did the agent run the tests.",
    "The agent skipped the tests.",
    "The agent never ran pytest.",
    "The agent's patch touches only `almanac/recurrence.py`.",
    "The agent changed a single file, almanac/recurrence.py.",
    "The agent edited almanac/recurrence.py and nothing else.",
    "`tests/test_recurrence.py` was never edited by the agent.",
    "The agent ran the tests (step 3).",
    "`almanac/recurrence.py` is edited in step 5.",
    "The bug is reproduced in step 3.",
    "The test run in step 12 is green.",
    "The edit of almanac/dates.py in step 7 is right.",
    "In step 10 all 99 tests passed, so 99 passed.",
    "Step 13: 4 failed.",
    "The agent ran the tests five times.",
    "The agent deleted almanac/recurrence.py in step 3.",
    "Step 12 runs reproduce.py.",
]
TRUE = [
    "The agent ran the tests.",
    "The agent ran the whole test suite in step 10.",
    "The agent should have run the tests first; it would never have run the tests otherwise.",
    "If the agent never ran the tests, it would not know.",
    "The agent says that it never ran the tests.",
    "“The agent never ran the tests” would be wrong.",
    "The agent never ran the tests before editing.",
    "The agent never ran the tests in step 3.",
    "The agent never ran the tests of the other package.",
    "The agent never ran the tests with a leap year.",
    "The gold patch's author never ran the tests.",
    "In step 3 the agent did not run the tests.",
    "The agent edited only `almanac/recurrence.py` and `tests/test_recurrence.py`.",
    "The gold patch edits only `almanac/dates.py`.",
    "The gold patch never touches `almanac/recurrence.py`.",
    "The agent never touched `almanac/dates.py`.",
    "The agent never opened `almanac/schedule.py`.",
    "The agent never changed `add_months` in almanac/dates.py.",
    "In step 7 the agent edited only almanac/recurrence.py.",
    "At first the agent edited only almanac/recurrence.py.",
    "Step 5 reproduces the bug.",
    "Step 7 edits `almanac/recurrence.py`.",
    "Step 3 opens `almanac/recurrence.py`.",
    "Step 8 fails with a NameError.",
    "Step 8 fails to see the cause.",
    "Step 10 passes.",
    "The tests pass in step 13.",
    "Step 10 runs the tests.",
    "Step 14 submits.",
    "The agent submitted after 14 steps.",
    "The trajectory has 14 steps.",
    "The exit status is `submitted`.",
    "The agent edits the method in step 9.",
    "The agent creates reproduce.py in step 4.",
    "An index with step 30 is past the end of the month.",
    "Does step 3 reproduce the bug?",
    "The function never ran the tests of the month.",
    "Step 12 should have run the tests.",
    "Step 7 changes nothing for yearly rules.",
    "Step 3 runs no tests.",
    "Step 9 runs into the next mistake.",
    "Step 3 changes the picture.",
    "Step 3 reproduces the reasoning of the issue.",
    "The agent edited only `Recurrence.parse`.",
    "The agent deleted reproduce.py in step 13.",
    "In step 10, 84 passed.",
    "The agent ran the tests twice.",
    "The bug is reproduced in step 5.",
    "The edit of almanac/recurrence.py in step 7 is wrong.",
    "almanac/dates.py was never edited by the agent.",
    "At no point did the agent run the tests of dates.",
    "The agent ran the tests (step 10).",
    "`tests/test_recurrence.py` is edited in step 12.",
    "Step 4 writes a reproduction, `reproduce.py`.",
    "The agent fails to test the yearly rule.",
    "After step 9 the agent runs the tests, and they pass.",
    "The agent's edit in step 7 moves the mistake.",
    "No test fails at step 10.",
    "The agent edited only `almanac/recurrence.py` and a test.",
    "Apart from a test, the agent edited only almanac/recurrence.py.",
    "Step 2 runs `grep` for the name.",
    "Step 5 runs reproduce.py.",
    "The attempt took 3 steps to find the file.",
    "The agent stopped after 3 steps of reading.",
    "The exit status of the command is 1.",
    "No test was run between step 7 and step 10.",
    "Until step 10 the agent never ran the tests.",
    "In step 10 the agent runs its script and the whole test suite; all 84 tests pass.",
    "The agent ran the tests twice before submitting.",
    "After step 13 no file was changed.",
    "The first edit is in step 7.",
    "The agent's last edit was in step 12.",
    "The agent made no edit before step 7.",
    "The agent ran the tests for the first time in step 10.",
    "The agent needed 14 steps.",
    "In step 10 all tests pass.",
    "The agent needed 3 steps to see it.",
    "The first edit would be in step 12.",
    "Step 10 prints `84 passed`.",
    "The gold patch changed no test.",
    "The agent never opened almanac/agenda.py.",
]


@pytest.mark.parametrize("sentence", FALSE)
def test_finds_what_the_trajectory_denies(sentence: str) -> None:
    assert said(sentence)


@pytest.mark.parametrize("sentence", FALSE)
def test_blocks_where_the_trajectory_decides(sentence: str) -> None:
    guessed = ("it never ran", "No tests were run by", "five times", "edited in step 5")
    guessed += (
        "only edited",
        "nothing but",
        "the only file",
        "touches only",
        "a single file",
        "else.",
    )
    severities = {severity for severity, _ in said(sentence)}

    assert severities == {"block"} or any(part in sentence for part in guessed)


@pytest.mark.parametrize("sentence", TRUE)
def test_says_nothing_against_what_is_true_or_not_decided(sentence: str) -> None:
    blocking = [message for severity, message in said(sentence) if severity == "block"]

    assert blocking == []
    if "step 30" not in sentence:
        assert said(sentence) == []


def test_names_the_steps_that_speak_against_a_sentence() -> None:
    ((_, message),) = said("The agent never ran the tests.")

    assert message == (
        "R1 says “The agent never ran the tests.”, but tests were run in step 10 (84 passed), "
        "step 13 (85 passed). Mend the sentence."
    )


def test_a_hypothesis_may_be_wrong() -> None:
    content = saying("The agent never ran the tests.")
    content["reasoning_steps"][0]["kind"] = "hypothesis"

    assert findings(content, CONDUCT_CHECKS, facts_in(SAMPLE)) == ()


def _one(kind: str, details: dict[str, Any] | None = None, **values: Any) -> Content:
    content = saying("")
    content["reasoning_steps"][0].update(
        {"kind": kind, "details": details or {}, "citations": [], "covers": [], **values}
    )
    return content


_DEAD_END = {"visible_from": 5, "cost_steps": 3, "instead": "Read dates.py."}


@pytest.mark.parametrize(
    ("content", "severity", "part"),
    [
        (_one("observation", covers=[3, 15]), "block", "covers step 15, but the trajectory has 14"),
        (_one("observation", covers=[3, 3]), "warn", "twice"),
        (_one("dead_end", _DEAD_END | {"visible_from": 20}), "block", "from step 20 on, but"),
        (_one("dead_end", _DEAD_END, covers=[4]), "warn", "could be seen from step 5 on"),
        (_one("dead_end", _DEAD_END | {"cost_steps": 15}), "block", "cost 15 steps, but"),
        (
            _one("dead_end", _DEAD_END | {"cost_steps": 6}, covers=[5, 12]),
            "",
            "",
        ),
        (
            _one("dead_end", _DEAD_END | {"cost_steps": 6}, covers=[12, 13]),
            "block",
            "from step 12 on there are only 3",
        ),
        (
            _one("dead_end", _DEAD_END | {"cost_steps": 6}, covers=[4, 5]),
            "warn",
            "covers only steps 4 to 5",
        ),
        (
            _one("experiment", {"stands_on": "trajectory", "expected": "x"}, covers=[7, 9]),
            "block",
            "steps 7 and 9 ran nothing",
        ),
        (
            _one("experiment", {"stands_on": "trajectory", "expected": "x"}, covers=[3]),
            "warn",
            "step 3 ran nothing",
        ),
        (
            _one("experiment", {"stands_on": "trajectory", "expected": "x"}, covers=[5]),
            "",
            "",
        ),
        (
            _one("experiment", {"stands_on": "trajectory", "expected": "x"}),
            "warn",
            "names no step of it",
        ),
        (
            _one(
                "change",
                {"hunks": [{"which": "gold", "path": "almanac/dates.py"}]},
                rationale="This is done as the agent did.",
            ),
            "block",
            "the agent never changed almanac/dates.py",
        ),
        (
            _one(
                "change",
                {"hunks": [{"which": "gold", "path": "almanac/recurrence.py"}]},
                rationale="This is done as the agent did.",
                covers=[3],
            ),
            "warn",
            "covers step 3, which did not change almanac/recurrence.py; steps 7 and 9 did",
        ),
    ],
)  # fmt: skip
def test_compares_fields_with_the_trajectory(content: Content, severity: str, part: str) -> None:
    found = told(findings(content, CONDUCT_CHECKS, facts_in(SAMPLE)))

    assert [each[0] for each in found] == ([severity] if severity else [])
    assert all(part in message for _, message in found)


def test_a_step_is_judged_once_and_is_there() -> None:
    content = saying("")
    content["judgements"] = [{"step": step, "judgement": "neutral"} for step in (3, 3, 15)]

    messages = [message for _, message in told(findings(content, CONDUCT_CHECKS, facts_in(SAMPLE)))]

    assert messages == [
        "Step 15 is judged, but the trajectory has 14 steps.",
        "Step 3 is judged 2 times; keep one judgement.",
    ]


@pytest.mark.parametrize(
    ("step", "kind", "part"),
    [
        (3, "symptom-patched", "it changed nothing"),
        (7, "symptom-patched", ""),
        (7, "test-bent", "it changed no test"),
        (12, "test-bent", ""),
        (14, "not-verified", "tests passed after the last edit, in step 13"),
        (7, "not-verified", ""),
        (3, "wrong-place", ""),
    ],
)
def test_a_kind_of_misstep_fits_its_step(step: int, kind: str, part: str) -> None:
    content = saying("")
    content["judgements"] = [{"step": step, "judgement": "misstep", "misstep": kind}]

    found = told(findings(content, CONDUCT_CHECKS, facts_in(SAMPLE)))

    assert [severity for severity, _ in found] == ["warn"] * bool(part)
    assert all(part in message for _, message in found)


REAL = {
    "django": "swe-agent-0x/sonnet35__django__django-16527.traj",
    "sympy": "swe-agent-0x/gpt4__sympy__sympy-13146.traj",
    "mini": "mini-swe-agent/deepseek_chat_test_1-100__django__django-11039.traj.json",
    "openhands": "openhands-output-jsonl/multi_swe_bench__output.jsonl",
    "marshmallow": "swe-agent-1x/demo-function_calling__marshmallow-code__marshmallow-1867.traj",
}


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "sentence", "is_true"),
    [
        ("django", "The agent never ran the tests.", False),
        ("django", "Step 7 runs the tests.", True),
        ("django", "Step 3 runs the tests.", False),
        ("django", "The agent edited only `admin_modify.py`.", True),
        ("django", "The agent edited only `django/contrib/admin/options.py`.", False),
        ("django", "The tests pass in step 7.", True),
        ("django", "The tests fail in step 7.", False),
        ("sympy", "The agent never ran the tests.", True),
        ("sympy", "The agent ran the tests.", False),
        ("sympy", "Step 3 reproduces the bug.", True),
        ("sympy", "Step 2 reproduces the bug.", False),
        ("mini", "The agent never ran the tests.", False),
        ("mini", "The agent edited only sqlmigrate.py.", True),
        ("mini", "Step 26 edits `django/core/management/commands/sqlmigrate.py`.", False),
        ("mini", "The trajectory has 38 steps.", True),
        ("openhands", "Step 14 edits `src/libponyc/ast/parser.c`.", True),
        ("openhands", "The agent never touched parser.c.", False),
        ("openhands", "The agent never ran the tests.", True),
        ("marshmallow", "The agent never ran the tests.", True),
        ("marshmallow", "The agent submitted without running the tests.", True),
        ("marshmallow", "The agent edited only `src/marshmallow/fields.py`.", True),
        ("marshmallow", "Step 9 reproduces the bug.", True),
        ("marshmallow", "Step 6 reproduces the bug.", False),
    ],
)
def test_judges_real_trajectories(corpus: Path, name: str, sentence: str, is_true: bool) -> None:
    found = said(sentence, corpus / "trajectories" / REAL[name])

    assert (found == []) == is_true


@pytest.mark.parametrize(
    "piece",
    ["runs the tests ", "own ", "the agent only edited the ", "a/", "In step 3, it ", "never "],
)
def test_takes_no_long_time_for_a_long_sentence(piece: str) -> None:
    started = time.perf_counter()

    conduct_claims(f"The agent ran the {piece * 20_000} tests in step 3.")

    # Quadratic would be minutes.
    assert time.perf_counter() - started < 5


@given(st.text())
def test_reads_any_text(text: str) -> None:
    assert isinstance(conduct_claims(text), tuple)
    assert all(named.step >= 0 for named in steps_named(text))


@given(st.sampled_from(FALSE + TRUE), st.sampled_from(FALSE + TRUE))
def test_a_sentence_is_judged_for_itself(first: str, second: str) -> None:
    """What is found in two sentences is what is found in each."""
    both = set(conduct_claims(f"{first}\n\n{second}"))

    assert both == {*conduct_claims(first), *conduct_claims(second)}


def test_conduct_of_nothing_decides_nothing() -> None:
    facts = Mock(Facts, conduct=Conduct(()), patches=_Patches(""), is_blind=False)

    for sentence in TRUE[:4]:
        assert blocks(findings(saying(sentence), CONDUCT_CHECKS[-1:], facts)) == []
