"""Files, names, tests and lines that a text mentions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.checks.mentions import (
    distance,
    is_slip_of,
    line_mentions,
    name_mentions,
    path_mentions,
    test_mentions,
)
from annotator.checks.prose import code_spans, sentences, without_fences


def paths(text: str) -> list[tuple[str, int | None, int | None]]:
    return [(one.path, one.first, one.last) for one in path_mentions(text)]


def names(text: str) -> list[tuple[str, ...]]:
    return [one.parts for one in name_mentions(text)]


def lines(text: str) -> list[tuple[str, int, int]]:
    return [(one.path, one.first, one.last) for one in line_mentions(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("See pkg/core.py.", [("pkg/core.py", None, None)]),
        ("`pkg/core.py:12`", [("pkg/core.py", 12, 12)]),
        ("core.py:12–14 and core.py#L7", [("core.py", 12, 14), ("core.py", 7, 7)]),
        ("./setup.py, README.md", [("./setup.py", None, None), ("README.md", None, None)]),
        ("https://example.org/a/b.py is an address", []),
        ("tests/test_a.py::test_b is a test", []),
        ("i.e. 3.11.2, e.g. a.b.x, v1.py3", []),
        ("tests/*.py", []),
        ("```\npkg/core.py\n```", []),
    ],
)
def test_paths(text: str, found: list[tuple[str, int | None, int | None]]) -> None:
    assert paths(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("`add` and `_jump()`", [("add",), ("_jump",)]),
        ("`Recurrence.between(window, 3)`", [("Recurrence", "between")]),
        ("`self.turns`", [("self", "turns")]),
        ("add_months() drops it", [("add_months",)]),
        ("`git diff --stat` and `-k foo` and `'text'` and `42`", []),
        ("`pytest tests/test_a.py`", []),
        ("`return self.add_months(moment, 'x_y')`", [("add_months",)]),
        ("plain words only", []),
        (
            "then add_months and IntervalSet, _emphasis_ and __bold__, a_b.py",
            [("add_months",), ("IntervalSet",), ("__bold__",)],
        ),
        ("``a `b` c_d``", [("c_d",)]),
    ],
)
def test_names(text: str, found: list[tuple[str, ...]]) -> None:
    assert names(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("line 42 of core.py", [("core.py", 42, 42)]),
        ("Lines 10–14 in `pkg/core.py`", [("pkg/core.py", 10, 14)]),
        ("lines 3 and 4", [("", 3, 4)]),
        ("core.py:7", [("core.py", 7, 7)]),
        ("line 3 of the output", []),
        ("lines 3 to 5 of its traceback", []),
        ("20 lines long", []),
        ("step 12", []),
    ],
)
def test_lines(text: str, found: list[tuple[str, int, int]]) -> None:
    assert lines(text) == found


def test_tests_are_mentioned_by_id_or_name() -> None:
    text = "tests/test_a.py::TestB::test_c[1-x], `test_d` and test_e; not the test_patch, nor test_"
    assert test_mentions(text) == ["tests/test_a.py::TestB::test_c[1-x]", "test_d", "test_e"]


WORDS = st.text("abc_", max_size=8)


@given(WORDS, WORDS)
def test_distance_is_one_of_a_metric(one: str, other: str) -> None:
    far = distance(one, other, most=10)
    assert far == distance(other, one, most=10)
    assert (far == 0) == (one == other)
    assert abs(len(one) - len(other)) <= far <= max(len(one), len(other))


@given(st.text("abcdefgh_", min_size=7, max_size=20), st.data())
def test_one_letter_more_less_or_swapped_is_a_slip(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(1, len(name) - 2))
    for other in (
        name[:at] + name[at + 1 :],
        name[:at] + "x" + name[at:],
        name[: at - 1] + name[at] + name[at - 1] + name[at + 1 :],
    ):
        assert other.strip("_") == name.strip("_") or is_slip_of(other, name)


def test_a_slip_is_neither_another_word_nor_the_same_without_its_underscore() -> None:
    assert not is_slip_of("weekday", "monday")
    assert not is_slip_of("_jump", "jump")
    assert not is_slip_of("stale", "states")


@given(st.text("a`~\n .", max_size=80))
def test_any_markdown_can_be_read(text: str) -> None:
    spans = code_spans(text)
    assert all("\n" not in span for span in spans)
    assert len(without_fences(text)) <= len(text) + 2 * text.count("\n") + 2
    sentences(text)
    path_mentions(text), name_mentions(text), line_mentions(text), test_mentions(text)
