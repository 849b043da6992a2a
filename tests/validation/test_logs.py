"""Logs: where tests stand in them, and which of their lines are shown."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.logs import Gap, Log, Place, Rows, Wanted, open_gap, pieces, place_of, read_log
from validation.logs.window import CHUNK_LINES, WHOLE_LINES

FOLDER = Path(__file__).with_name("logs")


def log(name: str) -> Log:
    return read_log((FOLDER / f"{name}.txt").read_text())


def ends(read: Log, test_id: str) -> tuple[str, str] | None:
    """Return the first and last line of a test's place."""
    place = place_of(read, test_id)
    return (read.lines[place.first - 1], read.lines[place.last - 1]) if place else None


@pytest.mark.parametrize(
    ("name", "test_id", "begins", "stops"),
    [
        (
            "pytest_failures",
            "tests/test_calc.py::TestCalc::test_halve[3 1]",
            "______________________________ TestCalc.test_halve[3 1]",
            "tests/test_calc.py:12: AssertionError",
        ),
        ("node_tap", "- halves odd numbers", "not ok 2 - halves odd numbers", "  ..."),
        ("node_tap", "- adds", "ok 1 - adds", "ok 1 - adds"),
        ("node_tap", "- names the line", "    not ok 2 - names the line", "      ..."),
        # Records cut ids off at a blank.
        (
            "pytest_failures",
            "tests/test_calc.py::TestCalc::test_halve[3",
            "______________________________ TestCalc.test_halve[3 1]",
            "tests/test_calc.py:12: AssertionError",
        ),
        (
            "pytest_failures",
            "tests/test_more.py::TestMore::test_ready",
            "_____________________ ERROR at setup of TestMore.test_ready",
            "tests/test_more.py:7: OSError",
        ),
        (
            "pytest_failures",
            "tests/test_calc.py::test_same",
            "____ test_same ____",
            "tests/test_calc.py:30: KeyError",
        ),
        (
            "pytest_failures",
            "tests/test_calc.py::TestCalc::test_add",
            "PASSED tests/test_calc.py::TestCalc::test_add",
            "PASSED tests/test_calc.py::TestCalc::test_add",
        ),
        (
            "pytest_collecting",
            "tests/test_calc.py::test_halve",
            "____________________ ERROR collecting tests/test_calc.py",
            "E   ImportError: cannot import name 'halve' from 'calc'",
        ),
        (
            "unittest_failures",
            "test_halve (calc.tests.CalcTests)",
            "FAIL: test_halve (calc.tests.CalcTests.test_halve) (n=3)",
            "AssertionError: 1 != 1.5",
        ),
        (
            "unittest_failures",
            "Numbers have words.",
            "ERROR: test_words (calc.tests.CalcTests)",
            "NotImplementedError",
        ),
        (
            "unittest_failures",
            "test_add (calc.tests.CalcTests.test_add)",
            "test_add (calc.tests.CalcTests) ... ok",
            "test_add (calc.tests.CalcTests) ... ok",
        ),
        (
            "unittest_failures",
            "test_here (test_gone.GoneTests)",
            "ERROR: test_gone (unittest.loader._FailedTest)",
            "ImportError: Failed to import test module: test_gone",
        ),
        (
            "sympy_failures",
            "test_halve",
            "_________________ sympy/core/tests/test_calc.py:test_halve",
            "AssertionError",
        ),
        ("sympy_failures", "test_add", "test_add ok", "test_add ok"),
    ],
)
def test_a_test_is_found_in_the_log(name: str, test_id: str, begins: str, stops: str) -> None:
    found = ends(log(name), test_id)
    assert found is not None
    assert found[0].startswith(begins)
    assert found[1] == stops


@pytest.mark.parametrize("test_id", ["tests/test_x.py::test_none", "test_none (a.B)", "None.", ""])
def test_a_test_that_no_line_mentions_is_not_found(test_id: str) -> None:
    assert {place_of(log(path.stem), test_id) for path in FOLDER.iterdir()} == {None}


def test_terminal_escapes_are_no_part_of_a_line() -> None:
    read = read_log("\x1b[31mFAILED\x1b[0m t.py::test_a - no\n")
    assert read.lines == ("FAILED t.py::test_a - no",)
    assert place_of(read, "t.py::test_a") == Place(1, 1)


def many_passing(n: int) -> list[str]:
    return [f"tests/test_a.py::test_{number} PASSED" for number in range(n)]


