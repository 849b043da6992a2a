"""What is read as a claim of an outcome, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.checks.claims import outcome_claims, resolved_claims, trees_in

Read = tuple[str, str, tuple[str, ...] | str]


def read(text: str) -> list[Read]:
    return [
        (c.tree, c.verb, c.tests or f"{c.count or c.quantity} {c.group}")
        for c in outcome_claims(text)
    ]


CLAIMS: list[tuple[str, list[Read]]] = [
    ("`test_a` fails at base.", [("base", "fails", ("test_a",))]),
    (
        "`tests/test_x.py::test_a` fails at base and passes with the gold patch.",
        [
            ("base", "fails", ("tests/test_x.py::test_a",)),
            ("gold", "passes", ("tests/test_x.py::test_a",)),
        ],
    ),
    (
        "At base, test_a fails; with the gold patch, it passes.",
        [("base", "fails", ("test_a",)), ("gold", "passes", ("test_a",))],
    ),
    (
        "test_a, test_b and test_c fail on base.",
        [("base", "fails", ("test_a", "test_b", "test_c"))],
    ),
    (
        "`test_a`, which fails at base, passes with the gold patch.",
        [("base", "fails", ("test_a",)), ("gold", "passes", ("test_a",))],
    ),
    ("`test_a`: ERROR at base", [("base", "errors", ("test_a",))]),
    ("`test_a` does not pass with the agent's patch", [("model", "does not pass", ("test_a",))]),
    ("`test_a` no longer fails at gold", [("gold", "does not fail", ("test_a",))]),
    ("The agent's patch fails `test_a`", [("model", "fails", ("test_a",))]),
    ("The gold patch makes `test_a` pass.", [("gold", "passes", ("test_a",))]),
    ("On base the test `test_a` is red.", [("base", "fails", ("test_a",))]),
    ("`test_a` passes.", [("", "passes", ("test_a",))]),
    ("All tests pass at gold.", [("gold", "passes", "all all")]),
    ("The whole suite passes with the model patch", [("model", "passes", "all all")]),
    (
        "None of the FAIL_TO_PASS tests passes with the agent's patch",
        [("model", "passes", "none FAIL_TO_PASS")],
    ),
    ("Not all tests pass with the agent's patch", [("model", "passes", "some all")]),
    ("Three of the tests fail at gold.", [("gold", "fails", "any all")]),
    ("With the model patch two of the tests fail.", [("model", "fails", "any all")]),
    ("The tests still fail with the agent's patch.", [("model", "fails", "any all")]),
    ("All seven failing tests fail on gold.", [("gold", "fails", "all FAIL_TO_PASS")]),
    ("Before the change, the seven tests pass.", [("base", "passes", "all FAIL_TO_PASS")]),
    ("The gold patch breaks a PASS_TO_PASS test.", [("gold", "fails", "any PASS_TO_PASS")]),
    ("The agent's patch breaks no test.", [("model", "fails", "none PASS_TO_PASS")]),
    ("The agent's patch does not break any test.", [("model", "fails", "none PASS_TO_PASS")]),
    ("All 12 FAIL_TO_PASS tests fail at base", [("base", "fails", "all FAIL_TO_PASS")]),
    (
        "`test_a` passes at base, at gold and with the agent's patch.",
        [(tree, "passes", ("test_a",)) for tree in ("base", "gold", "model")],
    ),
    (
        "Two of the 7 FAIL_TO_PASS tests fail with the agent's patch.",
        [("model", "fails", "2 FAIL_TO_PASS")],
    ),
    (
        "`test_a` fails at base, and with the gold patch the month is right.",
        [("base", "fails", ("test_a",))],
    ),
    (
        "With the agent's patch the month is right, but `test_a` fails.",
        [("model", "fails", ("test_a",))],
    ),
]
NO_CLAIMS = [
    "It is not true that the suite is green at base.",
    "Two of the tests pass at base.",
    "A patch like this would break the tests at gold.",
    "`test_a` would fail at base.",
    "Does `test_a` fail at base?",
    "If `test_a` fails at base, the fault is there.",
    "The agent believes that `test_a` passes at base.",
    "In step 4 `test_a` fails with the agent's patch.",
    "`test_a` shows that the sum fails at base.",
    "Both tests fail at base.",
    "All tests of this module fail at base.",
    "With `_jump` reverted, `test_a` fails at gold.",
    "When `add` is mended on base, `test_a` passes.",
    "The test named parse_fails is at base.",
    "Compared to gold, `test_a` fails.",
    "It passes the existing tests.",
]


@pytest.mark.parametrize(("text", "claims"), CLAIMS)
def test_plain_claims_are_read(text: str, claims: list[Read]) -> None:
    assert read(text) == claims


@pytest.mark.parametrize("text", NO_CLAIMS)
def test_what_is_supposed_asked_or_of_others_is_no_claim(text: str) -> None:
    assert read(text) == []


def test_a_patch_that_comes_after_is_not_guessed() -> None:
    assert read("`test_a` fails before the patch and passes after it.") == [
        ("base", "fails", ("test_a",))
    ]
    assert read("`test_a` fails because the gold patch changes the message.") == []


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("The agent's patch resolves the task.", [("model", True)]),
        ("The model's patch does not resolve it.", [("model", False)]),
        ("The task is unresolved with the agent's patch.", [("model", False)]),
        ("The gold patch resolves the issue, the agent's patch does not resolve it.",
         [("gold", True), ("model", False)]),
        ("The agent's patch resolves the symbolic link.", []),
        ("The agent's patch only partly resolves the issue.", []),
        ("The agent thinks its patch resolves the issue.", []),
    ],
)  # fmt: skip
def test_claims_of_what_a_patch_resolves(text: str, claims: list[tuple[str, bool]]) -> None:
    assert [(c.tree, c.is_resolved) for c in resolved_claims(text)] == claims


def test_trees_are_told_from_other_uses_of_their_names() -> None:
    assert trees_in("at base and with the gold patch") == {"base", "gold"}
    assert trees_in("the agent's final patch") == {"model"}
    assert trees_in("the model's save() in the base class, based on a data base") == set()


TREES = st.sampled_from(["at base", "with the gold patch", "with the agent's patch"])
NAMES = st.from_regex(r"test_[a-z]{1,8}", fullmatch=True)


@given(NAMES, TREES, st.sampled_from(["passes", "fails"]))
def test_a_claim_says_what_its_words_say(name: str, where: str, verb: str) -> None:
    [claim] = outcome_claims(f"`{name}` {verb} {where}.")
    assert (claim.tests, claim.verb) == ((name,), verb)
    assert {claim.tree} == trees_in(where)


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    outcome_claims(text)
    resolved_claims(text)
