from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.covers import BadCovers, format_covers, parse_covers


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("3", [3]),
        ("1-3, 5", [1, 2, 3, 5]),
        ("5 1 - 3", [1, 2, 3, 5]),
        ("1–3;3..4", [1, 2, 3, 4]),
        (" 2,, 2 ,", [2]),
    ],
)
def test_numbers_and_ranges_are_read(text: str, expected: list[int]) -> None:
    assert parse_covers(text, 9) == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("one", "names no step"),
        ("3-1", "ends before it begins"),
        ("0", "steps 1 to 9"),
        ("8-10", "steps 1 to 9"),
        ("99999999", "names no step"),
        ("1-", "names no step"),
    ],
)
def test_what_names_no_steps_is_refused(text: str, says: str) -> None:
    with pytest.raises(BadCovers, match=says):
        parse_covers(text, 9)


@given(st.sets(st.integers(1, 60)))
def test_what_is_written_reads_back(numbers: set[int]) -> None:
    assert parse_covers(format_covers(numbers), 60) == sorted(numbers)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused_in_a_sentence(text: str) -> None:
    try:
        numbers = parse_covers(text, 500)
    except BadCovers as error:
        assert str(error).endswith(".")
    else:
        assert all(1 <= number <= 500 for number in numbers)
