from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.colour_windows import colour_ranges
from trajectories.highlighting import colour_lines

PYTHON = [
    "def f(a):",
    '    """One line of',
    "    def not_code(): 'it''s'",
    "    # no comment either",
    '    """',
    "    # it's a comment with one quote",
    "    text = 'single # no comment'",
    '    other = r"""raw \\" \' """ + "x"',
    "    return a",
    "",
]
PIECES = st.lists(st.sampled_from([*PYTHON, '"""', "'''", "x = '\\''"]), max_size=30)


@pytest.mark.parametrize("line", range(1, 31))
def test_a_line_has_the_colours_that_it_has_in_the_whole_file(line: int) -> None:
    whole = colour_lines(PYTHON * 3, "f.py")
    assert colour_ranges(PYTHON * 3, "f.py", [(line, line)])[line] == whole[line - 1]


@given(PIECES, st.integers(-2, 32), st.integers(-2, 32), st.sampled_from(["f.py", "f.c", "f.odd"]))
def test_all_wanted_lines_come_with_their_text(
    lines: list[str], first: int, last: int, path: str
) -> None:
    coloured = colour_ranges(lines, path, [(first, last), (2, 4)])
    wanted = {*range(max(1, first), last + 1), 2, 3, 4} & set(range(1, len(lines) + 1))
    assert wanted <= coloured.keys()
    for number, parts in coloured.items():
        assert "".join(text for _, text in parts) == lines[number - 1]


def test_a_far_line_of_a_long_file_is_coloured() -> None:
    lines = [*(f"x_{number} = {number}" for number in range(20_000)), "def f(): pass"]
    coloured = colour_ranges(lines, "f.py", [(20_001, 20_001)])
    assert set(coloured) == {20_001}
    assert ("tok-keyword", "def") in coloured[20_001]
