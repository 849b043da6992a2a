from __future__ import annotations

import difflib

from hypothesis import given
from hypothesis import strategies as st

from trajectories.diffs import Patch, pair_hunk, parse_patch
from trajectories.diffs.moved import moves_of

FUNCTION = [
    "def normalise(name):",
    '    """Return the name without blanks."""',
    "    return name.strip().lower()",
]


def patch_of(*files: tuple[str, list[str], list[str]]) -> Patch:
    parts = [
        "".join(
            difflib.unified_diff(
                [f"{line}\n" for line in old],
                [f"{line}\n" for line in new],
                f"a/{path}",
                f"b/{path}",
            )
        )
        for path, old, new in files
    ]
    return parse_patch("".join(parts))


def test_a_block_that_goes_to_another_file_is_linked_at_both_ends() -> None:
    patch = patch_of(("a.py", ["import os", *FUNCTION], ["import os"]), ("b.py", [], FUNCTION))
    moves = moves_of(patch).lines
    there, back = moves["a.py", "old", 2], moves["b.py", "new", 1]
    assert (there.path, there.side, there.line, there.n_lines) == ("b.py", "new", 1, 3)
    assert (back.path, back.side, back.line, back.n_lines) == ("a.py", "old", 2, 3)
    assert moves["a.py", "old", 4].line == 3
    assert moves["a.py", "old", 4].n_lines == 0


def test_a_block_that_moves_within_a_file_is_found() -> None:
    rest = [f"value_{number} = {number}" for number in range(12)]
    patch = patch_of(("a.py", [*FUNCTION, *rest], [*rest, *FUNCTION]))
    moves = moves_of(patch).lines
    assert moves["a.py", "old", 1].line == 13
    assert not moves["a.py", "old", 1].is_reindented


def test_a_block_that_moves_into_a_class_is_found_with_its_new_indentation() -> None:
    method = [f"    {line}" for line in FUNCTION]
    patch = patch_of(("a.py", FUNCTION, []), ("b.py", ["class A:"], ["class A:", *method]))
    assert moves_of(patch).lines["b.py", "new", 2].is_reindented


def test_a_few_letters_do_not_make_a_move() -> None:
    patch = patch_of(("a.py", ["", "    pass", "x"], ["x"]), ("b.py", [], ["", "    pass"]))
    assert moves_of(patch).lines == {}


def test_a_change_of_blanks_is_no_move() -> None:
    patch = patch_of(("a.py", FUNCTION, [f"    {line}" for line in FUNCTION]))
    assert moves_of(patch).lines == {}
    (hunk,) = patch.files[0].hunks
    assert all(row.is_space_only for row in pair_hunk(hunk))


def test_a_large_block_that_is_only_indented_is_paired_line_by_line() -> None:
    lines = [f"value_{number} = compute({number % 7})" for number in range(300)]
    patch = patch_of(("a.py", lines, ["if True:", *(f"    {line}" for line in lines)]))
    (hunk,) = patch.files[0].hunks
    assert sum(row.is_space_only for row in pair_hunk(hunk)) == 300


@given(
    st.lists(st.sampled_from([*FUNCTION, "x = 1", ""]), max_size=12),
    st.lists(st.sampled_from([*FUNCTION, "x = 1", ""]), max_size=12),
    st.lists(st.sampled_from([*FUNCTION, "y = 2", ""]), max_size=12),
)
def test_both_ends_of_a_move_are_the_same_line_and_name_each_other(
    old: list[str], new: list[str], other: list[str]
) -> None:
    patch = patch_of(("a.py", old, new), ("b.py", other, old))
    moves = moves_of(patch).lines
    texts = {
        (change.path, side, number): text
        for change in patch.files
        for side in ("old", "new")
        for number, text in change.lines_of(side).items()
    }
    for (path, side, number), moved in moves.items():
        assert (
            texts[path, side, number].strip() == texts[moved.path, moved.side, moved.line].strip()
        )
        back = moves[moved.path, moved.side, moved.line]
        assert (back.path, back.side, back.line) == (path, side, number)
