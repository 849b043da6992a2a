"""The rows of the matrix of tests: filtered, folded by file or class, and a page at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, get_args
from urllib.parse import urlencode

from django.http import QueryDict

from trajectories.contexts.evidence import positive
from validation.contexts.verdicts import PASSING
from validation.models import TestGroup, TestStatus, TreeName
from validation.testids import parse_test_id

# Rows of a page; PASS_TO_PASS is folded by file or class when it has more than this.
PAGE_ROWS = 100
_SIGNS = {
    "PASSED": ("✓", "good"),
    "XFAIL": ("✓", "good"),
    "FAILED": ("✗", "bad"),
    "ERROR": ("✗", "bad"),
    "SKIPPED": ("↷", "warn"),
    "MISSING": ("–", "warn"),
}
# A skipped test is neither: the field's harness takes it for kept.
_FAILING = frozenset({TestStatus.FAILED, TestStatus.ERROR, TestStatus.MISSING})

_PASSES_AT_BASE = ("✓", "passes at base")

Kept = Literal["all", "changed", "failing"]


@dataclass(frozen=True)
class Selection:
    """What the query string asks of the matrix; anything that makes no sense is left out.

    `within` is a file or class, `match` a part of the id, `test` the test to open.
    """

    test: str = ""
    keep: Kept = "all"
    match: str = ""
    within: str = ""
    page: int | None = None

    @classmethod
    def read(cls, query: QueryDict) -> Selection:
        keep = query.get("outcome", "all")
        return cls(
            test=query.get("test", ""),
            keep=keep if keep in get_args(Kept) else "all",  # type: ignore[arg-type]
            match=query.get("match", "").strip(),
            within=query.get("within", ""),
            page=positive(query.get("rows")),
        )

    @property
    def is_filtering(self) -> bool:
        return self.keep != "all" or bool(self.match or self.within)

    @property
    def parameters(self) -> dict[str, str | int | None]:
        """Return the query parameters that say the same, None for those that are not needed."""
        return {
            "test": self.test or None,
            "outcome": None if self.keep == "all" else self.keep,
            "match": self.match or None,
            "within": self.within or None,
            "rows": self.page,
        }

    @property
    def query(self) -> str:
        """Return the query string that says the same."""
        return self._query_without()

    @property
    def filters(self) -> str:
        """Return the query string of the filters alone."""
        return self._query_without("test", "rows")

    @property
    def filters_without_keep(self) -> str:
        return self._query_without("test", "rows", "outcome")

    @property
    def filters_without_within(self) -> str:
        return self._query_without("test", "rows", "within")

    def _query_without(self, *names: str) -> str:
        kept = self.parameters.items()
        return urlencode({name: value for name, value in kept if value and name not in names})


@dataclass(frozen=True)
class Cell:
    """The status of one test in one run; empty before there is one.

    `denied_by` names what claims otherwise: "the data set", "a report".
    """

    run_id: int | None = None
    status: str = ""
    tree: str = ""
    denied_by: str = ""
    may_read_log: bool = True

    @property
    def sign(self) -> str:
        return _SIGNS[self.status][0] if self.status else ""

    @property
    def tone(self) -> str:
        return _SIGNS[self.status][1] if self.status else ""

    @property
    def passes(self) -> bool | None:
        return self.status in PASSING if self.status else None


@dataclass(frozen=True)
class TestRow:
    """One test in every column."""

    test_id: str
    group: TestGroup
    cells: tuple[Cell, ...]
    # What a report says of the model's patch.
    is_reported_passing: bool | None = None
    is_flaky: bool = False

    __test__ = False

    @property
    def prefix(self) -> str:
        """Return the part of the id that it shares with the other tests of its file."""
        path = parse_test_id(self.test_id).path
        return f"{path}::" if path and self.test_id.startswith(f"{path}::") else ""

    @property
    def rest(self) -> str:
        return self.test_id.removeprefix(self.prefix)

    @property
    def claims(self) -> tuple[tuple[str, str], ...]:
        """Return the claims as signs and words: of the data set on base and gold, of a report."""
        base = ("✗", "fails at base") if self.group == TestGroup.FAIL_TO_PASS else _PASSES_AT_BASE
        signs = (base, ("✓", "passes with gold"))
        if self.is_reported_passing is None:
            return signs
        model = ("✓", "passes") if self.is_reported_passing else ("✗", "fails")
        return (*signs, (model[0], f"{model[1]} with the model’s patch by a report"))

    @cached_property
    def is_changed(self) -> bool:
        """Tell whether two columns differ, or one differs from what was claimed."""
        known = {cell.passes for cell in self.cells if cell.status}
        return len(known) > 1 or any(cell.denied_by for cell in self.cells)

    @cached_property
    def is_failing(self) -> bool:
        """Tell whether it fails anywhere but where the data set says so."""
        return any(
            cell.status in _FAILING
            and not (cell.tree == TreeName.BASE and self.group == TestGroup.FAIL_TO_PASS)
            for cell in self.cells
        )


@dataclass(frozen=True)
class Folder:
    """Tests of one file or class, folded into one row."""

    name: str
    n_tests: int
    summaries: tuple[str, ...]
    n_changed: int
    n_failing: int


@dataclass(frozen=True)
class Group:
    """FAIL_TO_PASS or PASS_TO_PASS on this page: rows, or folders of them."""

    key: TestGroup
    label: str
    n_tests: int
    summaries: tuple[str, ...]
    rows: tuple[TestRow, ...] = ()
    folders: tuple[Folder, ...] = ()
    is_folded: bool = False


@dataclass(frozen=True)
class Matrix:
    """A page of the matrix, and how many rows every filter keeps."""

    groups: tuple[Group, ...] = ()
    selection: Selection = field(default_factory=Selection)
    n_all: int = 0
    n_changed: int = 0
    n_failing: int = 0
    n_kept: int = 0
    page: int = 1
    n_pages: int = 1
    # The failing test that follows the one that is open, all pages in their order.
    next_failing: str = ""

    @property
    def before(self) -> int | None:
        return self.page - 1 if self.page > 1 else None

    @property
    def after(self) -> int | None:
        return self.page + 1 if self.page < self.n_pages else None


def matrix(
    rows: Mapping[TestGroup, Sequence[TestRow]], n_columns: int, wanted: Selection
) -> Matrix:
    """Return the page that the selection asks for, or the one with the test that it names."""
    every = [row for group in rows.values() for row in group]
    selection = _with_target_kept(every, wanted)
    kept = [row for row in every if _keeps(row, selection)]
    items = _items(kept, n_columns, selection)
    page, n_pages = _page(items, selection)
    on_page = items[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
    return Matrix(
        groups=tuple(
            _group(group, rows[group], n_columns, on_page, selection)
            for group in rows
            if rows[group]
        ),
        selection=selection,
        n_all=len(every),
        n_changed=sum(row.is_changed for row in every),
        n_failing=sum(row.is_failing for row in every),
        n_kept=len(kept),
        page=page,
        n_pages=n_pages,
        next_failing=_next_failing(every, selection.test),
    )


def _keeps(row: TestRow, selection: Selection) -> bool:
    return (
        (selection.keep != "changed" or row.is_changed)
        and (selection.keep != "failing" or row.is_failing)
        and (not selection.within or parse_test_id(row.test_id).folder == selection.within)
        and selection.match.lower() in row.test_id.lower()
    )


def _with_target_kept(rows: Iterable[TestRow], selection: Selection) -> Selection:
    """Drop the filters where they would hide the test that is asked for, and open its folder."""
    target = next((row for row in rows if row.test_id == selection.test), None)
    if target is None or _keeps(target, selection):
        return selection
    return Selection(test=selection.test)


def _items(
    kept: list[TestRow], n_columns: int, selection: Selection
) -> list[tuple[TestGroup, TestRow | Folder]]:
    """Return rows, or folders of PASS_TO_PASS where there are many and none is looked for."""
    first = [row for row in kept if row.group == TestGroup.FAIL_TO_PASS]
    others = [row for row in kept if row.group != TestGroup.FAIL_TO_PASS]
    by_folder: dict[str, list[TestRow]] = {}
    for row in others:
        by_folder.setdefault(parse_test_id(row.test_id).folder, []).append(row)
    is_folding = (
        not selection.is_filtering
        and len(others) > PAGE_ROWS
        and 1 < len(by_folder) <= len(others) // 2
    )
    shown: list[TestRow | Folder] = [*others]
    if is_folding:
        opened = parse_test_id(selection.test).folder if selection.test else None
        shown = []
        for name, tests in by_folder.items():
            is_open = name == opened and any(row.test_id == selection.test for row in tests)
            shown += tests if is_open else [_folder(name, tests, n_columns)]
    return [
        *((TestGroup.FAIL_TO_PASS, row) for row in first),
        *((TestGroup.PASS_TO_PASS, item) for item in shown),
    ]


def _folder(name: str, tests: list[TestRow], n_columns: int) -> Folder:
    return Folder(
        name=name,
        n_tests=len(tests),
        summaries=summaries(tests, n_columns),
        n_changed=sum(row.is_changed for row in tests),
        n_failing=sum(row.is_failing for row in tests),
    )


def _page(items: list[tuple[TestGroup, TestRow | Folder]], selection: Selection) -> tuple[int, int]:
    n_pages = max(1, -(-len(items) // PAGE_ROWS))
    if selection.page is None and selection.test:
        for index, (_, item) in enumerate(items):
            if isinstance(item, TestRow) and item.test_id == selection.test:
                return index // PAGE_ROWS + 1, n_pages
    return min(selection.page or 1, n_pages), n_pages


def _group(
    key: TestGroup,
    every: Sequence[TestRow],
    n_columns: int,
    on_page: list[tuple[TestGroup, TestRow | Folder]],
    selection: Selection,
) -> Group:
    items = [item for group, item in on_page if group == key]
    rows = tuple(item for item in items if isinstance(item, TestRow))
    all_pass = bool(n_columns) and all(cell.passes for row in every for cell in row.cells)
    is_wanted = selection.is_filtering or any(row.test_id == selection.test for row in rows)
    return Group(
        key=key,
        label=key.label,
        n_tests=len(every),
        summaries=summaries(every, n_columns),
        rows=rows,
        folders=tuple(item for item in items if isinstance(item, Folder)),
        is_folded=not items or (all_pass and not is_wanted),
    )


def summaries(rows: Sequence[TestRow], n_columns: int) -> tuple[str, ...]:
    """Say per column how many of the rows pass: `12/14 pass`."""
    return tuple(_summary([row.cells[n] for row in rows], len(rows)) for n in range(n_columns))


def _summary(cells: list[Cell], total: int) -> str:
    known = [cell for cell in cells if cell.status]
    return f"{sum(cell.passes is True for cell in known)}/{total} pass" if known else "–"


def _next_failing(rows: list[TestRow], current: str) -> str:
    """Return the failing test after the current one, and after the last the first again."""
    ids = [row.test_id for row in rows if row.is_failing or row.test_id == current]
    failing = {row.test_id for row in rows if row.is_failing}
    at = ids.index(current) + 1 if current in ids else 0
    return next((test_id for test_id in ids[at:] + ids[:at] if test_id in failing), "")
