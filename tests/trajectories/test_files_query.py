from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.contexts.files_query import FilesQuery, Find, Lines, read_lines, read_query

numbers = st.integers(1, 9_999_999)
words = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1).filter(
    lambda text: text == text.strip()
)
lines = st.builds(lambda a, b: Lines(min(a, b), max(a, b)), numbers, numbers)
finds = st.builds(
    Find,
    kind=st.sampled_from(["text", "definition", "uses"]),
    code=words,
    glob=st.sampled_from(["", "*.py", "src, !tests"]),
    is_regex=st.booleans(),
    matches_case=st.booleans(),
    is_word=st.booleans(),
)
queries = st.builds(
    FilesQuery,
    path=words.filter(lambda text: text == text.strip("/").strip()),
    lines=st.none() | lines,
    show_all=st.booleans(),
    blame=st.booleans(),
    outline=st.booleans(),
    find=st.none() | finds,
)


@given(queries)
def test_an_address_asks_for_what_it_was_made_of(query: FilesQuery) -> None:
    address = {name: value for name, value in query.address().items() if value is not None}
    assert read_query(address) == query


@given(st.dictionaries(st.sampled_from(["path", "line", "look", "code", "glob"]), st.text()))
def test_any_address_can_be_read(address: dict[str, str]) -> None:
    query = read_query(address)
    assert query.find is None or query.find.code.strip()


@pytest.mark.parametrize(
    ("text", "found"),
    [("17", Lines(17, 17)), ("17-25", Lines(17, 25)), ("25-17", Lines(17, 25)),
     ("", None), ("0", None), ("1-", None), ("1-2-3", None), ("١", None), ("99999999", None)],
)  # fmt: skip
def test_lines_are_one_or_a_range(text: str, found: Lines | None) -> None:
    assert read_lines(text) == found
