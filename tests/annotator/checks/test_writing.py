"""How it is written: phrases, length, copies, pasted blocks."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from annotator.checks.likeness import containment, words_of
from annotator.checks.writing import WRITING_CHECKS, longest_block
from annotator.facts import Facts, facts_of
from annotator.facts.texts import message_of
from annotator.models import Annotation
from annotator.services.claiming import claim_next
from annotator.services.submitting import submit
from tests.annotator.checks.contents import Content, findings, good_content, told
from tests.annotator.conftest import write
from tests.factories import make_batch, make_trajectory

ISSUE = (
    "Monthly rules skip to the first day of the following month when the start is the last day of "
    "a month that has thirty-one days, instead of stopping at the last day that there is."
)
GOLD = "Count months from the start of a rule\n\nThe day was lost when a short month was passed."
OTHER = (
    "Every step counts from the date before it, so the day of the month shrinks at the first short "
    "month and never comes back."
)


def _facts(**texts: Any) -> Facts:
    known = Mock(issue=ISSUE, hints="", gold_message=GOLD)
    known.handed_in.return_value = ((OTHER,),)
    known.configure_mock(**texts)
    return Mock(Facts, texts=known)


def _saying(text: str, field: str = "rationale", **values: Any) -> Content:
    content = good_content()
    content["reasoning_steps"][0] |= {field: text, **values}
    return content


def _found(content: Content) -> list[str]:
    found = told(findings(content, WRITING_CHECKS, _facts()))
    assert {severity for severity, _ in found} <= {"warn"}
    return [message for _, message in found]


def test_says_nothing_of_plain_writing() -> None:
    assert _found(good_content()) == []


@pytest.mark.parametrize(
    ("text", "field", "part"),
    [
        ("The new code works as expected.", "rationale", "says “works as expected”"),
        ("It is important to note that the sign is turned.", "rationale", "says “it is important"),
        ("The bug is fixed.", "claim", "claims “The bug is fixed.”"),
        ("Reads the code", "claim", "claims “Reads the code”"),
        ("word " * 160, "rationale", "words; nobody verifies that in thirty seconds"),
        ("It is. " * 14, "rationale", "has 14 sentences"),
        ("word " * 40, "claim", "claims in 40 words"),
        (ISSUE, "rationale", "is nearly a copy of the issue"),
        (OTHER, "rationale", "is nearly a copy of what another annotator handed in"),
        ("Count months from the start of a rule.", "claim", "the gold patch's commit message"),
        ("```\n" + "x = 1\n" * 9 + "```\n", "rationale", "a pasted block of 9 lines"),
        (
            'Traceback (most recent call last):\n  File "a.py", line 3\n  File "b.py", line 4\nE',
            "rationale",
            "a pasted block of 4 lines",
        ),
        (
            "It is the only place where the two numbers meet.",
            "rationale",
            "R5 says the same as R1: “It is the only place",
        ),
    ],
)
def test_finds_what_helps_nobody(text: str, field: str, part: str) -> None:
    (found,) = _found(_saying(text, field))

    assert part in found


@pytest.mark.parametrize(
    "text",
    [
        "The issue says “works as expected” of every other rule.",
        "`works_as_expected` is the name of the flag; it works as a switch.",
        f"“{ISSUE}” is what the reporter saw.",
        f"> {ISSUE}",
        "It prints what the issue says, in the same order.",
        "```\nx = 1\ny = 2\n```",
        "- one\n- two\n- three",
    ],
)
def test_takes_quotes_and_short_code(text: str) -> None:
    assert _found(_saying(text)) == []


def test_two_steps_do_not_claim_the_same() -> None:
    (message,) = _found(_saying("The operator becomes a plus!", "claim"))

    assert message.startswith("R5 says the same as R1")


def test_does_not_tell_what_another_annotator_wrote() -> None:
    (message,) = _found(_saying(OTHER))

    assert "shrinks" not in message


def test_a_block_that_a_citation_quotes_is_no_pasted_one() -> None:
    lines = "\n".join(f"line {number}" for number in range(10))

    assert longest_block(f"```\n{lines}\n```", "") == 10
    assert longest_block(f"```\n{lines}\n```", lines) == 0


def test_ten_citations_are_enough() -> None:
    content = good_content()
    first = content["reasoning_steps"][0]
    first["citations"] = first["citations"] * 11

    assert "R1 has 11 citations" in _found(content)[0]


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ("diff --git a/x b/x\n", ""),
        ("From 1234\nSubject: [PATCH 1/2] Count from\n the start\n\nWhy.\n---\n x | 2 +-\n"
         "diff --git a/x b/x\n", "Count from\n the start\n\nWhy."),
        ("commit 1234\nAuthor: A\n\n    Count from the start\n\ndiff --git a/x b/x\n",
         "Count from the start"),
    ],
)  # fmt: skip
def test_reads_the_message_above_a_patch(patch: str, message: str) -> None:
    assert message_of(patch) == message


@given(st.text(), st.text())
def test_containment_is_a_share(text: str, source: str) -> None:
    assert 0 <= containment(text, source) <= 1


@given(st.lists(st.sampled_from("abcdefgh"), min_size=5), st.text())
def test_a_text_is_wholly_in_itself(words: list[str], noise: str) -> None:
    text = " ".join(words)

    assert containment(text, f"{noise} . {text} . {noise}") == 1
    assert words_of(text) == tuple(words)


def test_compares_with_what_others_handed_in_and_not_with_oneself(
    annotator: User, other_annotator: User
) -> None:
    batch = make_batch(make_trajectory())
    policy = type(batch).objects.get(pk=batch.pk)
    _policy(policy, overlap=2)
    first = _handed_in(annotator, batch)
    second = claim_next(other_annotator, batch).annotation
    own = write(second, claim="Something else")
    trajectory = second.assignment.membership.trajectory

    seen_by_second = facts_of(trajectory).texts.handed_in([str(own.uid)])
    seen_by_first = facts_of(trajectory).texts.handed_in(
        [str(uid) for uid in first.reasoning_steps.values_list("uid", flat=True)]
    )

    assert [texts[0].startswith(OTHER) for texts in seen_by_second] == [True]
    assert seen_by_first == ()


def _policy(batch: Any, **values: Any) -> None:
    from annotator.models import BatchPolicy

    BatchPolicy.objects.update_or_create(batch=batch, defaults=values)


def _handed_in(user: User, batch: Any) -> Annotation:
    annotation = claim_next(user, batch).annotation
    write(annotation, claim=OTHER)
    submit(user, annotation)
    return annotation


def test_before_the_first_diagnosis_gold_and_hints_say_nothing(db: None) -> None:
    trajectory = make_trajectory()
    revision = trajectory.task_revision
    revision.extra = {"title": "Turn the operator of add"}
    blind, seeing = facts_of(trajectory, is_blind=True).texts, facts_of(trajectory).texts

    assert (blind.gold_message, blind.hints) == ("", "")
    assert (seeing.gold_message, seeing.hints) == (
        "Turn the operator of add",
        revision.hints_text,
    )
