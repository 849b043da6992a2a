"""The rows of a diff as HTML.

Joined by hand like the colours in them: a template takes five times as long, and a file has
hundreds of rows. What goes in are numbers, constants, what `highlighting.markup` made, and texts
that pass `escape`.
"""

from __future__ import annotations

from html import escape

from django.utils.safestring import SafeString

from trajectories.contexts.diff_rows import ShownLine, ShownPair

_EMPTY_CELLS = '<td class="ln"></td><td class="none"></td>'


def row_html(line: ShownLine, link: str, moved: str = "") -> SafeString:
    """Return a row of the one-column view.

    `link` is the file's address, to which a line is added; `moved` leads to the other end of a
    moved block. Both are HTML.
    """
    old, new = str(line.old or ""), _number("n", line.new, link)
    if not line.new:
        old = _number("o", line.old, link)
    return SafeString(
        f'<tr class="diff-line {_classes(line)}{" is-target" if line.is_target else ""}"'
        f"{_place(line, line.side, line.number)}{' data-wanted' if line.is_wanted else ''}>"
        f'<td class="ln">{old}</td><td class="ln">{new}</td>'
        f'<td class="code" data-sign="{line.sign}">{line.html}{_mark(line)}{moved}</td></tr>'
    )


def pair_html(row: ShownPair, link: str, old_moved: str, new_moved: str) -> SafeString:
    """Return a row of the two-column view; see `row_html`. Its address is the new line's."""
    old = _half(row.old, "old", link if row.new is None else "", old_moved)
    new = _half(row.new, "new", link, new_moved)
    return SafeString(f"<tr{_target(row)}>{old}{new}</tr>")


def _half(line: ShownLine | None, side: str, link: str, moved: str) -> str:
    if line is None:
        return _EMPTY_CELLS
    number = line.old if side == "old" else line.new
    shown = _number(side[0], number, link) if link else number
    return (
        f'<td class="ln">{shown}</td><td class="code {_classes(line)}" data-sign="{line.sign}"'
        f"{_place(line, side, number)}>{line.html}{_mark(line)}{moved}</td>"
    )


def _target(row: ShownPair) -> str:
    wanted = " data-wanted" if row.is_wanted else ""
    return f' class="is-target"{wanted}' if row.is_target else ""


def _number(side: str, number: int | None, link: str) -> str:
    return f'<a href="{link}&amp;at={side}{number}">{number}</a>' if number else ""


def _classes(line: ShownLine) -> str:
    return (
        f"diff-line--{line.kind}"
        f"{' is-space' if line.is_space_only else ''}{' is-moved' if line.is_moved else ''}"
    )


def _place(line: ShownLine, side: str, number: int | None) -> str:
    both = ""
    if line.kind == "context":
        both = f' data-old-line="{line.old}" data-new-line="{line.new}"'
    return f' data-side="{side}" data-line="{number}"{both}'


def _mark(line: ShownLine) -> str:
    return f'<i class="diff-mark" data-mark="{escape(line.mark)}"></i>' if line.mark else ""
