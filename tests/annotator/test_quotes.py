from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotator.citations.quotes import CONTEXT_CHARS, Span, locate, surroundings


def found(content: str, quote: str, prefix: str = "", suffix: str = "") -> str | None:
    span = locate(content, quote, prefix, suffix)
    return content[span.start : span.end] if span else None


def test_a_quote_is_found_as_it_is() -> None:
    assert locate("one two three", "two") == Span(4, 7)


@pytest.mark.parametrize(
    ("content", "quote", "source"),
    [
        ("Call `add(1, 2)` and see", "Call add(1, 2) and", "Call `add(1, 2)` and"),
        ("it **never** returns\n  None", "never returns None", "never** returns\n  None"),
        ("- first\n- second", "first second", "first\n- second"),
        ("a\r\nb", "a b", "a\r\nb"),
    ],
)
def test_white_space_and_markup_are_left_out_of_the_comparison(
    content: str, quote: str, source: str
) -> None:
    assert found(content, quote) == source


@pytest.mark.parametrize("quote", ["", "   ", "four", "**", "TWO"])
def test_what_does_not_stand_there_is_not_found(quote: str) -> None:
    assert locate("one two three", quote) is None


def test_of_several_places_the_surroundings_decide() -> None:
    content = "first: x = 1\nsecond: x = 1\nthird: x = 1\n"
    span = locate(content, "x = 1", prefix="second: ")
    assert span is not None and content[: span.start].endswith("second: ")
    span = locate(content, "x = 1", suffix="\nthird")
    assert span is not None and content[: span.start].endswith("second: ")


def test_without_surroundings_the_first_place_is_taken() -> None:
    assert locate("ab ab", "ab") == Span(0, 2)


def test_surroundings_are_short_and_stop_at_the_ends() -> None:
    content = "a" * 100 + "Q" + "b" * 3
    assert surroundings(content, Span(100, 101)) == ("a" * CONTEXT_CHARS, "bbb")


@given(st.text(max_size=60), st.data())
def test_whatever_is_selected_of_a_text_is_found_in_it(content: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, len(content)))
    quote = content[start:end]
    if quote.strip():
        begin = content.index(quote.strip(), start)
        span = locate(content, quote, content[:start], content[end:])
        assert span == Span(begin, begin + len(quote.strip()))


@given(st.text("ab \n*`", max_size=60), st.text("ab \n*`c", max_size=6), st.text(), st.text())
def test_what_is_found_says_what_was_selected(
    content: str, quote: str, prefix: str, suffix: str
) -> None:
    text = found(content, quote, prefix, suffix)
    if text is not None:
        assert significant(text) == significant(quote) and text.strip() == text != ""


def significant(text: str) -> str:
    return "".join(character for character in text if character not in " \n*`")


def test_a_letter_of_a_long_log_is_found_among_all_of_its_kind() -> None:
    content = "".join(f"line {number}\n" for number in range(50_000))
    start = content.index("e 49000")
    span = locate(content, "e", content[start - 100 : start], content[start + 1 : start + 100])
    assert span == Span(start, start + 1)
    assert locate("a" * 200_000, "a" * 20_000, "other") == Span(0, 20_000)