def test_a_long_stretch_of_passing_tests_is_folded_in() -> None:
    read = read_log(
        "\n".join(["start", *many_passing(50), "tests/test_a.py::test_x FAILED", "end"])
    )
    assert pieces(read) == (Rows(1, 1), Gap(2, 51, True, 0), Rows(52, 53))


def test_what_failed_is_shown_in_a_long_log() -> None:
    failure = ["____ test_x ____", "", "E   assert 0", "", "tests/test_a.py:3: AssertionError"]
    noise = [f"line {number}" for number in range(WHOLE_LINES)]
    read = read_log("\n".join([*noise, *failure, "=" * 30, *noise]))
    shown = {
        number
        for piece in pieces(read)
        if isinstance(piece, Rows)
        for number in range(piece.first, piece.last + 1)
    }
    assert set(range(WHOLE_LINES + 1, WHOLE_LINES + 6)) <= shown
    assert len(shown) < 200


def test_what_is_asked_for_is_shown() -> None:
    read = read_log("\n".join(many_passing(5_000)))
    shown = [
        piece for piece in pieces(read, Wanted(Place(2_500, 2_502))) if isinstance(piece, Rows)
    ]
    assert any(rows.first <= 2_500 and rows.last >= 2_502 for rows in shown)
    shown = [piece for piece in pieces(read, Wanted(start=3_000)) if isinstance(piece, Rows)]
    assert Rows(3_000, 3_000 + CHUNK_LINES - 1) in shown


def test_a_gap_opens_by_chunks_until_nothing_is_left() -> None:
    read = read_log("\n".join(many_passing(1_000)))
    first, rest = open_gap(read, 101, 900)
    assert first == Rows(101, 100 + CHUNK_LINES)
    assert isinstance(rest, Gap)
    assert (rest.first, rest.last) == (101 + CHUNK_LINES, 900)
    assert open_gap(read, 5, 4) == ()
    assert open_gap(read, 2_000, 3_000) == ()


LINES = st.sampled_from(
    [
        *(
            "",
            "text",
            "=" * 30,
            "=== FAILURES ===",
            "-" * 70,
            "_" * 80,
            "_ _ _ _",
            "____ test_a ____",
        ),
        *(
            "FAIL: test_a (m.A)",
            "ERROR: test_a (m.A)",
            "test_a (m.A) ... ok",
            "test_a F",
            "test_a ok",
        ),
        *(
            "Traceback (most recent call last):",
            "  File x",
            "FAILED t.py::test_a - no",
            "..... [ 5%]",
        ),
        *(
            "t.py::test_a PASSED",
            "--- FAIL: TestA (0.0s)",
            "Ran 3 tests in 1s",
            "E   no",
            "_",
            "__ x __",
        ),
    ]
)


@given(st.lists(LINES, max_size=60), st.integers(-5, 70), st.integers(-5, 70))
def test_pieces_are_the_whole_log_in_order(lines: list[str], start: int, target: int) -> None:
    read = read_log("\n".join(lines))
    wanted = Wanted(Place(target, target + 2), start)
    at = 1
    for piece in pieces(read, wanted):
        assert piece.first == at
        assert piece.last >= piece.first
        at = piece.last + 1
    assert at == len(read.lines) + 1


@given(st.lists(LINES, max_size=60))
def test_failures_lie_within_the_log_and_apart(lines: list[str]) -> None:
    read = read_log("\n".join(lines))
    at = 0
    for section in read.sections:
        assert at < section.first <= section.last <= len(read.lines)
        at = section.last


@given(st.text(max_size=300), st.text(max_size=40))
def test_any_text_is_read_and_any_id_is_looked_for(text: str, test_id: str) -> None:
    read = read_log(text)
    place_of(read, test_id)
    assert read.lines == () or "\n".join(read.lines) is not None


@pytest.mark.parametrize(
    "line",
    [
        "a::" * 660,
        "a::b " * 390 + "PASSED x",
        "_ a" + " _" * 990,
        "x.py[" * 390,
        "FAILED " + " - " * 600,
        "=" * 1990,
        "--- FAIL: " * 190,
        "test_a (" * 240,
        "a ... " * 330,
        "_" * 1990,
    ],
)
def test_no_line_takes_long_to_be_read(line: str) -> None:
    start = time.perf_counter()
    read_log("\n".join([line] * 500))
    assert time.perf_counter() - start < 2
