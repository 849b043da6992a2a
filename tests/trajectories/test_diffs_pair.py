from __future__ import annotations

import difflib

from hypothesis import given
from hypothesis import strategies as st

from tests.html import Page
from trajectories.diffs import FileChange, Row, pair_hunk, parse_patch, unified
from trajectories.diffs.pair import changed_words
from trajectories.highlighting import colour_lines, markup

WORDS = st.sampled_from(
    ["", "    return 1", "    return 2", "def f():", "x = [1, 2]", "é ", "-- a", "\t"]
)
TEXTS = st.lists(WORDS, max_size=25)


def change_of(old: list[str], new: list[str], context: int = 3) -> FileChange | None:
    lines = difflib.unified_diff(
        [f"{line}\n" for line in old], [f"{line}\n" for line in new], "a/f.py", "b/f.py", n=context
    )
    files = parse_patch("".join(lines)).files
    return files[0] if files else None


def rows_of(change: FileChange) -> list[Row]:
    return [row for hunk in change.hunks for row in pair_hunk(hunk)]


@given(TEXTS, TEXTS)
def test_every_line_stands_in_exactly_one_row_in_its_order(old: list[str], new: list[str]) -> None:
    change = change_of(old, new)
    if change is None:
        return
    rows = rows_of(change)
    lines = [line for hunk in change.hunks for line in hunk.lines]
    assert [row.old.line for row in rows if row.old] == [line for line in lines if line.old]
    assert [row.new.line for row in rows if row.new] == [line for line in lines if line.new]


@given(TEXTS, TEXTS)
def test_both_sides_can_be_put_together_from_the_rows(old: list[str], new: list[str]) -> None:
    change = change_of(old, new, context=100)
    if change is None:
        assert old == new
        return
    rows = rows_of(change)
    assert [row.old.line.text for row in rows if row.old] == old
    assert [row.new.line.text for row in rows if row.new] == new


@given(TEXTS, TEXTS)
def test_one_column_shows_the_same_lines_removed_before_added(
    old: list[str], new: list[str]
) -> None:
    change = change_of(old, new)
    if change is None:
        return
    for hunk in change.hunks:
        shown = [row.old or row.new for row in unified(pair_hunk(hunk))]
        lines = [cell.line for cell in shown if cell]
        assert sorted(lines, key=hunk.lines.index) == list(hunk.lines)
        assert [line for line in lines if line.old] == [line for line in hunk.lines if line.old]


@given(st.text(alphabet="ab (=\n", max_size=1500), st.text(alphabet="ab (=", max_size=1500))
def test_outside_the_changed_words_both_lines_are_the_same(old: str, new: str) -> None:
    def rest(text: str, spans: tuple[tuple[int, int], ...]) -> str:
        kept = [
            char
            for index, char in enumerate(text)
            if not any(start <= index < end for start, end in spans)
        ]
        return "".join(kept)

    old_spans, new_spans = changed_words(old, new)
    assert rest(old, old_spans) == rest(new, new_spans)


def test_a_changed_line_shares_its_row_and_marks_the_word() -> None:
    change = change_of(["def f(a):", "    return a - b"], ["def f(a):", "    return a + b"])
    assert change is not None
    row = rows_of(change)[1]
    assert row.old is not None and row.new is not None
    assert (row.old.changed, row.new.changed) == (((13, 14),), ((13, 14),))


def test_a_line_is_paired_with_the_line_it_is_like() -> None:
    """As in sympy__sympy-20590: lines are added above one that is slightly changed."""
    change = change_of(
        ["    def __str__(self) :"],
        [
            "    # without this subclasses get a dict",
            "    __slots__ = ()",
            "    def __str__(self):",
        ],
    )
    assert change is not None
    paired = [row.new.line.text for row in rows_of(change) if row.old and row.new]
    assert paired == ["    def __str__(self):"]


def test_unlike_lines_are_laid_side_by_side_without_marks() -> None:
    change = change_of(["import os"], ["raise ValueError(1)"])
    assert change is not None
    (row,) = rows_of(change)
    assert row.old is not None and row.new is not None
    assert row.old.changed == row.new.changed == ()


@given(st.lists(st.text(alphabet="ab\"'#\t (=\\é", max_size=12), max_size=12))
def test_colouring_never_changes_the_text(lines: list[str]) -> None:
    coloured = colour_lines(lines, "f.py")
    assert ["".join(text for _, text in parts) for parts in coloured] == lines


def test_a_docstring_over_many_lines_is_coloured_as_one() -> None:
    coloured = colour_lines(["def f():", '    """One', "    def two", '    """'], "f.py")
    assert {css for css, text in coloured[2] if text.strip()} == {"tok-comment"}


def test_an_unknown_or_huge_file_stays_plain() -> None:
    assert colour_lines(["def f():"], "f.unknown-kind") == [(("", "def f():"),)]
    assert colour_lines(["x = 1"] * 7_000, "f.py")[0] == (("", "x = 1"),)


@given(st.text(alphabet="<>&\"'abx =#", max_size=40), st.integers(0, 40), st.integers(0, 40))
def test_markup_holds_the_text_and_no_tags_of_its_own(text: str, start: int, end: int) -> None:
    (parts,) = colour_lines([text], "f.py")
    html = markup(parts, ((min(start, end), max(start, end)),))
    fragment = Page.of_text(f"<pre>{html}</pre>")
    assert fragment.text("pre") == text
    assert {element.tag for element in fragment.select("pre *")} <= {"span", "b"}


def test_markup_escapes_and_marks_what_changed() -> None:
    html = markup((("", "a<b>"), ("tok-string", '"&"')), ((1, 5),))
    assert html == (
        "a<b>&lt;b&gt;</b>"
        '<b><span class="tok-string">&quot;</span></b>'
        '<span class="tok-string">&amp;&quot;</span>'
    )
